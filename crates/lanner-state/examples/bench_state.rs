//! How long the state takes for each event of a capture:
//! `cargo run --release --example bench_state -- FILE`.

use std::fs::File;
use std::time::{Duration, Instant};

use lanner_event::schema::event_type;
use lanner_scap::{Item, Options, Reader};
use lanner_state::State;

/// Reads a capture; with a state, brings it up to date. Gives the number of events.
fn read(path: &str, mut state: Option<&mut State>) -> u64 {
    let file = File::open(path).expect("a file that can be read");
    let mut reader = Reader::new(Box::new(file), Options::default()).expect("a capture");
    let mut events = 0;
    while let Some(item) = reader.next().expect("a sound capture") {
        let raw = match (item, &mut state) {
            (Item::Event(raw), _) => raw,
            (Item::Machine(machine), Some(state)) => {
                state.seed_machine(machine);
                continue;
            }
            (Item::Process(process), Some(state)) => {
                state.seed_process(*process);
                continue;
            }
            (Item::Descriptors { tid, list }, Some(state)) => {
                state.seed_descriptors(tid, list);
                continue;
            }
            _ => continue,
        };
        events += 1;
        if let Some(state) = &mut state {
            if events == 1 {
                state.finish_seeding();
            }
            if let Some(kind) = event_type(raw.code) {
                let context = state.before(&raw, kind);
                state.after(&raw, &context);
            }
        }
    }
    events
}

fn timed(work: impl FnOnce() -> u64) -> (u64, Duration) {
    let start = Instant::now();
    let events = work();
    (events, start.elapsed())
}

fn main() {
    let path = std::env::args().nth(1).expect("a capture");
    for _ in 0..3 {
        let (events, plain) = timed(|| read(&path, None));
        let mut state = State::default();
        let (_, full) = timed(|| read(&path, Some(&mut state)));
        let each = full.saturating_sub(plain).as_nanos() / u128::from(events.max(1));
        println!(
            "{events} events: {plain:?} to read, {full:?} with state: {each} ns for each; {:?}",
            state.counters
        );
    }
}
