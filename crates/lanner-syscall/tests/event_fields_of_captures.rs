//! Fields of events and descriptors in real captures, compared with what libs
//! 0.20 says of them. Where libs 0.25.4 says something else, a row of
//! [`CHANGED`] tells why.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use bumpalo::Bump;
use common::{Extractors, alerts, by_event, first_value, play};
use lanner_testing::scap_folder;
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

/// Compares a capture; counts the values that agree, and collects the others.
fn compare(capture: &Path, fields: &Path, wrong: &mut BTreeMap<String, String>) -> usize {
    let rows = by_event(fields);
    let mut extractors = Extractors::default();
    let mut arena = Bump::new();
    let mut equal = 0;
    play(capture, |event| {
        arena.reset();
        let ty = first_value(extractors.get("evt.type"), event, &arena);
        let ty = ty.as_str().unwrap_or_default();
        let key = (event.raw.time_ns, event.raw.tid, ty.to_owned());
        let Some(row) = rows.get(&key) else {
            return;
        };
        for (field, libs) in row.as_object().unwrap() {
            if !CLASSES.iter().any(|class| field.starts_with(class)) {
                continue;
            }
            let ours = first_value(extractors.get(field), event, &arena);
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
    equal
}

#[test]
fn fields_are_those_of_libs() {
    let Some(folder) = scap_folder() else {
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

/// The same of Falco 0.44.1, for the events that it alerts on.
#[test]
fn fields_are_those_of_alerts() {
    let Some(folder) = scap_folder() else {
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
    let mut extractors = Extractors::default();
    let (mut equal, mut arena) = (0, Bump::new());
    play(&folder.join(name).with_extension("scap"), |event| {
        arena.reset();
        let Some(fields) = alerts.get(&event.raw.time_ns) else {
            return;
        };
        let ty = first_value(extractors.get("evt.type"), event, &arena);
        let fields = fields.iter().filter(|fields| fields["evt.type"] == ty);
        for (field, falco) in fields.flat_map(|fields| fields.as_object().unwrap()) {
            // In output fields, the engine shows times as numbers.
            let is_time = field == "evt.time.iso8601";
            if is_time || !CLASSES.iter().any(|class| field.starts_with(class)) {
                continue;
            }
            let ours = first_value(extractors.get(field), event, &arena);
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
    equal
}
