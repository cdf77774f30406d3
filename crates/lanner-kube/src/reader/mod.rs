//! Audit events out of files and streams, in constant memory, whatever comes.
//!
//! Understood, and recognised without being told: one event per line,
//! `EventList`s, JSON arrays, concatenated and pretty-printed JSON, also with
//! CRLF, blank lines or a byte order mark; gzip (several members too) and
//! zstandard; the envelopes of EKS (CloudWatch), GKE (Cloud Logging) and AKS
//! (diagnostic records and table rows).
//!
//! The usual case, a whole event on a line, goes from the read buffer straight
//! to the JSON reader. Everything else goes through [`framer`], byte by byte:
//! only it decides what is broken and where to go on.

mod decode;
mod dedup;
mod envelope;
mod framer;
mod grammar;
mod report;
mod scanner;
mod source;
mod stream;
mod window;

pub use decode::OnEvent;
pub(crate) use report::excerpt;
pub use report::{Counters, InputStats, Skipped, Stats};
pub use scanner::{Progress, ScanOptions, Scanner, first_event_time};
pub use source::{Input, InputError};
