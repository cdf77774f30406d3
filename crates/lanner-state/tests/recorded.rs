//! Threads of real captures, compared with what libs 0.20 (`*.fields.jsonl.gz`)
//! and alerts of Falco 0.44.1 (`*.upstream44-all.falco.jsonl`) said of them.

#[path = "common/replay.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod replay;

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use lanner_state::thread::Thread;
use lanner_state::{Context, State};
use lanner_testing::scap_folder;
use replay::play;
use serde_json::Value;

/// Values of fields by the time and type of the event.
type Rows = HashMap<(u64, String), Vec<Value>>;

fn insert(rows: &mut Rows, time: &str, row: Value) {
    let key = (
        row[time].as_u64().unwrap(),
        row["evt.type"].as_str().unwrap().to_owned(),
    );
    rows.entry(key).or_default().push(row);
}

/// The first rows that libs 0.20 wrote.
fn values(path: &Path, most: usize) -> Rows {
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    let mut rows = Rows::new();
    for line in lines.take(most) {
        let mut row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        // In libs 0.20, exit events had fewer descriptors.
        row.as_object_mut().unwrap().remove("fd.name");
        insert(&mut rows, "evt.rawtime", row);
    }
    // Of several events at one time, none is compared.
    rows.retain(|_, rows| rows.len() == 1);
    rows
}

/// The fields of alerts.
fn alerts(path: &Path) -> Rows {
    let mut rows = Rows::new();
    for line in BufReader::new(File::open(path).unwrap()).lines() {
        let mut alert: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let row = alert["output_fields"].take();
        insert(&mut rows, "evt.time.iso8601", row);
    }
    rows
}

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn joined<'t>(parts: impl Iterator<Item = &'t [u8]>) -> String {
    let parts = parts.map(String::from_utf8_lossy);
    parts.collect::<Vec<_>>().join(" ")
}

fn cmdline(thread: &Thread) -> Value {
    let args = thread.image.args.iter().map(|arg| &**arg);
    joined(std::iter::once(&*thread.image.comm).chain(args)).into()
}

/// The value, unless it stands for nothing.
fn unless<T: PartialEq + Into<Value>>(nothing: T, value: T) -> Value {
    if value == nothing {
        Value::Null
    } else {
        value.into()
    }
}

/// What fields of a thread are.
fn fields(state: &State, context: &Context, thread: &Thread) -> Vec<(&'static str, Value)> {
    let image = &thread.image;
    let of = |n, value: fn(&Thread) -> Value| state.ancestor(thread, n).map_or(Value::Null, value);
    let name = |n| of(n, |ancestor| text(&ancestor.image.comm));
    let cgroups = thread.cgroups.iter().map(|(subsystem, path)| {
        let path = String::from_utf8_lossy(path);
        format!("{}={path}", String::from_utf8_lossy(subsystem))
    });
    let cgroups = cgroups.collect::<Vec<_>>().join(" ");
    let container = state.containers.get(thread.container).unwrap();
    let of_container = container.metadata.as_ref();
    let user = state.users.user(thread.container, thread.uid);
    let user = match (user, thread.uid) {
        (Some(user), _) => text(&user.name),
        (None, 0) => "root".into(),
        (None, _) => "<NA>".into(),
    };
    let fd = context.fd.and_then(|number| state.fd(thread, number));
    let threads = state.group(thread).map_or(0, |group| group.living);
    vec![
        ("container.id", container.id.to_string().into()),
        (
            "container.name",
            of_container.map_or(Value::Null, |known| known.name.clone().into()),
        ),
        ("proc.name", text(&image.comm)),
        ("proc.exe", text(&image.exe)),
        ("proc.exepath", text(&image.exepath)),
        (
            "proc.args",
            joined(image.args.iter().map(|arg| &**arg)).into(),
        ),
        ("proc.cmdline", cmdline(thread)),
        ("proc.cwd", text(state.cwd(thread))),
        ("proc.pid", thread.pid.into()),
        ("proc.vpid", unless(-1, thread.vpid)),
        ("proc.sid", thread.sid.into()),
        ("proc.vpgid", thread.vpgid.into()),
        ("proc.tty", thread.tty.into()),
        ("proc.nthreads", threads.into()),
        ("proc.nchilds", state.secondary_threads(thread).into()),
        ("proc.pname", name(1)),
        ("proc.aname[2]", name(2)),
        ("proc.aname[3]", name(3)),
        ("proc.aname[4]", name(4)),
        ("proc.pcmdline", of(1, cmdline)),
        ("proc.acmdline[2]", of(2, cmdline)),
        ("proc.pexepath", of(1, |parent| text(&parent.image.exepath))),
        ("proc.apid[2]", of(2, |ancestor| ancestor.pid.into())),
        ("proc.exe_ino", unless(0, image.file.ino)),
        ("proc.is_exe_from_memfd", image.file.from_memfd.into()),
        ("proc.is_exe_writable", image.file.writable.into()),
        ("proc.is_exe_upper_layer", image.file.upper_layer.into()),
        ("thread.cgroups", unless(String::new(), cgroups)),
        ("thread.tid", thread.tid.into()),
        ("thread.vtid", unless(-1, thread.vtid)),
        ("thread.ismain", thread.is_main().into()),
        ("user.uid", thread.uid.into()),
        ("user.name", user),
        ("user.loginuid", i64::from(thread.loginuid as i32).into()),
        ("group.gid", thread.gid.into()),
        ("fd.name", fd.map_or(Value::Null, |fd| text(&fd.name))),
    ]
}

/// How many values were compared; of fields that differ, how often, and examples.
#[derive(Default)]
struct Comparison {
    compared: usize,
    differences: BTreeMap<&'static str, (usize, String)>,
}

impl Comparison {
    fn add(&mut self, state: &State, context: &Context, row: &Value) {
        let thread = context.thread.and_then(|tid| state.thread(tid));
        let Some(thread) = thread else {
            let theirs = row.get("thread.tid").unwrap_or(&Value::Null);
            self.value("thread", &Value::Null, theirs, row);
            return;
        };
        for (field, ours) in fields(state, context, thread) {
            if let Some(theirs) = row.get(field) {
                self.value(field, &ours, theirs, row);
            }
        }
    }

    fn value(&mut self, field: &'static str, ours: &Value, theirs: &Value, row: &Value) {
        self.compared += 1;
        if ours == theirs {
            return;
        }
        let (count, examples) = self.differences.entry(field).or_default();
        *count += 1;
        if *count < 4 {
            let event = (&row["evt.num"], &row["evt.type"]);
            *examples += &format!("{event:?}: {ours} for {theirs}; ");
        }
    }

    /// Compares the events of a capture with rows, up to the last row.
    fn run(&mut self, capture: &Path, rows: &Rows) {
        let end = rows.keys().map(|(time, _)| *time).max().unwrap_or(0);
        play(capture, end, |raw, kind, state, context| {
            let rows = rows.get(&(raw.time_ns, kind.name.to_owned()));
            for row in rows.into_iter().flatten() {
                self.add(state, context, row);
            }
        });
    }
}

/// Compares captures with rows that are made from their names.
fn agree(names: &[&str], rows: impl Fn(&Path) -> Rows) {
    let Some(folder) = scap_folder() else {
        return;
    };
    let mut comparison = Comparison::default();
    for name in names {
        let capture = folder.join(name);
        let rows = rows(&capture);
        comparison.run(&capture.with_extension("scap"), &rows);
        assert!(
            comparison.differences.is_empty(),
            "{name}: {:#?}",
            comparison.differences
        );
    }
    assert!(comparison.compared > 100, "{}", comparison.compared);
}

#[test]
fn threads_are_as_in_libs() {
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
        "mix-small",
    ];
    agree(&names, |capture| {
        values(&capture.with_extension("fields.jsonl.gz"), 4000)
    });
}

#[test]
#[ignore = "reads 100 MB of JSON"]
fn threads_of_a_large_capture_are_as_in_libs() {
    agree(&["mix-small"], |capture| {
        values(&capture.with_extension("fields.jsonl.gz"), usize::MAX)
    });
}

#[test]
#[ignore = "reads 3 million events"]
fn threads_are_as_in_alerts() {
    agree(&["mix-small", "mix-large", "test_ipv6_client"], |capture| {
        alerts(&capture.with_extension("upstream44-all.falco.jsonl"))
    });
}
