//! The shared captures, read to the end.

mod common;

use std::fs::File;

use lanner_event::schema::{self, Flags};
use lanner_scap::{Item, Options, Reader};
use lanner_testing::scap_folder;

/// What [`count`] gives.
const SMALL: [(&str, [usize; 6]); 10] = [
    ("cat_write", [5, 32, 61, 73, 384, 345]),
    ("connect_localhost", [7, 41, 71, 184, 690, 374]),
    ("curl_google", [5, 31, 55, 54, 316, 1536]),
    ("curl_google_comments", [5, 31, 55, 54, 316, 1536]),
    ("empty", [11, 45, 77, 218, 883, 143]),
    ("open-multiple-files", [8, 40, 70, 128, 685, 1272]),
    ("ping_sendto", [10, 42, 72, 136, 674, 1526]),
    ("single_ipv6_conn", [13, 42, 72, 154, 564, 1728]),
    ("syscall", [7, 41, 71, 229, 773, 368]),
    ("test_ipv6_client", [5, 31, 55, 58, 333, 326]),
];

/// How many of each thing a capture holds: interfaces, users, groups,
/// processes, descriptors, events.
fn count(reader: &mut Reader) -> [usize; 6] {
    let mut counts = [0; 6];
    while let Some(item) = reader.next().unwrap() {
        match item {
            Item::Section | Item::Machine(_) => {}
            Item::Interface(_) => counts[0] += 1,
            Item::User(_) => counts[1] += 1,
            Item::Group(_) => counts[2] += 1,
            Item::Process(_) => counts[3] += 1,
            Item::Descriptors { list, .. } => counts[4] += list.len(),
            Item::Event(_) => counts[5] += 1,
        }
    }
    counts
}

#[test]
fn small_captures_are_read_whole() {
    let Some(folder) = scap_folder() else { return };
    for (name, expected) in SMALL {
        let file = File::open(folder.join(name).with_extension("scap")).unwrap();
        let mut reader = Reader::new(Box::new(file), common::raw()).unwrap();
        assert_eq!(count(&mut reader), expected, "{name}");
        let counters = reader.counters();
        assert_eq!(counters.events, expected[5] as u64, "{name}");
        assert_eq!(
            (
                counters.unknown_blocks,
                counters.unknown_events,
                counters.malformed_events
            ),
            (0, 0, 0),
            "{name}"
        );
    }
}

/// Enter events go into exit events; what is returned is of today's schema.
#[test]
fn old_captures_are_converted() {
    let Some(folder) = scap_folder() else { return };
    for (name, expected) in SMALL {
        let file = File::open(folder.join(name).with_extension("scap")).unwrap();
        let mut reader = Reader::new(Box::new(file), Options::default()).unwrap();
        while let Some(item) = reader.next().unwrap() {
            let Item::Event(event) = item else { continue };
            let kind = schema::event_type(event.code).unwrap();
            if kind.flags.has(Flags::CONVERTER_MANAGED) {
                assert_eq!(event.len(), kind.params.len(), "{name} {}", kind.name);
            }
        }
        let counters = reader.counters();
        assert_eq!(
            counters.events + counters.merged_events,
            expected[5] as u64,
            "{name}"
        );
    }
}
