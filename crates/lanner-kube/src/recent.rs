//! A memory of the last so many events, as hashes.

use std::collections::hash_map::RandomState;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, Hash, Hasher};

use crate::event::{AuditEvent, Key};

/// Hashes are their own hashes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[derive(Clone, Copy, Default)]
pub(crate) struct BuildIdentity;

impl BuildHasher for BuildIdentity {
    type Hasher = Identity;
    fn build_hasher(&self) -> Identity {
        Identity::default()
    }
}

/// Makes one number of some members of an event. The keys are random: whoever chooses audit IDs
/// cannot make two events collide.
#[derive(Default)]
pub struct Fingerprint(RandomState);

impl Fingerprint {
    /// The number of these members as they are written, and a time.
    #[must_use]
    pub fn of(&self, event: &AuditEvent<'_>, members: &[Key], time_ns: Option<u64>) -> u64 {
        let mut hasher = self.0.build_hasher();
        time_ns.hash(&mut hasher);
        for &key in members {
            event.get(key).map(|node| node.raw()).hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// The last numbers that were put in.
pub struct Recent {
    seen: HashSet<u64, BuildIdentity>,
    order: VecDeque<u64>,
    window: usize,
    /// Numbers were forgotten because the window was full.
    pub overflowed: bool,
}

impl Recent {
    /// Remembers so many.
    #[must_use]
    pub fn new(window: usize) -> Self {
        Self {
            seen: HashSet::default(),
            order: VecDeque::new(),
            window,
            overflowed: false,
        }
    }

    /// Whether a number is remembered.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.seen.contains(&number)
    }

    /// Remembers a number; whether it is new.
    pub fn insert(&mut self, number: u64) -> bool {
        if !self.seen.insert(number) {
            return false;
        }
        self.order.push_back(number);
        if self.order.len() > self.window
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
            self.overflowed = true;
        }
        true
    }

    /// Forgets numbers, as if they had not been put in.
    pub fn forget(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.seen.remove(number);
        }
        self.order.retain(|number| self.seen.contains(number));
    }
}
