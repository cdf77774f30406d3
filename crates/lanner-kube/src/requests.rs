//! One request out of the events of its stages.
//!
//! The API server records a request up to three times: `RequestReceived`, `ResponseStarted` (long
//! ones, and failed authentication, which has nothing else), `ResponseComplete` or `Panic`
//! (apiserver's `endpoints/filters/audit.go`). Which of them a log holds is up to the policy. Only
//! the last one tells how the request ended: it stands for the request.

use std::collections::HashMap;

use crate::event::{AuditEvent, Key};
use crate::recent::{BuildIdentity, Fingerprint, Recent};

/// How many finished requests are remembered, against repeats.
const FINISHED: usize = 1 << 20;
/// When so many requests wait for their last stage, those that wait longest are given up.
const WAITING: usize = 1 << 15;
/// The same when what is kept of them takes so many bytes.
const WAITING_BYTES: usize = 32 << 20;

/// What the same request has in all its stages. The client chooses the audit ID, and must not be
/// able to hide a request behind another one.
const SAME: [Key; 4] = [
    Key::AuditId,
    Key::Verb,
    Key::RequestUri,
    Key::RequestReceivedTimestamp,
];

/// How far an event is in its request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    Received,
    Started,
    /// Also an event of another system that knows no stages.
    Over,
}

impl Progress {
    fn of(event: &AuditEvent<'_>) -> Self {
        match event.get(Key::Stage).and_then(|stage| stage.string()) {
            Some(stage) if *stage == *b"RequestReceived" => Self::Received,
            Some(stage) if *stage == *b"ResponseStarted" => Self::Started,
            _ => Self::Over,
        }
    }
}

type Waiting<T> = HashMap<u64, (Progress, T), BuildIdentity>;

/// Hands out each request once, in constant memory.
pub struct Requests<T> {
    fingerprint: Fingerprint,
    finished: Recent,
    /// Two generations: when the young one is full, the old one is given up.
    young: Waiting<T>,
    old: Waiting<T>,
    young_bytes: usize,
    bytes_of: fn(&T) -> usize,
}

impl<T> Requests<T> {
    /// `bytes_of` says how much memory an entry takes.
    #[must_use]
    pub fn new(bytes_of: fn(&T) -> usize) -> Self {
        Self {
            fingerprint: Fingerprint::default(),
            finished: Recent::new(FINISHED),
            young: HashMap::default(),
            old: HashMap::default(),
            young_bytes: 0,
            bytes_of,
        }
    }

    /// Takes the next event, with what is to be kept of its request if no later stage comes:
    /// nothing where the event is not wanted, and then its request is not. Hands to `out` what
    /// requests that are over have kept.
    pub fn take(&mut self, event: &AuditEvent<'_>, entry: Option<T>, out: &mut impl FnMut(T)) {
        let progress = Progress::of(event);
        let none_waits = self.young.is_empty() && self.old.is_empty();
        // What is not wanted can only withdraw what waits, and the first stage not even that.
        if entry.is_none() && (none_waits || progress == Progress::Received) {
            return;
        }
        let number = self.fingerprint.of(event, &SAME, None);
        if entry.is_some() && self.finished.contains(number) {
            return;
        }
        for waiting in [&mut self.young, &mut self.old] {
            match waiting.get(&number) {
                Some((before, _)) if *before >= progress => return,
                Some(_) => {
                    waiting.remove(&number);
                }
                None => {}
            }
        }
        let Some(entry) = entry else { return };
        if progress == Progress::Over {
            self.finished.insert(number);
            out(entry);
            return;
        }
        self.young_bytes += (self.bytes_of)(&entry);
        self.young.insert(number, (progress, entry));
        if self.young.len() >= WAITING || self.young_bytes >= WAITING_BYTES {
            self.give_up_old(out);
        }
    }

    /// Hands out the requests whose last stage did not come.
    pub fn finish(&mut self, out: &mut impl FnMut(T)) {
        self.give_up_old(out);
        self.give_up_old(out);
    }

    fn give_up_old(&mut self, out: &mut impl FnMut(T)) {
        self.young_bytes = 0;
        let old = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
        for (number, (_, entry)) in old {
            // Should it end after all, it was counted already.
            self.finished.insert(number);
            out(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::parse;
    use crate::json::Index;

    /// Events as `request stage`; the entries that come out, in order. A stage in capitals is not
    /// wanted.
    fn run(events: &[&str]) -> Vec<String> {
        let mut requests = Requests::new(String::len);
        let mut found = Vec::new();
        for line in events {
            let (request, stage) = line.split_once(' ').unwrap();
            let name = match stage.to_lowercase().as_str() {
                "received" => "RequestReceived",
                "started" => "ResponseStarted",
                "complete" => "ResponseComplete",
                "panic" => "Panic",
                _ => "",
            };
            let record = format!(
                r#"{{"kind":"Event","auditID":"{request}","stage":"{name}","stageTimestamp":"2024-01-01T00:00:00Z"}}"#
            );
            let mut index = Index::new();
            let event = parse(record.as_bytes(), &mut index).unwrap();
            let wanted = !stage.chars().any(char::is_uppercase);
            let entry = wanted.then(|| line.to_string());
            requests.take(&event, entry, &mut |entry| found.push(entry));
        }
        let over = found.len();
        requests.finish(&mut |entry| found.push(entry));
        // What was waiting comes in no order.
        found[over..].sort();
        found
    }

    #[test]
    fn the_last_stage_stands_for_the_request() {
        for (events, expected) in [
            (&["a received", "a complete"][..], &["a complete"][..]),
            (&["a received", "a started", "a complete"], &["a complete"]),
            (
                &["a received", "b received", "a complete"],
                &["a complete", "b received"],
            ),
            (&["a received", "a started"], &["a started"]),
            (&["a started", "a received"], &["a started"]),
            (&["a received", "a started", "a panic"], &["a panic"]),
            // repeats, and stages that come late
            (&["a complete", "a complete"], &["a complete"]),
            (&["a complete", "a received", "a started"], &["a complete"]),
            (&["a received", "a received"], &["a received"]),
            // what the last stage says decides
            (&["a received", "a COMPLETE"], &[]),
            (&["a received", "a STARTED"], &[]),
            (&["a RECEIVED", "a complete"], &["a complete"]),
            // without stages every event is a request
            (&["a -", "b -"], &["a -", "b -"]),
        ] {
            assert_eq!(run(events), expected, "{events:?}");
        }
    }

    #[test]
    fn waiting_takes_bounded_memory_and_counts_once() {
        let mut requests: Requests<usize> = Requests::new(|_| WAITING_BYTES / 2);
        let mut index = Index::new();
        let mut found = Vec::new();
        let mut take = |number: usize, stage: &str| {
            let record = format!(
                r#"{{"kind":"Event","auditID":"{number}","stage":"{stage}","stageTimestamp":"2024-01-01T00:00:00Z"}}"#
            );
            let event = parse(record.as_bytes(), &mut index).unwrap();
            requests.take(&event, Some(number), &mut |entry| found.push(entry));
        };
        for number in 0..4 {
            take(number, "RequestReceived");
        }
        take(0, "ResponseComplete");
        take(3, "ResponseComplete");
        found.sort_unstable();
        assert_eq!(found, [0, 1, 3]);
        requests.finish(&mut |entry| found.push(entry));
        assert_eq!(found, [0, 1, 3, 2]);
    }
}
