//! Events of every type, with parameters that mean something and others: the seeds of the fuzz
//! target `syscall_events`.

#[path = "common/any_events.rs"]
mod any_events;

use std::collections::BTreeSet;
use std::path::Path;

use lanner_event::schema::{EventType, event_types};

/// An event of each type, as the target reads them: type, thread, how many parameters, and for
/// each parameter which of the target's values it has.
fn seeds() -> Vec<(String, Vec<u8>)> {
    let types: Vec<&'static EventType> = event_types().collect();
    let mut seeds = Vec::new();
    for (mode, name) in [(0, "live"), (1, "read")] {
        for (part, types) in types.chunks(any_events::MOST_EVENTS).enumerate() {
            let mut seed = vec![mode];
            for kind in types {
                let [low, high] = kind.code.to_le_bytes();
                let thread = 1 + (kind.code % 3) as u8;
                seed.extend([low, high, thread, 0]);
                let values =
                    (0..kind.params.len()).map(|at| (usize::from(kind.code) + 5 * at) % 12);
                seed.extend(values.map(|value| value as u8));
            }
            seeds.push((format!("{name}-{part}"), seed));
        }
    }
    seeds
}

/// `LANNER_WRITE_SEEDS=1` writes them.
#[test]
fn seeds_have_every_event_type() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/syscall_events");
    let writes = std::env::var_os("LANNER_WRITE_SEEDS").is_some();
    let all: BTreeSet<u16> = event_types().map(|kind| kind.code).collect();
    let (mut live, mut read) = (BTreeSet::new(), BTreeSet::new());
    for (name, seed) in seeds() {
        let path = folder.join(&name);
        if writes {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &seed).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == seed, "{name}");
        let codes = any_events::run(&seed);
        if seed[0] == 0 { &mut live } else { &mut read }.extend(codes);
    }
    assert_eq!(live, all);
    assert_eq!(read, all);
}
