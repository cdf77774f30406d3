//! Descriptors of real captures, compared with what libs 0.20 said of them.

#[path = "common/replay.rs"]
mod replay;

use std::collections::BTreeMap;
use std::path::Path;

use lanner_state::fd::{Ends, Fd, FdType, L4, flags};
use lanner_state::thread::Thread;
use lanner_testing::scap_folder;
use replay::{Seen, play, replay};
use serde_json::Value;

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Fields that everything has.
fn of_all(fd: &Fd) -> Vec<(&'static str, Value)> {
    let l4 = match fd.l4proto() {
        L4::Tcp => "tcp".into(),
        L4::Udp => "udp".into(),
        L4::Icmp => "icmp".into(),
        L4::Raw => "raw".into(),
        _ => "<NA>".into(),
    };
    vec![
        ("fd.type", fd.kind.name().into()),
        ("fd.typechar", fd.kind.type_char().to_string().into()),
        ("fd.name", text(&fd.name)),
        ("fd.ino", fd.ino.into()),
        ("fd.dev", format!("{:X}", fd.dev).into()),
        ("fd.connected", fd.has(flags::CONNECTED).into()),
        ("fd.l4proto", l4),
    ]
}

/// Fields of connections and servers.
fn of_sockets(fd: &Fd) -> Vec<(&'static str, Value)> {
    match fd.ends {
        Ends::Internet {
            source,
            destination,
        } if !fd.has_no_role() => vec![
            ("fd.cip", source.0.to_string().into()),
            ("fd.cport", source.1.into()),
            ("fd.sip", destination.0.to_string().into()),
            ("fd.sport", destination.1.into()),
        ],
        Ends::Server { local } => vec![
            ("fd.cip", Value::Null),
            ("fd.sip", local.0.to_string().into()),
            ("fd.sport", local.1.into()),
        ],
        _ => vec![],
    }
}

/// Fields of a process's descriptors.
fn of_process(seen: &Seen, thread: &Thread) -> Vec<(&'static str, Value)> {
    let fds = seen.state.fds(thread);
    let get = |number| fds.and_then(|fds| fds.get(number));
    let kind = |number| get(number).map_or(Value::Null, |fd: &Fd| fd.kind.name().into());
    vec![
        ("proc.stdin.type", kind(0)),
        ("proc.stdout.type", kind(1)),
        (
            "proc.stdin.name",
            get(0).map_or(Value::Null, |fd| text(&fd.name)),
        ),
    ]
}

/// Whether libs 0.25 says more, or something else, than 0.20 of an event's descriptor.
fn is_newer(seen: &Seen, fd: Option<&Fd>) -> bool {
    let raw = &seen.raw;
    // 0.20 took over the address when connect was entered, also of those that failed.
    let is_unconnected = fd.is_some_and(|fd| fd.kind == FdType::Unix && fd.name.is_empty());
    match seen.kind.name {
        "connect" => seen.kind.is_enter || raw.i64(0).is_some_and(|result| result < 0),
        // 0.20 did not know that these are about descriptors.
        "newfstatat" | "mkdirat" | "mknodat" | "unlinkat" | "setsockopt" => true,
        // When 0.20 looked for the directory, it took that for what the event is about.
        "openat" | "openat2" => !seen.kind.is_enter && raw.i64(1).is_some_and(|dirfd| dirfd >= 0),
        // 0.20 did not make up sockets.
        "sendmsg" => seen.row["fd.type"].is_null(),
        _ => seen.row["fd.num"].is_null() || is_unconnected,
    }
}

fn fields(seen: &Seen) -> Vec<(&'static str, Value)> {
    let Some(thread) = seen.context.thread.and_then(|tid| seen.state.thread(tid)) else {
        return vec![];
    };
    let mut fields = of_process(seen, thread);
    // 0.20 did not close descriptors on exec.
    let open = seen
        .state
        .leader(thread)
        .map_or(0, |leader| leader.fds.len());
    if seen.row["proc.fdopencount"].as_u64() < Some(open as u64) {
        fields.push(("proc.fdopencount", open.into()));
    }
    let number = seen.context.fd;
    let fd = number.and_then(|number| seen.state.fd(thread, number));
    if is_newer(seen, fd) {
        return fields;
    }
    fields.push(("fd.num", number.map_or(Value::Null, Value::from)));
    match fd {
        Some(fd) => {
            fields.extend(of_all(fd));
            fields.extend(of_sockets(fd));
            if matches!(fd.kind, FdType::FileV2 | FdType::Directory) && !fd.raw_name.is_empty() {
                fields.push(("fd.nameraw", text(&fd.raw_name)));
            }
        }
        None => fields.push(("fd.type", Value::Null)),
    }
    fields
}

/// How often a field differs, and examples.
type Differences = BTreeMap<String, (usize, String)>;

fn compare(folder: &Path, name: &str, most: usize) -> (usize, Differences) {
    let (mut compared, mut differences) = (0, Differences::new());
    replay(folder, name, most, |seen| {
        compared += 1;
        for (field, ours) in fields(&seen) {
            let theirs = &seen.row[field];
            if *theirs == ours {
                continue;
            }
            let entry = differences.entry(field.to_owned()).or_default();
            entry.0 += 1;
            if entry.0 < 4 {
                entry.1 += &format!(
                    "\n    event {} {}: {ours} for {theirs} (tid {})",
                    seen.row["evt.num"], seen.kind.name, seen.raw.tid
                );
            }
        }
    });
    (compared, differences)
}

fn agrees(name: &str, most: usize) {
    let Some(folder) = scap_folder() else {
        return;
    };
    let (compared, differences) = compare(&folder, name, most);
    assert!(differences.is_empty(), "{name}: {differences:#?}");
    assert!(compared > 0 || name == "empty");
}

#[test]
fn captures_agree_with_libs() {
    let names = [
        "cat_write",
        "connect_localhost",
        "curl_google",
        "empty",
        "open-multiple-files",
        "ping_sendto",
        "single_ipv6_conn",
        "syscall",
        "test_ipv6_client",
    ];
    for name in names {
        agrees(name, usize::MAX);
    }
    agrees("mix-small", 4000);
}

#[test]
#[ignore = "reads 100 MB of JSON"]
fn a_large_capture_agrees_with_libs() {
    agrees("mix-small", usize::MAX);
}

/// The names of descriptors in the alerts of Falco 0.44.1, whose libs are 0.25.4.
#[test]
fn names_are_those_of_alerts() {
    let Some(folder) = scap_folder() else {
        return;
    };
    let mut compared = 0;
    for name in ["test_ipv6_client", "mix-small"] {
        let alerts = folder.join(format!("{name}.upstream44-all.falco.jsonl"));
        let alerts = std::fs::read_to_string(alerts).unwrap();
        let alerts = alerts.lines().map(|line| {
            let alert: Value = serde_json::from_str(line).unwrap();
            let fields = &alert["output_fields"];
            let time = fields["evt.time.iso8601"].as_u64().unwrap();
            let kind = fields["evt.type"].as_str().unwrap().to_owned();
            ((time, kind), fields["fd.name"].clone())
        });
        let names: BTreeMap<_, _> = alerts.filter(|(_, name)| !name.is_null()).collect();
        let capture = folder.join(name).with_extension("scap");
        play(&capture, u64::MAX, |raw, kind, state, context| {
            let Some(expected) = names.get(&(raw.time_ns, kind.name.to_owned())) else {
                return;
            };
            let thread = context.thread.and_then(|tid| state.thread(tid)).unwrap();
            let fd = context.fd.and_then(|number| state.fd(thread, number));
            assert_eq!(
                fd.map(|fd| text(fd.name())),
                Some(expected.clone()),
                "{name}"
            );
            compared += 1;
        });
    }
    assert!(compared >= 5);
}
