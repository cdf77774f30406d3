//! What events mean for the machine: threads and their process images,
//! descriptors, users, containers; and how each event changes them.
//!
//! [`State::before`] takes an event and brings the tables up to date, so that
//! fields of the event see the world as it is once the event has happened.
//! [`State::after`] does what must wait until the event was looked at: a closed
//! descriptor and an exited thread still have names in their last event.
//!
//! Semantics are those of falcosecurity/libs 0.25.4.

pub mod apply;
mod cgroups;
pub mod container;
mod cwd;
pub mod enter;
mod exited;
pub mod fd;
pub mod groups;
mod inventory;
mod lineage;
mod links;
mod param;
pub mod path;
mod seed;
pub mod state;
pub mod thread;
pub mod threads;
pub mod users;

pub use apply::is_of_inventory;
pub use state::{Context, Finder, Found, State};
