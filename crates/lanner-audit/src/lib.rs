//! Audit policies on recorded events: which rule decides, and what it leaves of an event; and what
//! is sent to a recorder, as lines of a log.

mod attributes;
mod intake;
mod narrow;
mod policy;
mod sink;
mod strip;

pub use attributes::Attributes;
pub use intake::{Counts, Intake, Taken};
pub use narrow::{Narrowed, Recorded, narrow, record};
pub use policy::{Decision, Level, Policy, PolicyError, Stage};
pub use sink::{Length, Sink};
