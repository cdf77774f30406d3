//! Events that come twice: a log and its rotated copy, a webhook's retry.

use std::collections::hash_map::RandomState;
use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, Hash, Hasher};

use crate::event::{AuditEvent, Key};

/// How many events are remembered.
const WINDOW: usize = 1 << 20;

/// Hashes are their own hashes.
#[derive(Clone, Copy, Default)]
struct Identity(u64);

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
struct BuildIdentity;

impl BuildHasher for BuildIdentity {
    type Hasher = Identity;
    fn build_hasher(&self) -> Identity {
        Identity::default()
    }
}

/// The last million events, as hashes.
pub(super) struct Dedup {
    /// Random keys: whoever chooses audit IDs cannot make two events collide.
    keys: RandomState,
    seen: HashSet<u64, BuildIdentity>,
    order: VecDeque<u64>,
    window: usize,
    /// Events were forgotten because the window was full.
    pub overflowed: bool,
}

impl Dedup {
    pub fn new() -> Self {
        Self::with_window(WINDOW)
    }

    fn with_window(window: usize) -> Self {
        Self {
            keys: RandomState::new(),
            seen: HashSet::default(),
            order: VecDeque::new(),
            window,
            overflowed: false,
        }
    }

    /// Whether the event was seen before; remembers it.
    ///
    /// An event is the same when audit ID and stage are, and also time, verb
    /// and URI: the client chooses the audit ID (header `Audit-ID`), and must
    /// not be able to hide a request behind an earlier one.
    pub fn is_repeated(&mut self, event: &AuditEvent<'_>) -> bool {
        let mut hasher = self.keys.build_hasher();
        event.time_ns().hash(&mut hasher);
        for key in [Key::AuditId, Key::Stage, Key::Verb, Key::RequestUri] {
            event.get(key).map(|node| node.raw()).hash(&mut hasher);
        }
        let hash = hasher.finish();
        if !self.seen.insert(hash) {
            return true;
        }
        self.order.push_back(hash);
        if self.order.len() > self.window
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
            self.overflowed = true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse;
    use crate::json::Index;

    #[test]
    fn remembers_a_window() {
        let mut dedup = Dedup::with_window(2);
        let mut repeated = |id: &str, second: u32| {
            let record = format!(
                r#"{{"kind":"Event","auditID":"{id}","stageTimestamp":"2024-01-01T00:00:{second:02}Z"}}"#
            );
            dedup.is_repeated(&parse(record.as_bytes(), &mut Index::new()).unwrap())
        };
        assert!(!repeated("a", 0));
        assert!(repeated("a", 0));
        assert!(!repeated("a", 1), "a reused ID hides nothing");
        assert!(!repeated("b", 0));
        assert!(!repeated("a", 0), "forgotten");
        assert!(dedup.overflowed);
    }
}
