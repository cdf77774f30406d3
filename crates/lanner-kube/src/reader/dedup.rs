//! Events that come twice: a log and its rotated copy, a webhook's retry.

use crate::event::{AuditEvent, Key};
use crate::recent::{Fingerprint, Recent};

/// How many events are remembered.
const WINDOW: usize = 1 << 20;

/// The last million events.
pub(super) struct Dedup {
    fingerprint: Fingerprint,
    recent: Recent,
}

impl Dedup {
    pub fn new() -> Self {
        Self::with_window(WINDOW)
    }

    fn with_window(window: usize) -> Self {
        Self {
            fingerprint: Fingerprint::default(),
            recent: Recent::new(window),
        }
    }

    /// Events were forgotten because the window was full.
    pub fn overflowed(&self) -> bool {
        self.recent.overflowed
    }

    /// Whether the event was seen before; remembers it.
    ///
    /// An event is the same when audit ID and stage are, and also time, verb
    /// and URI: the client chooses the audit ID (header `Audit-ID`), and must
    /// not be able to hide a request behind an earlier one.
    pub fn is_repeated(&mut self, event: &AuditEvent<'_>) -> bool {
        let members = [Key::AuditId, Key::Stage, Key::Verb, Key::RequestUri];
        let number = self.fingerprint.of(event, &members, Some(event.time_ns()));
        !self.recent.insert(number)
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
        assert!(dedup.overflowed());
    }
}
