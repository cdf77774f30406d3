//! The fields of system call events: an [`lanner_event::EventSource`] over
//! events and the state of the machine.

mod container_event;
pub mod fields;
mod params;
mod pipeline;
mod snapshot;
mod source;
#[cfg(test)]
mod testing;

pub use container_event::container_event;
pub use pipeline::Pipeline;
pub use snapshot::snapshot;
pub use source::SyscallSource;

use lanner_event::RawEvent;
use lanner_event::schema::EventType;
use lanner_state::{Context, State};

/// An event with all that its fields can ask for.
#[derive(Clone, Copy)]
pub struct SyscallEvent<'e> {
    /// The event itself, in its newest shape.
    pub raw: RawEvent<'e>,
    /// Its type.
    pub kind: &'static EventType,
    /// Its number: events of a capture count from one.
    pub number: u64,
    /// The world once the event has happened.
    pub state: &'e State,
    /// What it is about.
    pub context: &'e Context,
    /// The thread that did it.
    pub thread: Option<&'e lanner_state::thread::Thread>,
    /// The descriptor that it is about.
    pub fd: Option<&'e lanner_state::fd::Fd>,
    /// Time of the first event, and of the event before this one (any thread).
    pub first_time_ns: u64,
    /// Time of the event before this one; 0 for the first.
    pub previous_time_ns: u64,
    /// Seconds that local time is ahead of UTC.
    pub utc_offset: i32,
}

impl SyscallEvent<'_> {
    /// What the system call returned: its first parameter, of 32 or 64 bits.
    /// `None` for other events and those of entering a call.
    #[must_use]
    pub fn result(&self) -> Option<i64> {
        // The table has some categories the other way round.
        let is_call = [self.kind.kind, self.kind.category].contains(&"syscall");
        if !is_call || self.kind.is_enter || self.raw.code == lanner_event::codes::GENERIC_X {
            return None;
        }
        Some(match self.raw.param(0)?.len() {
            4 => self.raw.i32(0)?.into(),
            8 => self.raw.i64(0)?,
            _ => 0,
        })
    }
}
