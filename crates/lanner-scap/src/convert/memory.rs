//! Enter events, kept until their thread's exit event comes.

use hashbrown::HashMap;
use lanner_event::RawEvent;

/// The enter event of each thread. Bounded: when too much is kept, all is
/// forgotten, and the exit events that come then have defaults instead.
#[derive(Default)]
pub(super) struct Memory {
    threads: HashMap<i64, Entered>,
    /// Bytes of all events kept.
    bytes: usize,
}

/// More threads than a machine has.
const THREADS: usize = 1 << 16;
/// Most enter events have fewer than 100 bytes.
const BYTES: usize = 64 << 20;

/// An enter event.
#[derive(Default)]
pub(super) struct Entered {
    code: u16,
    /// Where each parameter ends in the data.
    ends: Vec<usize>,
    data: Vec<u8>,
    /// Its exit event has come.
    used: bool,
}

impl Entered {
    /// A parameter; `None` when it was not recorded.
    pub(super) fn param(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.data.get(start..end)
    }

    /// Takes note that its exit event has come.
    pub(super) fn use_up(&mut self) {
        self.used = true;
    }
}

impl Memory {
    /// Keeps the enter event of its thread, instead of the one before.
    pub(super) fn keep(&mut self, event: &RawEvent<'_>) {
        if self.bytes > BYTES || self.threads.len() > THREADS {
            self.threads.clear();
            self.bytes = 0;
        }
        let kept = self.threads.entry(event.tid).or_default();
        self.bytes -= kept.data.len();
        kept.code = event.code;
        kept.used = false;
        kept.ends.clear();
        kept.data.clear();
        for param in event.params() {
            kept.data.extend_from_slice(param);
            kept.ends.push(kept.data.len());
        }
        self.bytes += kept.data.len();
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The enter event that belongs to an exit event of this thread and code.
    /// Where an event was lost, the one that is kept is of another code.
    pub(super) fn of(&mut self, tid: i64, exit: u16) -> Option<&mut Entered> {
        let kept = self.threads.get_mut(&tid)?;
        (!kept.used && Some(kept.code) == exit.checked_sub(1)).then_some(kept)
    }
}
