//! Captures of real machines, played event by event.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use bumpalo::Bump;
use flate2::read::GzDecoder;
use lanner_event::text::sanitize;
use lanner_event::{EventSource, Value, Values};
use lanner_scap::{Options, Reader};
use lanner_syscall::{Pipeline, SyscallEvent, SyscallSource};
use serde_json::Value as Json;

/// A field with its argument, ready to be asked for.
pub type Extractor = <SyscallSource as EventSource>::Extractor;

/// The names of all files with an ending, without it, in order.
pub fn names(folder: &Path, ending: &str) -> Vec<String> {
    let files = folder.read_dir().unwrap().flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            name.strip_suffix(ending).map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

/// The rows of a file with one JSON object a line, compressed or not.
pub fn rows(path: &Path) -> Vec<Json> {
    let file = File::open(path).unwrap();
    let is_compressed = path.extension().is_some_and(|ending| ending == "gz");
    let content: Box<dyn Read> = if is_compressed {
        Box::new(GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let lines = BufReader::new(content).lines();
    lines
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect()
}

/// What tells events apart: time, thread and type.
pub type Key = (u64, i64, String);

/// The rows of a capture by their events. Some events of a thread share a time:
/// they cannot be told apart, and are left out.
pub fn by_event(path: &Path) -> HashMap<Key, Json> {
    let mut by_event: HashMap<Key, Vec<Json>> = HashMap::new();
    for row in rows(path) {
        let time = row["evt.rawtime"].as_u64().unwrap();
        let tid = row["thread.tid"].as_i64().unwrap_or(-1);
        let ty = row["evt.type"].as_str().unwrap().to_owned();
        by_event.entry((time, tid, ty)).or_default().push(row);
    }
    let single = |(key, mut rows): (Key, Vec<Json>)| match rows.len() {
        1 => Some((key, rows.pop()?)),
        _ => None,
    };
    by_event.into_iter().filter_map(single).collect()
}

/// The output fields of Falco's alerts of a capture, by the time of the event.
pub fn alerts(path: &Path) -> HashMap<u64, Vec<Json>> {
    let mut alerts: HashMap<u64, Vec<Json>> = HashMap::new();
    for mut alert in rows(path) {
        let fields = alert["output_fields"].take();
        let time = fields["evt.time.iso8601"].as_u64().unwrap();
        alerts.entry(time).or_default().push(fields);
    }
    alerts
}

/// Plays a capture.
pub fn play(capture: &Path, mut on_event: impl FnMut(&SyscallEvent<'_>)) {
    let file = Box::new(File::open(capture).unwrap());
    let mut reader = Reader::new(file, Options::default()).unwrap();
    let mut pipeline = Pipeline::default();
    while let Some(item) = reader.next().unwrap() {
        pipeline.item(item, &mut on_event);
    }
}

/// Extractors by the names of fields as outputs write them: `proc.aname[2]`,
/// `evt.arg.flags`.
#[derive(Default)]
pub struct Extractors(HashMap<String, Extractor>);

impl Extractors {
    /// The extractor of a field.
    pub fn get(&mut self, field: &str) -> &Extractor {
        let known = self.0.entry(field.to_owned());
        known.or_insert_with_key(|field| {
            let (name, argument) = split(field);
            SyscallSource::compile(name, argument).unwrap()
        })
    }
}

fn split(field: &str) -> (&str, Option<&str>) {
    for base in ["evt.arg", "evt.rawarg", "thread.cgroup"] {
        let rest = field.strip_prefix(base);
        if let Some(argument) = rest.and_then(|rest| rest.strip_prefix('.')) {
            return (base, Some(argument));
        }
    }
    match field.split_once('[') {
        Some((name, argument)) => (name, argument.strip_suffix(']')),
        None => (field, None),
    }
}

/// The first value of a field as Falco's JSON has it.
pub fn first_value(extractor: &Extractor, event: &SyscallEvent<'_>, arena: &Bump) -> Json {
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
