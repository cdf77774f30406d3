//! Bytes → audit events → all fields of each, and what policies leave of it.
//!
//! The first four bytes choose how the rest is cut into pieces and how large a
//! record may be. Whatever the pieces, events and reports must be the same; a
//! panic, a hang or too much memory is a finding too.

#![no_main]

use std::io::{self, Read};
use std::sync::OnceLock;

use bumpalo::Bump;
use lanner_audit::{Attributes, Length, Level, Narrowed, Policy, narrow};
use lanner_event::{EventSource, Values, catalog};
use lanner_kube::event::{self, Key};
use lanner_kube::json::Index;
use lanner_kube::reader::{Counters, Skipped};
use lanner_kube::{AuditEvent, Input, KubeSource, ScanOptions, Scanner};
use libfuzzer_sys::fuzz_target;

type Extractor = <KubeSource as EventSource>::Extractor;

/// Every field of audit events, with and without an argument where it takes one.
fn extractors() -> &'static [Extractor] {
    static ALL: OnceLock<Vec<Extractor>> = OnceLock::new();
    ALL.get_or_init(|| {
        let names = catalog::fields().into_iter().map(|field| field.name);
        let arguments = [
            None,
            Some("0"),
            Some("/requestObject/spec/0"),
            Some("/proc*"),
        ];
        let pairs = names.flat_map(|name| arguments.map(|argument| (name, argument)));
        pairs
            .filter_map(|(name, argument)| KubeSource::compile(name, argument).ok())
            .collect()
    })
}

fn extract_all(event: &AuditEvent<'_>) -> usize {
    let arena = Bump::new();
    let mut out = Values::new_in(&arena);
    for extractor in extractors() {
        KubeSource::extract(extractor, event, &arena, &mut out);
    }
    out.len()
}

/// A policy with one rule: a level, and whether `managedFields` are left out.
fn policies() -> &'static [(Level, Policy)] {
    static ALL: OnceLock<Vec<(Level, Policy)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let policy = |(level, omit): (Level, bool)| {
            let name = level.name();
            let json = format!(
                r#"{{"rules":[{{"level":"{name}","users":[],"userGroups":[],"verbs":[],
                "resources":[],"namespaces":[],"nonResourceURLs":[],"omitStages":["Panic"],
                "omitManagedFields":{omit}}}],"omitStages":[],"omitManagedFields":false}}"#
            );
            (level, Policy::new(json.as_bytes()).unwrap())
        };
        let omits = |level| [(level, false), (level, true)];
        Level::ALL.into_iter().flat_map(omits).map(policy).collect()
    })
}

/// What a policy leaves is one line, an event, of its level at most, and so long as was said.
fn narrow_all(event: &AuditEvent<'_>) {
    let request = Attributes::of(event);
    for (level, policy) in policies() {
        let decision = policy.decide(&request);
        let (mut line, mut length) = (Vec::new(), Length::default());
        let narrowed = narrow(event, decision, &mut line);
        assert_eq!(narrowed, narrow(event, decision, &mut length));
        assert_eq!(line.len(), length.0);
        let Narrowed::Kept { level: kept, .. } = narrowed else {
            assert!(line.is_empty());
            continue;
        };
        assert!(kept <= *level);
        let (newline, record) = line.split_last().unwrap();
        assert_eq!(*newline, b'\n');
        assert!(!record.contains(newline));
        let mut index = Index::new();
        let again = event::parse(record, &mut index).unwrap();
        assert!(kept >= Level::Request || again.get(Key::RequestObject).is_none());
        assert!(kept >= Level::RequestResponse || again.get(Key::ResponseObject).is_none());
    }
}

/// Gives bytes in pieces of three sizes in turn.
struct Pieces {
    data: Vec<u8>,
    at: usize,
    sizes: [u8; 3],
    turn: usize,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let size = usize::from(self.sizes[self.turn % 3]) + 1;
        self.turn += 1;
        let count = size.min(buf.len()).min(self.data.len() - self.at);
        buf[..count].copy_from_slice(&self.data[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// What a scan gave.
struct Seen {
    /// Time, number of values and text of each event.
    events: Vec<(u64, usize, Vec<u8>)>,
    skipped: Vec<Skipped>,
    counters: Counters,
    /// The input could not be read to its end.
    failed: bool,
}

fn scan(input: Input, max_record_bytes: usize, budget: usize) -> Seen {
    let options = ScanOptions {
        max_record_bytes,
        ..ScanOptions::default()
    };
    let mut scanner = Scanner::new(vec![input], options);
    let (mut events, mut skipped) = (Vec::new(), Vec::new());
    loop {
        let step = scanner.step(budget, &mut |event| {
            narrow_all(event);
            events.push((
                event.time_ns(),
                extract_all(event),
                event.root().raw().to_vec(),
            ));
        });
        skipped.append(&mut scanner.take_skipped());
        if step.is_ok_and(|progress| progress.finished) {
            break;
        }
    }
    let stats = scanner.stats();
    Seen {
        events,
        skipped,
        // A UTF-16 file is not read on: how much was depends on the pieces.
        counters: Counters {
            stored_bytes: 0,
            ..stats.total
        },
        failed: stats.inputs.iter().any(|input| input.error.is_some()),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&[limit, sizes @ ..], data)) = input.split_first_chunk::<4>() else {
        return;
    };
    let max_record_bytes = if limit < 128 {
        64 << 20
    } else {
        usize::from(limit)
    };
    let name = || "fuzz".to_owned();
    let whole = Input::Bytes {
        name: name(),
        data: data.to_vec(),
    };
    let pieces = Pieces {
        data: data.to_vec(),
        at: 0,
        sizes,
        turn: 0,
    };
    let pieces = Input::Reader {
        name: name(),
        reader: Box::new(pieces),
    };
    let one = scan(whole, max_record_bytes, usize::MAX);
    let other = scan(pieces, max_record_bytes, usize::from(sizes[0]));
    assert_eq!(one.failed, other.failed);
    if one.failed {
        // How much comes out of a damaged gzip stream depends on the pieces.
        return;
    }
    assert_eq!(one.events, other.events);
    assert_eq!(one.counters, other.counters);
    // Lists of skipped records are bounded by how often they are taken.
    let kept = one.skipped.len().min(other.skipped.len());
    assert_eq!(one.skipped[..kept], other.skipped[..kept]);
});
