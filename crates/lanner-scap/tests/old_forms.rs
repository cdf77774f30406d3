//! Forms of blocks that no program writes any longer, and what is new.

mod common;

use std::path::Path;

use lanner_event::codes;
use lanner_event::inventory::{Process, Target};
use lanner_scap::{ErrorKind, Options, Reader};

use common::synthetic::{Block, descriptors, event, old_event, processes, section, seeds};
use common::{Owned, raw, read};

/// The items of a capture of the given blocks and one event, without the event.
fn items(blocks: &[Vec<u8>]) -> Vec<Owned> {
    let last = event(0x216, codes::SYSCALL_GETUID_X, &[&[0; 4]], false);
    let capture = [section(b""), blocks.concat(), last].concat();
    let (mut items, error) = read(capture, raw());
    assert_eq!(error, None);
    assert!(matches!(items.pop(), Some(Owned::Event(..))));
    items
}

#[test]
fn processes_of_all_versions() {
    let versions = [
        (1, 0x202),
        (1, 0x8000_ABCD),
        (2, 0x207),
        (2, 0x8013_ABCD),
        (3, 0x209),
        (3, 0x8014_ABCD),
        (4, 0x210),
        (5, 0x211),
        (6, 0x212),
        (7, 0x213),
        (8, 0x214),
        (9, 0x215),
    ];
    for (version, kind) in versions {
        let mut expected = Process {
            tid: 11,
            pid: 10,
            ptid: 1,
            sid: -1,
            vpgid: -1,
            pgid: -1,
            vtid: -1,
            vpid: -1,
            loginuid: u32::MAX,
            comm: (*b"cat").into(),
            exe: (*b"/usr/bin/cat").into(),
            args: (*b"-n\0x\0").into(),
            cwd: (*b"/root").into(),
            fdlimit: 1024,
            flags: 3,
            uid: 1000,
            gid: 1001,
            ..Process::default()
        };
        if version >= 2 {
            (expected.vmsize_kb, expected.vmrss_kb, expected.vmswap_kb) = (4, 5, 6);
            (expected.pfmajor, expected.pfminor) = (7, 8);
        }
        if version >= 3 {
            expected.env = (*b"A=1\0").into();
        }
        if version >= 4 {
            (expected.vtid, expected.vpid) = (12, 13);
            expected.cgroups = (*b"cpu=/a\0").into();
        }
        if version >= 5 {
            expected.root = (*b"/").into();
        }
        if version >= 6 {
            expected.sid = 9;
        }
        if version >= 7 {
            expected.exepath = (*b"/bin/cat").into();
        }
        if version >= 8 {
            expected.vpgid = 8;
        }
        if version >= 9 {
            expected.loginuid = 77;
            expected.exe_file.writable = true;
            expected.capabilities.inheritable = 1;
            expected.capabilities.permitted = 2;
            expected.capabilities.effective = 3;
        }
        let found = items(&[processes(kind, version)]);
        assert_eq!(found, [Owned::Process(Box::new(expected))], "{version}");
    }
}

#[test]
fn descriptors_of_both_versions() {
    let old = items(&[descriptors(0x203)]);
    assert_eq!(old, items(&[descriptors(0x8001_ABCD)]));
    assert_eq!(old, items(&[descriptors(0x218)]));
    let [Owned::Descriptors(10, list)] = &old[..] else {
        panic!("{old:?}")
    };
    assert_eq!(list.len(), 8);
    let expected = Target::Other {
        kind: 10,
        name: (*b"unknown-type:[200]").into(),
    };
    assert_eq!(list[7].target, expected);
}

#[test]
fn events_without_a_count() {
    let cases: [(u16, &[&[u8]]); 4] = [
        (codes::SYSCALL_READ_X, &[&[1; 8], b"text"]),
        (codes::SYSCALL_GETUID_E, &[]),
        // Fewer than today, and empty ones at the end.
        (codes::SYSCALL_OPEN_X, &[&[1; 8], b"/x\0", &[], &[]]),
        (
            codes::SYSCALL_EXECVE_8_X,
            &[
                &[1; 8], b"a\0", b"", &[1; 8], &[2; 8], &[3; 8], b"/\0", &[4; 8],
            ],
        ),
    ];
    for (code, params) in cases {
        for (kind, flags) in [(0x204, 0), (0x8010_ABCD, 0), (0x208, 5)] {
            let found = items(&[old_event(kind, code, params)]);
            let [Owned::Event(header, values)] = &found[..] else {
                panic!("{found:?}")
            };
            assert_eq!((header.code, header.flags, header.tid), (code, flags, 42));
            assert_eq!(values, params);
        }
    }
    let notification = old_event(0x204, codes::NOTIFICATION_E, &[b"id\0", b"text\0"]);
    let found = items(&[notification]);
    assert!(matches!(&found[..], [Owned::Event(_, values)] if values[1] == b"text\0"));
}

#[test]
fn what_is_newer_is_skipped_and_counted() {
    let close = |params: &[&[u8]]| event(0x216, codes::SYSCALL_CLOSE_X, params, false);
    let blocks = [
        section(b""),
        Block::new(0xABC).bytes(&[7; 100]).end(),
        event(0x216, 60_000, &[b"?"], false),
        // A parameter that came later.
        close(&[&[0; 8], &[1; 8], b"new"]),
    ];
    let capture = std::io::Cursor::new(blocks.concat());
    let mut reader = Reader::new(Box::new(capture), Options::default()).unwrap();
    let item = Owned::from(reader.next().unwrap().unwrap());
    assert!(matches!(item, Owned::Event(_, params) if params == [[0; 8], [1; 8]]));
    assert!(reader.next().unwrap().is_none());
    let counters = reader.counters();
    assert_eq!((counters.unknown_blocks, counters.unknown_events), (1, 1));
    assert_eq!((counters.blocks, counters.events), (4, 1));
}

/// Threads of joined captures are others, though they may have the same ids.
#[test]
fn joined_captures() {
    let fd = [3, 0, 0, 0, 0, 0, 0, 0];
    let enter = old_event(0x204, codes::SYSCALL_CLOSE_E, &[&fd]);
    let exit = old_event(0x204, codes::SYSCALL_CLOSE_X, &[&[0; 8]]);
    let blocks = [
        section(b""),
        enter.clone(),
        exit.clone(),
        enter,
        section(b""),
        exit,
    ];
    let (items, error) = read(blocks.concat(), Options::default());
    assert_eq!(error, None);
    let [
        Owned::Event(_, first),
        Owned::Section,
        Owned::Event(_, second),
    ] = &items[..]
    else {
        panic!("{items:?}")
    };
    assert_eq!((&first[1][..], &second[1][..]), (&fd[..], &[0; 8][..]));
}

#[test]
fn lengths_that_do_not_fit_cost_only_the_parameters() {
    let mut broken = event(0x216, codes::SYSCALL_CLOSE_X, &[&[0; 8], &[1; 8]], false);
    broken[36] = 200;
    let found = items(&[broken.clone()]);
    assert!(matches!(&found[..], [Owned::Event(_, params)] if params.is_empty()));
    // Nor is it converted.
    let capture = [section(b""), broken].concat();
    let (found, error) = read(capture, Options::default());
    assert_eq!((found.len(), error), (1, None));
}

#[test]
fn what_is_not_a_capture() {
    let header = section(b"");
    let swapped = [&header[..8], &[0x1A, 0x2B, 0x3C, 0x4D], &header[12..]].concat();
    let newer = [&header[..12], &[2, 0], &header[14..]].concat();
    let network = [
        &header[..],
        &Block::new(1).u64(1).end(),
        &Block::new(6).u64(1).end(),
    ]
    .concat();
    let cases = [
        (vec![], ErrorKind::NotACapture, "empty"),
        (b"text".to_vec(), ErrorKind::NotACapture, "too short"),
        (
            b"{\"kind\":\"Event\"}".to_vec(),
            ErrorKind::NotACapture,
            "does not begin",
        ),
        (swapped, ErrorKind::NotACapture, "big-endian"),
        (newer, ErrorKind::NotACapture, "newer"),
        (header, ErrorKind::NoEvents, "no events"),
        (network, ErrorKind::NoEvents, "network"),
    ];
    for (capture, kind, words) in cases {
        let (items, error) = read(capture, raw());
        let error = error.unwrap();
        assert_eq!((items.len(), error.kind), (0, kind), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn long_events_need_memory_only_when_they_are_there() {
    // It says that it has 3 GB.
    let mut block = event(0x221, codes::PLUGINEVENT_E, &[&[1; 4], b"x"], true);
    block[4..8].copy_from_slice(&3_000_000_000_u32.to_le_bytes());
    let capture = [section(b""), block].concat();
    for (max_block_bytes, kind) in [
        (64 << 20, ErrorKind::Damaged),
        (usize::MAX, ErrorKind::Truncated),
    ] {
        let options = Options {
            max_block_bytes,
            ..Options::default()
        };
        let (_, error) = read(capture.clone(), options);
        assert_eq!(error.unwrap().kind, kind);
    }
}

/// The fuzzer's seeds are these captures (`LANNER_WRITE_SEEDS=1` writes them).
#[test]
fn seeds_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/scap_reader");
    for (name, bytes) in seeds() {
        let (items, error) = read(bytes.clone(), Options::default());
        assert_eq!(error, None, "{name}");
        assert!(items.len() > 5, "{name}");
        // The first byte of a seed is for the fuzz target.
        let seed = [&[0], &bytes[..]].concat();
        let path = folder.join(name);
        if std::env::var_os("LANNER_WRITE_SEEDS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &seed).unwrap();
        }
        // What a compressor makes can change with its version.
        if Path::new(name).extension().is_none() {
            assert!(std::fs::read(&path).unwrap() == seed, "{name}");
        }
    }
}
