//! Kubernetes audit logs: records out of bytes (`reader`), an event out of a record (`event`), and
//! the fields of events that rules name (`fields`).

pub mod event;
pub mod fields;
pub mod json;
pub mod reader;
pub mod recent;
mod requests;
pub use lanner_event::time;

pub use event::AuditEvent;
pub use fields::KubeSource;
pub use reader::{Input, ScanOptions, Scanner, first_event_time};
pub use requests::Requests;
