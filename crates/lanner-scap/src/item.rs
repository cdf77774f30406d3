//! What a capture holds, one thing at a time.

use lanner_event::RawEvent;
use lanner_event::inventory::{Descriptor, Group, Interface, Machine, Process, User};

/// One thing out of a capture.
#[derive(Debug)]
pub enum Item<'b> {
    /// A further capture begins in the same file (files can be joined): what
    /// was said of the machine before does not hold any longer. Events are
    /// counted on.
    Section,
    /// The machine.
    Machine(Machine),
    /// An address of a network interface.
    Interface(Interface),
    /// A user.
    User(User),
    /// A group.
    Group(Group),
    /// A thread that was running.
    Process(Box<Process>),
    /// Descriptors that were open. A long list comes in several items.
    Descriptors {
        /// The thread (in new captures: the process) that has them.
        tid: i64,
        /// At most a few thousand.
        list: Vec<Descriptor>,
    },
    /// An event. It borrows from the reader until the next call.
    Event(RawEvent<'b>),
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes, after decompression.
    pub bytes: u64,
    /// Blocks of all types.
    pub blocks: u64,
    /// Events returned.
    pub events: u64,
    /// Events that were not returned: enter events, whose parameters went into their exit event,
    /// and those that nothing needs any longer.
    pub merged_events: u64,
    /// Blocks of a type that is not known here, skipped.
    pub unknown_blocks: u64,
    /// Events of a code that is newer than the event table, skipped.
    pub unknown_events: u64,
    /// Events whose lengths do not fit into their block; returned without parameters.
    pub malformed_events: u64,
}
