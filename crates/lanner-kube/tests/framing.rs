//! Records out of bytes: every framing, every chunking, and what is broken.

mod common;

use std::io::Write;

use common::{Pieces, Scanned, bytes, event, scan, scan_bytes};
use lanner_kube::{Input, ScanOptions};
use proptest::prelude::*;

fn ids(data: &str) -> Vec<String> {
    let scanned = scan_bytes(data.as_bytes());
    assert_eq!(scanned.reasons(), [], "in {data}");
    scanned.ids()
}

#[test]
fn framings() {
    let (a, b) = (
        event("a", r#","x":"]}[{\" \\""#),
        event("b", r#","o":{"p":[1,[2]]}"#),
    );
    let pretty = |text: &str| {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&json).unwrap()
    };
    let list = format!(
        r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{a},{b}]}}"#
    );
    let late = format!(r#"{{"items":[{a},{b}],"kind":"EventList","metadata":{{"items":[1]}}}}"#);
    for text in [
        format!("{a}\n{b}\n"),
        format!("{a}\n{b}"),
        format!("\u{feff}{a}\r\n\r\n  {b}  \r\n \t\n"),
        format!("{a}{b}"),
        format!("{a} {b}\n\n"),
        format!("\x1e{a}\n\x1e{b}\n"),
        format!("[{a},{b}]"),
        format!("[\n{a},\n{b}\n]\n"),
        format!("[[{a}],[[{b}]]]"),
        format!("{}\n{}", pretty(&a), pretty(&b)),
        pretty(&format!("[{a},{b}]")),
        list.clone(),
        late,
        pretty(&list),
        format!("[{list}]"),
        format!("{{\"items\":[{a}],\"x\":[{{}}],\n\"items\":[{b}]}}"),
    ] {
        assert_eq!(ids(&text), ["a", "b"], "{text}");
    }
    assert_eq!(ids(""), [""; 0]);
    assert_eq!(ids("\u{feff}\n\n"), [""; 0]);
    // Items of a list need no kind.
    let item = a.replace(r#""kind":"Event","#, "");
    assert_eq!(
        ids(&format!(r#"{{"kind":"EventList","items":[{item}]}}"#)),
        ["a"]
    );
    assert_eq!(
        ids(&format!("{{\"kind\":\"EventList\",\n\"items\":[{item}]}}")),
        ["a"]
    );
}

#[test]
fn broken_records_are_told_and_passed_over() {
    let good = event("good", "");
    let cases: [(&str, u64, &str); 16] = [
        (r#"{"kind":0}"#, 1, "not an audit event: kind is 0"),
        ("hello", 1, "not JSON"),
        ("\0\u{1}\u{2}", 1, "not JSON"),
        ("}", 1, "not JSON"),
        ("17", 1, "not JSON"),
        ("[17]", 1, "not an audit event: it is a number"),
        (
            r#"{"kind":"Event","a":tru}"#,
            1,
            "not a JSON value at byte 20",
        ),
        (
            r#"{"kind":"Event","a":"\q"}"#,
            1,
            "a bad escape in a string at byte 21",
        ),
        (
            r#"{"kind":"Event" "a":1}"#,
            1,
            "a comma or the end should be here",
        ),
        (
            r#"{"kind":"Event","requestURI":"/api/v1"#,
            1,
            "truncated JSON: the line ends inside of a string",
        ),
        (
            r#"{"kind":"Event","user":{"username":"x""#,
            2,
            "a comma or the end should be here",
        ),
        (
            "{\"kind\":\"Event\",\"user\":",
            2,
            "truncated JSON: a new record begins",
        ),
        (
            r#"{"kind":"Event","requestObject":{"a":"b[Truncated...]"#,
            1,
            "truncated before it came here",
        ),
        (
            r#"{"kind":"Event","requestObject":[Truncated...]"#,
            1,
            "truncated before it came here",
        ),
        (
            r#"{"kind":"Pod","items":{}}"#,
            1,
            "not an audit event: kind is Pod",
        ),
        (r#"{"kind":"Event"}"#, 1, "stageTimestamp is missing"),
    ];
    for (bad, line, reason) in cases {
        let scanned = scan_bytes(format!("{bad}\n{good}\n{good}\n").as_bytes());
        assert_eq!(scanned.reasons(), [(line, reason)], "{bad}");
        assert_eq!(scanned.ids(), ["good", "good"], "{bad}");
        assert_eq!(scanned.stats.total.skipped, 1);
        let truncated = reason.starts_with("truncated");
        assert_eq!(scanned.stats.total.truncated, u64::from(truncated), "{bad}");
        assert!(scanned.skipped[0].excerpt.chars().count() <= 120);
    }
}

#[test]
fn places_are_right() {
    let good = event("good", "");
    let text = format!("{good}\n\n  {{\"a\" 1}}\n[{good},\n {{\"kind\":7}}]");
    let scanned = scan_bytes(text.as_bytes());
    assert_eq!(scanned.ids(), ["good", "good"]);
    let offset = |part: &str| text.find(part).unwrap() as u64;
    let places: Vec<_> = scanned
        .skipped
        .iter()
        .map(|s| (s.line, s.column, s.offset, s.excerpt.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (3, Some(8), offset("{\"a\" 1}"), "{\"a\" 1}"),
            (5, None, offset("{\"kind\":7"), "{\"kind\":7}")
        ]
    );
}

#[test]
fn a_cut_last_record_is_told() {
    let good = event("good", "");
    for cut in [1, 20, good.len() / 2, good.len() - 1] {
        let scanned = scan_bytes(format!("{good}\n{}", &good[..cut]).as_bytes());
        assert_eq!(scanned.ids(), ["good"]);
        assert_eq!(
            scanned.reasons(),
            [(2, "truncated JSON: the input ends here")]
        );
        assert_eq!(scanned.stats.total.truncated, 1);
    }
    let scanned = scan_bytes(format!("[{good},").as_bytes());
    assert_eq!((scanned.ids().len(), scanned.skipped.len()), (1, 1));
}

#[test]
fn broken_lists_lose_one_element() {
    let good = event("good", "");
    let scanned =
        scan_bytes(format!("[\n{good},\n{{\"a\":\n{good},\n{good}\n]\n{good}\n").as_bytes());
    assert_eq!(scanned.ids().len(), 4, "{:?}", scanned.reasons());
    assert_eq!(
        scanned.reasons(),
        [(4, "truncated JSON: a new record begins")]
    );
}

#[test]
fn large_records_are_not_held() {
    let options = || ScanOptions {
        max_record_bytes: 300,
        ..ScanOptions::default()
    };
    let small = event("small", "");
    let large = event("large", &format!(r#","x":"{}""#, "y".repeat(5000)));
    for text in [
        format!("{small}\n{large}\n{small}\n"),
        format!("[{small},{large},{small}]"),
        format!("{{\"items\":[{small},{large},{small}]}}"),
    ] {
        let scanned = scan(vec![bytes(text.as_bytes())], options(), 1 << 20);
        assert_eq!(scanned.ids(), ["small", "small"]);
        assert_eq!(
            scanned.skipped[0].reason,
            "the record is larger than 300 bytes"
        );
        assert!(scanned.skipped[0].excerpt.contains("large"));
    }
    // A list may be as long as it likes.
    let items = vec![small.as_str(); 20_000].join(",");
    let text = format!(r#"{{"kind":"EventList","items":[{items}]}}"#);
    let scanned = scan(vec![bytes(text.as_bytes())], options(), 1 << 20);
    assert_eq!(scanned.stats.total.events, 20_000);
    assert_eq!(scanned.stats.total.skipped, 0);
}

#[test]
fn hostile_depth_is_an_error() {
    let good = event("good", "");
    for open in ["[", "{\"a\":", "[{\"items\":"] {
        let scanned = scan_bytes(format!("{}\n{good}\n", open.repeat(100_000)).as_bytes());
        assert_eq!(scanned.ids(), ["good"], "{open}");
        assert_eq!(scanned.stats.total.skipped, 1);
    }
}

#[test]
fn utf16_and_invalid_utf8() {
    let text: Vec<u8> = event("a", "")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let scanned = scan_bytes(&[&[0xff, 0xfe], &text[..]].concat());
    assert_eq!(
        scanned.reasons(),
        [(1, "the input is UTF-16; audit logs are UTF-8")]
    );
    let scanned = scan_bytes(b"{\"kind\":\"Event\",\"x\":\"\xff\"}\n");
    assert_eq!(scanned.reasons(), [(1, "invalid UTF-8 at byte 21")]);
    assert!(scanned.skipped[0].excerpt.contains("\\xff"));
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_inputs() {
    let (a, b) = (event("a", "") + "\n", event("b", "") + "\n");
    let members = [gzip(a.as_bytes()), gzip(b.as_bytes())].concat();
    let frames = [&a, &b]
        .map(|text| zstd::encode_all(text.as_bytes(), 1).unwrap())
        .concat();
    for data in [&members, &frames] {
        let scanned = scan_bytes(data);
        assert_eq!(scanned.ids(), ["a", "b"]);
        assert_eq!(scanned.stats.total.stored_bytes, data.len() as u64);
        assert_eq!(scanned.stats.total.bytes, (a.len() + b.len()) as u64);
        // Cut off: what could be read counts, and the error is told.
        let scanned = scan_bytes(&data[..data.len() - 9]);
        assert_eq!(scanned.ids()[0], "a");
        assert!(scanned.stats.inputs[0].error.is_some());
    }
    let scanned = scan_bytes(&gzip(a.as_bytes())[..15]);
    assert!(scanned.stats.inputs[0].error.is_some());
}

#[test]
fn inputs_that_cannot_be_read() {
    let directory = std::env::temp_dir();
    let missing = directory.join("lanner-there-is-no-such-file");
    let good = event("good", "");
    let inputs = vec![
        Input::Path(missing),
        Input::Path(directory),
        bytes(good.as_bytes()),
    ];
    let scanned = scan(inputs, ScanOptions::default(), 1);
    assert_eq!(scanned.ids(), ["good"]);
    let kinds: Vec<_> = scanned
        .stats
        .inputs
        .iter()
        .map(|input| input.error.as_ref().map(|e| e.kind))
        .collect();
    use std::io::ErrorKind::{IsADirectory, NotFound};
    assert_eq!(kinds, [Some(NotFound), Some(IsADirectory), None]);
}

#[test]
fn filters() {
    let at = |id: &str, second: u32| {
        event(id, "").replace("00:00:00.000000Z", &format!("00:00:{second:02}.000000Z"))
    };
    let text = [at("a", 0), at("b", 1), at("b", 1), at("a", 2), at("c", 3)].join("\n");
    let start = 1_714_521_600_000_000_000;
    let options = ScanOptions {
        dedup: true,
        since_ns: Some(start + 1_000_000_000),
        until_ns: Some(start + 3_000_000_000),
        ..ScanOptions::default()
    };
    let scanned = scan(vec![bytes(text.as_bytes())], options, 1 << 20);
    assert_eq!(scanned.ids(), ["b", "a"]);
    let total = scanned.stats.total;
    assert_eq!((total.events, total.filtered, total.duplicates), (2, 2, 1));
}

/// The same whatever the pieces: events, what was passed over, counts.
fn assert_same(one: &Scanned, other: &Scanned) {
    assert_eq!(one.events, other.events);
    assert_eq!(one.skipped, other.skipped);
    assert_eq!(one.stats.total, other.stats.total);
}

/// Pieces of text that make files of every kind of trouble.
fn trouble() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => Just(event("a", "")),
        2 => Just(event("b", r#","requestObject":{"kind":"Event","items":[{"x":"}"}]}"#)),
        1 => Just(event("long", &format!(r#","x":"{}""#, "y".repeat(700)))),
        1 => Just("{\"kind\":\"EventList\",\"items\":[".to_owned()),
        1 => Just("{\"items\":[{\"items\":[".to_owned()),
        4 => Just("\n".to_owned()),
        2 => prop::sample::select(&[",", "[", "]", "{", "}", "\"", "\\", ":", " ", "]}"][..]).prop_map(String::from),
        1 => prop::sample::select(&["\"kind\":\"Event\",", "\"items\":", "\"records\":[", "x[Truncated...]", "tru", "1.5", "\u{feff}", "\u{1e}", "\r\n", "\"kind\":\"Ev"][..]).prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        text in trouble(),
        sizes in prop::collection::vec(1_usize..40, 1..5),
        budget in 1_usize..3000,
        cut in any::<prop::sample::Index>(),
        limit in prop::sample::select(&[60_usize, 400, 1 << 26][..]),
    ) {
        let data = &text.as_bytes()[..cut.index(text.len() + 1)];
        let options = || ScanOptions { max_record_bytes: limit, ..ScanOptions::default() };
        let whole = scan(vec![bytes(data)], options(), 1 << 20);
        let pieces = scan(vec![Pieces::input(data, &sizes)], options(), budget);
        assert_same(&whole, &pieces);
        prop_assert_eq!(whole.stats.total.bytes, data.len() as u64);
        prop_assert_eq!(whole.stats.total.skipped, whole.skipped.len() as u64);
    }
}
