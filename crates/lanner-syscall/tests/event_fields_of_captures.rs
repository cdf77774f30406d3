//! Fields of events and descriptors in real captures, compared with what libs
//! 0.20 says of them. Where libs 0.25.4 says something else, a row of
//! [`CHANGED`] tells why.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use flate2::read::GzDecoder;
use lanner_event::text::sanitize;
use lanner_event::{EventSource, Value, Values};
use lanner_scap::{Options, Reader};
use lanner_syscall::{Pipeline, SyscallEvent, SyscallSource};
use serde_json::Value as Json;

/// The classes that are compared.
const CLASSES: [&str; 4] = ["evt.", "fd.", "fs.", "syscall."];

/// Any field of a class, or any event type.
const ANY: &str = "*";

/// What libs 0.25.4 says otherwise than 0.20: field, event type, why.
const CHANGED: [(&str, &str, &str); 19] = [
    ("evt.num", ANY, "enter events of old types are gone"),
    ("fd.*", "mmap", "is about its descriptor now"),
    ("fd.*", "setsockopt", "is about its descriptor now"),
    (
        "fd.*",
        "newfstatat",
        "is about the descriptor of its directory now",
    ),
    (
        "fd.*",
        "mkdirat",
        "is about the descriptor of its directory now",
    ),
    (
        "fd.*",
        "mknodat",
        "is about the descriptor of its directory now",
    ),
    (
        "fd.*",
        "unlinkat",
        "is about the descriptor of its directory now",
    ),
    (
        "fd.*",
        "symlinkat",
        "is about the descriptor of its directory now",
    ),
    (
        "fd.*",
        "fchownat",
        "is about the descriptor of its directory now",
    ),
    (
        "fd.directory",
        ANY,
        "of a descriptor that is not known: `/`, not nothing",
    ),
    // `evt.abspath`, asked before, made the directory the event's descriptor.
    ("fd.*", "openat", "does not depend on evt.abspath"),
    ("fd.*", "openat2", "does not depend on evt.abspath"),
    ("fs.path.name", "openat", "does not depend on evt.abspath"),
    ("fs.path.name", "openat2", "does not depend on evt.abspath"),
    ("fd.*", "connect", "an enter event names no socket any more"),
    (
        "fd.name",
        "close",
        "a socket that failed to connect has no name",
    ),
    ("fd.*", "sendto", "the exit event has the address now"),
    (
        "*",
        "sendmsg",
        "the exit event has descriptor and address now",
    ),
    ("fd.is_server", "socket", "no address is no container's"),
];

/// Why the values of a field differ, if they may.
fn reason(field: &str, ty: &str) -> Option<&'static str> {
    let is = |pattern: &str, text: &str| match pattern.strip_suffix('*') {
        Some(prefix) => text.starts_with(prefix),
        None => text == pattern,
    };
    let mut rows = CHANGED.iter();
    let row = rows.find(|(fields, types, _)| is(fields, field) && is(types, ty))?;
    Some(row.2)
}

/// Event types have got parameters, which come last; and empty addresses and
/// some flags show otherwise.
fn is_extended(field: &str, ty: &str, libs: &str, ours: &str) -> bool {
    let is_list = matches!(field, "evt.args" | "evt.info");
    is_list && (ours.starts_with(libs) || matches!(ty, "bind" | "clone" | "clone3" | "connect"))
}

/// Device numbers are shown in hexadecimal.
fn is_device(field: &str, libs: &Json, ours: &Json) -> bool {
    let shown = ours.as_i64().map(|device| format!("{device:X}"));
    field == "fd.dev" && libs.as_str() == shown.as_deref()
}

type Extractor = <SyscallSource as EventSource>::Extractor;
type Key = (u64, i64, String);

fn rows(path: &Path) -> HashMap<Key, Vec<Json>> {
    let mut rows: HashMap<Key, Vec<Json>> = HashMap::new();
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    for line in lines {
        let row: Json = serde_json::from_str(&line.unwrap()).unwrap();
        let key = (
            row["evt.rawtime"].as_u64().unwrap(),
            row["thread.tid"].as_i64().unwrap_or(-1),
            row["evt.type"].as_str().unwrap().to_owned(),
        );
        rows.entry(key).or_default().push(row);
    }
    rows
}

/// The first value of a field.
fn first_value(extractor: &Extractor, event: &SyscallEvent<'_>, arena: &Bump) -> Json {
    let mut values = Values::new_in(arena);
    SyscallSource::extract(extractor, event, arena, &mut values);
    match values.first() {
        None => Json::Null,
        Some(Value::Str(text)) => String::from_utf8_lossy(&sanitize(text)).into(),
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into(),
        Some(Value::U64(number)) => (*number).into(),
        Some(Value::I64(number)) => (*number).into(),
        Some(Value::F64(number)) => (*number).into(),
        Some(Value::Bool(truth)) => (*truth).into(),
        Some(Value::Ip(address)) => address.to_string().into(),
    }
}

/// Compares a capture; counts the values that agree, and collects the others.
fn compare(capture: &Path, fields: &Path, wrong: &mut BTreeMap<String, String>) -> usize {
    let rows = rows(fields);
    let mut reader =
        Reader::new(Box::new(File::open(capture).unwrap()), Options::default()).unwrap();
    let mut pipeline = Pipeline::default();
    let extractor = |field: &str| SyscallSource::compile(field, None).unwrap();
    let of_type = extractor("evt.type");
    let mut extractors: HashMap<String, Extractor> = HashMap::new();
    let mut arena = Bump::new();
    let mut equal = 0;
    while let Some(item) = reader.next().unwrap() {
        arena.reset();
        pipeline.item(item, |event| {
            let ty = first_value(&of_type, event, &arena);
            let ty = ty.as_str().unwrap_or_default();
            let key = (event.raw.time_ns, event.raw.tid, ty.to_owned());
            // Some events of a thread share a time: they cannot be told apart.
            let Some([row]) = rows.get(&key).map(Vec::as_slice) else {
                return;
            };
            for (field, libs) in row.as_object().unwrap() {
                if !CLASSES.iter().any(|class| field.starts_with(class)) {
                    continue;
                }
                let known = extractors.entry(field.clone());
                let known = known.or_insert_with_key(|field| extractor(field));
                let ours = first_value(known, event, &arena);
                let texts = libs.as_str().zip(ours.as_str());
                if ours == *libs {
                    equal += 1;
                } else if reason(field, ty).is_none()
                    && !texts.is_some_and(|(libs, ours)| is_extended(field, ty, libs, ours))
                    && !is_device(field, libs, &ours)
                {
                    let name = capture.file_name().unwrap_or_default().display();
                    let text = format!("{name} #{}: libs {libs}, ours {ours}", event.number);
                    wrong.entry(format!("{field} of {ty}")).or_insert(text);
                }
            }
        });
    }
    equal
}

fn captures() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures/scap");
    let places = [beside, PathBuf::from("/work/shared/captures/scap")];
    places.into_iter().find(|place| place.is_dir())
}

#[test]
fn fields_are_those_of_libs() {
    let Some(folder) = captures() else {
        println!("skipped: there are no captures here");
        return;
    };
    let mut wrong = BTreeMap::new();
    let mut equal = 0;
    for name in [
        "cat_write",
        "connect_localhost",
        "curl_google",
        "empty",
        "mix-small",
        "open-multiple-files",
        "ping_sendto",
        "single_ipv6_conn",
        "syscall",
        "test_ipv6_client",
    ] {
        let capture = folder.join(name).with_extension("scap");
        let fields = folder.join(name).with_extension("fields.jsonl.gz");
        equal += compare(&capture, &fields, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(equal > 500_000, "{equal}");
}

/// A field's name and argument: `evt.arg.flags` has the argument `flags`.
fn split(field: &str) -> (&str, Option<&str>) {
    for base in ["evt.arg", "evt.rawarg"] {
        let rest = field.strip_prefix(base);
        if let Some(argument) = rest.and_then(|rest| rest.strip_prefix('.')) {
            return (base, Some(argument));
        }
    }
    (field, None)
}

/// The fields of Falco's alerts of a capture, by the time of the event.
fn alerts(path: &Path) -> HashMap<u64, Vec<Json>> {
    let mut alerts: HashMap<u64, Vec<Json>> = HashMap::new();
    for line in BufReader::new(File::open(path).unwrap()).lines() {
        let mut alert: Json = serde_json::from_str(&line.unwrap()).unwrap();
        let fields = alert["output_fields"].take();
        let time = fields["evt.time.iso8601"].as_u64().unwrap();
        alerts.entry(time).or_default().push(fields);
    }
    alerts
}

/// The same of Falco 0.44.1, for the events that it alerts on.
#[test]
fn fields_are_those_of_alerts() {
    let Some(folder) = captures() else {
        println!("skipped: there are no captures here");
        return;
    };
    let (mut wrong, mut equal) = (Vec::new(), 0);
    for name in ["mix-small", "test_ipv6_client"] {
        equal += compare_alerts(&folder, name, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(equal > 30, "{equal}");
}

/// Compares the alerts of a capture; counts the values that agree.
fn compare_alerts(folder: &Path, name: &str, wrong: &mut Vec<String>) -> usize {
    let alerts = alerts(&folder.join(format!("{name}.upstream44-all.falco.jsonl")));
    let extractor = |field: &str| {
        let (name, argument) = split(field);
        SyscallSource::compile(name, argument).unwrap()
    };
    let of_type = extractor("evt.type");
    let file = File::open(folder.join(name).with_extension("scap")).unwrap();
    let mut reader = Reader::new(Box::new(file), Options::default()).unwrap();
    let mut pipeline = Pipeline::default();
    let mut equal = 0;
    let mut arena = Bump::new();
    while let Some(item) = reader.next().unwrap() {
        arena.reset();
        pipeline.item(item, |event| {
            let Some(fields) = alerts.get(&event.raw.time_ns) else {
                return;
            };
            let ty = first_value(&of_type, event, &arena);
            let fields = fields.iter().filter(|fields| fields["evt.type"] == ty);
            for (field, falco) in fields.flat_map(|fields| fields.as_object().unwrap()) {
                // In output fields, the engine shows times as numbers.
                let is_time = field == "evt.time.iso8601";
                if is_time || !CLASSES.iter().any(|class| field.starts_with(class)) {
                    continue;
                }
                let ours = first_value(&extractor(field), event, &arena);
                if ours == *falco {
                    equal += 1;
                } else {
                    let number = event.number;
                    wrong.push(format!(
                        "{name} #{number} {field}: Falco {falco}, ours {ours}"
                    ));
                }
            }
        });
    }
    equal
}
