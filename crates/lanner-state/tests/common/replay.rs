//! Recorded captures with what libs 0.20 said of their events
//! (`*.fields.jsonl.gz`).

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use lanner_event::RawEvent;
use lanner_event::schema::{EventType, event_type};
use lanner_scap::{Item, Options, Reader};
use lanner_state::{Context, State};
use serde_json::Value;

/// An event that there is a row of.
pub struct Seen<'e> {
    pub raw: RawEvent<'e>,
    pub kind: &'static EventType,
    pub state: &'e State,
    pub context: &'e Context,
    pub row: &'e Value,
}

type Key = (u64, u64, String);

/// The first rows by time, CPU and event type; none where that is not enough to tell them.
fn rows(path: &Path, most: usize) -> HashMap<Key, Option<Value>> {
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    let mut rows = HashMap::new();
    for line in lines.take(most) {
        let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let key = (
            row["evt.rawtime"].as_u64().unwrap(),
            row["evt.cpu"].as_u64().unwrap(),
            row["evt.type"].as_str().unwrap().to_owned(),
        );
        rows.entry(key)
            .and_modify(|row| *row = None)
            .or_insert(Some(row));
    }
    rows
}

/// Shows each event that has a row.
pub fn replay(folder: &Path, name: &str, most: usize, mut look: impl FnMut(Seen<'_>)) {
    let capture = folder.join(name).with_extension("scap");
    let rows = rows(&capture.with_extension("fields.jsonl.gz"), most);
    let end = rows.keys().map(|(time, ..)| *time).max().unwrap_or(0);
    play(&capture, end, |raw, kind, state, context| {
        let key = (raw.time_ns, u64::from(raw.cpu), kind.name.to_owned());
        if let Some(Some(row)) = rows.get(&key) {
            look(Seen {
                raw: *raw,
                kind,
                state,
                context,
                row,
            });
        }
    });
}

/// Shows each event of a capture up to a time.
pub fn play(
    capture: &Path,
    end: u64,
    mut look: impl FnMut(&RawEvent, &'static EventType, &State, &Context),
) {
    let file = File::open(capture).unwrap();
    let mut reader = Reader::new(Box::new(file), Options::default()).unwrap();
    let mut state = State::default();
    let mut is_seeded = false;
    while let Some(item) = reader.next().unwrap() {
        let Some(raw) = seed(&mut state, item) else {
            continue;
        };
        if !is_seeded {
            state.finish_seeding();
            is_seeded = true;
        }
        if raw.time_ns > end {
            break;
        }
        let kind = event_type(raw.code).unwrap();
        let context = state.before(&raw, kind);
        look(&raw, kind, &state, &context);
        state.after(&raw, &context);
    }
}

/// Takes in everything that is not an event.
fn seed<'e>(state: &mut State, item: Item<'e>) -> Option<RawEvent<'e>> {
    match item {
        Item::Event(raw) => return Some(raw),
        Item::Section => {}
        Item::Machine(machine) => state.seed_machine(machine),
        Item::Interface(interface) => state.seed_interface(interface),
        Item::User(user) => state.seed_user(user),
        Item::Group(group) => state.seed_group(group),
        Item::Process(process) => state.seed_process(*process),
        Item::Descriptors { tid, list } => state.seed_descriptors(tid, list),
    }
    None
}
