//! Audit policies on recorded events: which rule decides, and what it leaves of an event.

mod attributes;
mod narrow;
mod policy;
mod sink;
mod strip;

pub use attributes::Attributes;
pub use narrow::{Narrowed, narrow};
pub use policy::{Decision, Level, Policy, PolicyError, Stage};
pub use sink::{Length, Sink};
