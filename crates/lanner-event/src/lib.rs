//! What an event is to the rest of Lanner: the values its fields have, the
//! contract between an event source and the engine, and the two tables that
//! everything above reads: the field catalogue and the event types.
//!
//! Nothing here depends on another Lanner crate.

pub mod catalog;
pub mod codes;
pub mod generic;
pub mod input;
pub mod inventory;
pub mod native;
pub mod raw;
pub mod schema;
pub mod sockets;
pub mod text;
pub mod time;
pub mod value;

pub use raw::{Header, Lengths, RawEvent};
pub use value::{EventSource, ExtractorError, Subject, SubjectId, Value, Values};
