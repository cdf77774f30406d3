//! A capture that begins in the middle of another one goes on as that does.

mod common;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;

use bumpalo::Bump;
use common::{Extractors, first_value, names, play};
use lanner_scap::{Compression, Copier, Item, Options, Reader, Writer};
use lanner_syscall::{Pipeline, SyscallEvent, snapshot};
use lanner_testing::scap_folder;

/// What is compared.
const FIELDS: [&str; 36] = [
    "evt.type",
    "evt.info",
    "proc.name",
    "proc.exe",
    "proc.exepath",
    "proc.args",
    "proc.cmdline",
    "proc.cwd",
    "proc.env",
    "proc.pid",
    "proc.ppid",
    "proc.vpid",
    "proc.sid",
    "proc.vpgid",
    "proc.tty",
    "proc.pname",
    "proc.aname[2]",
    "proc.aname[3]",
    "proc.sname",
    "proc.is_exe_writable",
    "proc.exe_ino",
    "proc.fdopencount",
    "thread.cap_effective",
    "thread.cgroup.cpu",
    "user.name",
    "user.uid",
    "user.loginuid",
    "group.name",
    "container.id",
    "container.name",
    "fd.num",
    "fd.type",
    "fd.name",
    "fd.sip",
    "fd.rport",
    "fd.dev",
];

/// A field, what it becomes, and why.
type Loss = (&'static str, &'static str, &'static str);

/// What the lists of captures have no place for.
const LOST: [Loss; 2] = [
    ("proc.cwd", "\"/\"", "they cannot say that it is not known"),
    (
        "fd.dev",
        "0",
        "they have it for files alone, not for directories",
    ),
];

/// So many events are compared at most.
const EVENTS: usize = 10_000;

/// The rest of a capture from the event with a number on, as a capture of its own; and what the
/// fields of its events are.
fn second_half(capture: &Path, begin: u64) -> (Vec<u8>, Vec<Vec<String>>) {
    let mut reader =
        Reader::new(Box::new(File::open(capture).unwrap()), Options::default()).unwrap();
    let mut pipeline = Pipeline::default();
    let mut copier = None;
    let mut told = Told::default();
    while told.rows.len() < EVENTS
        && let Some(item) = reader.next().unwrap()
    {
        let Item::Event(raw) = item else {
            pipeline.item(item, |_| {});
            continue;
        };
        pipeline.event(&raw, |event| {
            if event.number >= begin && copier.is_none() {
                let writer = Writer::new(Vec::new(), Compression::None).unwrap();
                let copier = copier.insert(Copier::new(writer));
                snapshot(event, &mut |item| copier.item(item)).unwrap();
            }
            if copier.is_some() {
                told.add(event);
            }
        });
        if let Some(copier) = &mut copier {
            copier.event(&raw).unwrap();
        }
    }
    (copier.unwrap().finish().unwrap(), told.rows)
}

/// The fields of events.
#[derive(Default)]
struct Told {
    extractors: Extractors,
    arena: Bump,
    rows: Vec<Vec<String>>,
}

impl Told {
    fn add(&mut self, event: &SyscallEvent<'_>) {
        self.arena.reset();
        let value = |field| first_value(self.extractors.get(field), event, &self.arena).to_string();
        self.rows.push(FIELDS.map(value).to_vec());
    }
}

#[test]
fn captures_that_begin_in_the_middle() {
    let Some(folder) = scap_folder() else { return };
    let mut differences = BTreeMap::<&str, (usize, String)>::new();
    let mut compared = 0;
    for name in names(&folder, ".scap") {
        let capture = folder.join(format!("{name}.scap"));
        let mut events = 40_000;
        if !name.starts_with("mix") {
            events = 0;
            play(&capture, |event| events = event.number);
        }
        if events == 0 {
            continue;
        }
        let (bytes, expected) = second_half(&capture, events / 2);
        let mut reader = Reader::new(Box::new(Cursor::new(bytes)), Options::default()).unwrap();
        let mut pipeline = Pipeline::default();
        let mut told = Told::default();
        while let Some(item) = reader.next().unwrap() {
            pipeline.item(item, |event| told.add(event));
        }
        assert_eq!(told.rows.len(), expected.len(), "{name}");
        for (number, (ours, theirs)) in told.rows.iter().zip(&expected).enumerate() {
            for (field, (is, was)) in FIELDS.iter().zip(ours.iter().zip(theirs)) {
                compared += 1;
                let is_lost = |(name, lost, _): &Loss| name == field && is == lost;
                if is != was && !LOST.iter().any(is_lost) {
                    let found = differences.entry(field).or_default();
                    found.0 += 1;
                    if found.0 == 1 {
                        let event = &theirs[..2];
                        found.1 = format!("{name}, {number} {event:?}: {was} became {is}");
                    }
                }
            }
        }
    }
    assert!(compared > 500_000, "{compared}");
    assert!(differences.is_empty(), "{differences:#?}");
}
