use lanner_event::codes::*;
use lanner_event::schema::{self, Flags};
use lanner_event::{Header, Lengths, RawEvent};

use super::rules::RULES;
use super::{Converter, KNOWN, Verdict};

/// An event of thread 1 with the given parameters, handed to the converter.
fn convert(converter: &mut Converter, code: u16, params: &[&[u8]]) -> Verdict {
    convert_of(converter, 1, code, params)
}

fn convert_of(converter: &mut Converter, tid: i64, code: u16, params: &[&[u8]]) -> Verdict {
    let length = |param: &&[u8]| u32::try_from(param.len()).unwrap().to_le_bytes();
    let lengths: Vec<_> = params.iter().map(length).collect();
    let header = Header {
        code,
        cpu: 3,
        flags: 0,
        time_ns: 5,
        tid,
    };
    let data = params.concat();
    converter.convert(&RawEvent::new(header, Lengths::Long(&lengths), &data).unwrap())
}

fn converted(converter: &Converter) -> (u16, Vec<Vec<u8>>) {
    let event = converter.event().unwrap();
    (event.code, event.params().map(<[u8]>::to_vec).collect())
}

#[test]
fn enter_parameters_go_into_the_exit_event() {
    let mut converter = Converter::default();
    let entered = [&[7; 8][..], &[9; 4]];
    assert_eq!(
        convert(&mut converter, SYSCALL_READ_E, &entered),
        Verdict::Drop
    );
    let verdict = convert(&mut converter, SYSCALL_READ_X, &[&[1; 8], b"text"]);
    assert_eq!(verdict, Verdict::Converted);
    assert_eq!(
        converted(&converter),
        (
            SYSCALL_READ_X,
            vec![vec![1; 8], b"text".to_vec(), vec![7; 8], vec![9; 4]]
        )
    );
    let event = converter.event().unwrap();
    assert_eq!((event.cpu, event.time_ns, event.tid), (3, 5, 1));
}

#[test]
fn each_thread_has_its_own_enter_event() {
    let mut converter = Converter::default();
    for tid in [1, 2] {
        let fd = [u8::try_from(tid).unwrap(); 8];
        convert_of(&mut converter, tid, SYSCALL_CLOSE_E, &[&fd]);
    }
    for tid in [1, 2] {
        convert_of(&mut converter, tid, SYSCALL_CLOSE_X, &[&[0; 8]]);
        assert_eq!(converted(&converter).1[1], [u8::try_from(tid).unwrap(); 8]);
    }
}

#[test]
fn without_its_enter_event_an_exit_event_has_defaults() {
    let mut converter = Converter::default();
    // None at all: a number is 0, a path is absent.
    convert(&mut converter, SYSCALL_CLOSE_X, &[&[1; 8]]);
    assert_eq!(converted(&converter).1, [vec![1; 8], vec![0; 8]]);
    convert(&mut converter, SYSCALL_MKDIR_X, &[&[1; 8]]);
    let expected = (SYSCALL_MKDIR_2_X, vec![vec![1; 8], vec![], vec![]]);
    assert_eq!(converted(&converter), expected);
    // That of another event: its own was lost.
    convert(&mut converter, SYSCALL_READ_E, &[&[7; 8], &[9; 4]]);
    convert(&mut converter, SYSCALL_CLOSE_X, &[&[1; 8]]);
    assert_eq!(converted(&converter).1[1], [0; 8]);
    // That of the event before: it has been used.
    convert(&mut converter, SYSCALL_CLOSE_E, &[&[7; 8]]);
    convert(&mut converter, SYSCALL_CLOSE_X, &[&[1; 8]]);
    convert(&mut converter, SYSCALL_CLOSE_X, &[&[1; 8]]);
    assert_eq!(converted(&converter).1[1], [0; 8]);
}

#[test]
fn generations_are_gone_through() {
    let mut converter = Converter::default();
    // The first execve had neither a file name at its start nor most of what it has today.
    assert_eq!(
        convert(&mut converter, SYSCALL_EXECVE_8_E, &[]),
        Verdict::Converted
    );
    assert_eq!(converted(&converter), (SYSCALL_EXECVE_19_E, vec![vec![]]));
    let params: Vec<_> = (0..8_u8).map(|index| [index; 8]).collect();
    let params: Vec<_> = params.iter().map(<[u8; 8]>::as_slice).collect();
    convert(&mut converter, SYSCALL_EXECVE_8_X, &params);
    let (code, now) = converted(&converter);
    let known = schema::event_type(SYSCALL_EXECVE_19_X).unwrap();
    assert_eq!((code, now.len()), (known.code, known.params.len()));
    assert_eq!(now[..8], params);
    assert!(now[8..].iter().all(Vec::is_empty));
    // Flags, user and group of the first clone moved to the end.
    let params: Vec<_> = (0..11_u8).map(|index| [index; 4]).collect();
    let params: Vec<_> = params.iter().map(<[u8; 4]>::as_slice).collect();
    convert(&mut converter, SYSCALL_CLONE_11_X, &params);
    let (code, now) = converted(&converter);
    assert_eq!(code, SYSCALL_CLONE_20_X);
    assert_eq!(now[15..18], [[8; 4], [9; 4], [10; 4]]);
}

#[test]
fn the_file_name_of_execve_is_in_its_enter_event() {
    let mut converter = Converter::default();
    let verdict = convert(&mut converter, SYSCALL_EXECVE_19_E, &[b"/bin/ls\0"]);
    assert_eq!(verdict, Verdict::Pass);
    let params: Vec<&[u8]> = vec![b"x"; 28];
    convert(&mut converter, SYSCALL_EXECVE_19_X, &params);
    let (_, now) = converted(&converter);
    assert_eq!(
        (&now[28..30], &now[30][..]),
        (&[vec![], vec![]][..], &b"/bin/ls\0"[..])
    );
}

#[test]
fn numbers_are_cut_to_their_width() {
    let mut converter = Converter::default();
    convert(&mut converter, SYSCALL_BPF_E, &[&[1, 2, 3, 4, 5, 6, 7, 8]]);
    convert(&mut converter, SYSCALL_BPF_X, &[&[0; 9]]);
    let expected = (SYSCALL_BPF_2_X, vec![vec![0; 8], vec![1, 2, 3, 4]]);
    assert_eq!(converted(&converter), expected);
}

#[test]
fn containers_are_described_in_json() {
    let mut converter = Converter::default();
    let params: [&[u8]; 4] = [b"1a2b\0", &[1, 0, 0, 0], b"web\0", b"nginx:1\0"];
    convert(&mut converter, CONTAINER_E, &params);
    let json = br#"{"id":"1a2b","type":1,"name":"web","image":"nginx:1"}"#;
    let json = [&json[..], b"\0"].concat();
    assert_eq!(converted(&converter), (CONTAINER_JSON_2_E, vec![json]));
    convert(&mut converter, CONTAINER_E, &[b"", b"", b"", b""]);
    assert_eq!(converted(&converter), (CONTAINER_JSON_2_E, vec![vec![]]));
}

/// Whatever is recorded of an event, it is returned in today's shape or not at all.
#[test]
fn every_event_ends_in_todays_shape() {
    for known in &**KNOWN {
        for params in 0..=known.target.len() {
            let mut converter = Converter::default();
            let bytes = vec![&b"12345678"[..]; params];
            let code = u16::try_from(
                KNOWN
                    .iter()
                    .position(|other| std::ptr::eq(other, known))
                    .unwrap(),
            );
            let code = code.unwrap();
            let (code, params) = match convert(&mut converter, code, &bytes) {
                Verdict::Pass => (code, params),
                Verdict::Converted => {
                    let (code, params) = converted(&converter);
                    (code, params.len())
                }
                Verdict::Drop => continue,
            };
            let kind = schema::event_type(code).unwrap();
            let old = Flags::OLD_VERSION;
            let returned_enter = known.returned || KNOWN[usize::from(code)].returned;
            assert!(!kind.flags.has(old) || returned_enter, "{code}");
            if kind.flags.has(Flags::CONVERTER_MANAGED) {
                assert_eq!(params, kind.params.len(), "{code}");
            }
        }
    }
}

#[test]
fn rows_name_events_that_are_converted() {
    for rule in RULES.iter().copied().flatten() {
        let kind = schema::event_type(rule.code).unwrap();
        assert!(kind.flags.has(Flags::CONVERTER_MANAGED), "{}", rule.code);
        assert!(rule.params.1 <= kind.params.len(), "{}", rule.code);
    }
}

#[test]
fn memory_is_bounded() {
    let mut converter = Converter::default();
    let big = [7; 60_000];
    for tid in 0..3000 {
        convert_of(&mut converter, tid, SYSCALL_UNLINK_E, &[&big]);
    }
    assert!(converter.memory.bytes() <= (64 << 20) + big.len());
    // The last one is still there.
    convert_of(&mut converter, 2999, SYSCALL_UNLINK_X, &[&[0; 8]]);
    assert_eq!(converted(&converter).1[1], big);
}
