//! What the probe has counted.

use std::collections::BTreeMap;

/// Counts since the probe was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events that went into the ring.
    pub sent: u64,
    /// Events that have a parameter that could not be read.
    pub unreadable: u64,
    /// Events that have a parameter that was cut.
    pub truncated: u64,
    /// Events for which there was no room, by the name of their type.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Records that were not understood.
    pub malformed: u64,
}

impl Counters {
    /// All events that were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.malformed + self.dropped.values().sum::<u64>()
    }
}
