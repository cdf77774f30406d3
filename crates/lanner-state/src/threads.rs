//! The thread table.

use hashbrown::HashMap;

use crate::thread::{Child, Thread};

/// Threads by id. The thread of the current event is found without hashing.
#[derive(Debug, Default)]
pub struct Threads {
    index: HashMap<i64, u32>,
    slots: Vec<Option<Box<Thread>>>,
    free: Vec<u32>,
    /// The thread of the current event.
    current: Option<(i64, u32)>,
}

impl Threads {
    fn slot(&self, tid: i64) -> Option<u32> {
        match self.current {
            Some((current, slot)) if current == tid => Some(slot),
            _ => self.index.get(&tid).copied(),
        }
    }

    /// A thread.
    #[must_use]
    pub fn get(&self, tid: i64) -> Option<&Thread> {
        self.slots.get(self.slot(tid)? as usize)?.as_deref()
    }

    /// A thread, to be changed.
    pub fn get_mut(&mut self, tid: i64) -> Option<&mut Thread> {
        let slot = self.slot(tid)?;
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    /// A thread, which the next look-ups are likely to be about, too.
    pub(crate) fn select(&mut self, tid: i64) -> Option<&mut Thread> {
        let slot = self.slot(tid)?;
        self.current = Some((tid, slot));
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    /// A child or a member of a group, if it is not gone.
    pub(crate) fn living(&self, child: Child) -> Option<&Thread> {
        let thread = self.get(child.tid)?;
        Some(thread).filter(|thread| thread.serial == child.serial)
    }

    /// Adds a thread; gives the one that had its id before.
    pub(crate) fn insert(&mut self, thread: Thread) -> Option<Box<Thread>> {
        let tid = thread.tid;
        if let Some(slot) = self.index.get(&tid) {
            return self
                .slots
                .get_mut(*slot as usize)?
                .replace(Box::new(thread));
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // The table is bounded far below 2^32 threads.
            (self.slots.len() - 1) as u32
        });
        self.index.insert(tid, slot);
        *self.slots.get_mut(slot as usize)? = Some(Box::new(thread));
        None
    }

    /// Forgets a thread.
    pub(crate) fn remove(&mut self, tid: i64) -> Option<Box<Thread>> {
        let slot = self.index.remove(&tid)?;
        if self.current.is_some_and(|(current, _)| current == tid) {
            self.current = None;
        }
        self.free.push(slot);
        self.slots.get_mut(slot as usize)?.take()
    }

    /// How many threads there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// All threads, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Thread> {
        self.slots.iter().filter_map(Option::as_deref)
    }
}
