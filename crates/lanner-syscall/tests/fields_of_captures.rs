//! Fields of processes, users and containers in real captures, compared with
//! what Falco says of them: libs 0.20 of many events, and Falco 0.44.1 of those
//! that it alerts on. (`event_fields_of_captures.rs` compares those of events
//! and descriptors.)

mod common;

use std::collections::BTreeMap;

use bumpalo::Bump;
use common::{Extractors, alerts, by_event, first_value, names, play};
use lanner_syscall::SyscallEvent;
use lanner_testing::scap_folder;
use serde_json::Value as Json;

/// The classes that are compared.
const CLASSES: [&str; 6] = ["proc.", "thread.", "user.", "group.", "container.", "k8s."];

/// Whether two values may differ.
type May = fn(libs: &Json, ours: &Json) -> bool;

/// A field whose values may differ, how, and why.
type Change = (&'static str, May, &'static str);

/// What libs 0.25.4 says otherwise than 0.20.
const CHANGED: [Change; 1] = [(
    "proc.fdopencount",
    |libs, ours| ours.as_u64() < libs.as_u64(),
    "0.20 did not close descriptors on exec",
)];

/// Events that are no calls, and have no result.
const TRACEPOINTS: [&str; 4] = ["page_fault", "procexit", "signaldeliver", "switch"];

/// How often a field differs, and the first example.
type Differences = BTreeMap<String, (usize, String)>;

/// What was compared.
#[derive(Default)]
struct Comparison {
    extractors: Extractors,
    arena: Bump,
    values: usize,
    differences: Differences,
}

impl Comparison {
    /// Compares the fields of an event that `row` tells of.
    fn compare(&mut self, capture: &str, event: &SyscallEvent<'_>, row: &Json, changed: &[Change]) {
        self.arena.reset();
        for (field, libs) in row.as_object().unwrap() {
            if !CLASSES.iter().any(|class| field.starts_with(class)) {
                continue;
            }
            let ours = first_value(self.extractors.get(field), event, &self.arena);
            let is_change = |(name, may, _): &Change| name == field && may(libs, &ours);
            self.values += 1;
            if ours == *libs || changed.iter().any(is_change) {
                continue;
            }
            let (count, _) = self
                .differences
                .entry(field.clone())
                .or_insert_with(|| (0, example(capture, event, libs, &ours)));
            *count += 1;
        }
    }
}

fn example(capture: &str, event: &SyscallEvent<'_>, libs: &Json, ours: &Json) -> String {
    let (number, ty) = (event.number, event.kind.name);
    format!("{capture} #{number} {ty}: libs {libs}, ours {ours}")
}

#[test]
fn fields_are_those_of_libs() {
    let Some(folder) = scap_folder() else {
        return;
    };
    let ending = ".fields.jsonl.gz";
    let mut comparison = Comparison::default();
    let mut of_type = Extractors::default();
    for name in names(&folder, ending) {
        let mut rows = by_event(&folder.join(format!("{name}{ending}")));
        let mut arena = Bump::new();
        play(&folder.join(format!("{name}.scap")), |event| {
            arena.reset();
            let ty = first_value(of_type.get("evt.type"), event, &arena);
            let ty = ty.as_str().unwrap_or_default().to_owned();
            if let Some(row) = rows.remove(&(event.raw.time_ns, event.raw.tid, ty)) {
                comparison.compare(&name, event, &row, &CHANGED);
            }
        });
        // All that is left was recorded when a call was entered: 0.25.4 drops those.
        rows.retain(|(_, _, ty), row| {
            !row["evt.rawres"].is_null() || TRACEPOINTS.contains(&ty.as_str())
        });
        assert!(rows.is_empty(), "{name} lacks {:#?}", rows.values().next());
    }
    let Comparison {
        differences,
        values,
        ..
    } = comparison;
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(values > 1_000_000, "{values}");
}

#[test]
fn fields_are_those_of_alerts() {
    let Some(folder) = scap_folder() else {
        return;
    };
    let ending = ".upstream44-all.falco.jsonl";
    let mut comparison = Comparison::default();
    let mut of_type = Extractors::default();
    for name in names(&folder, ending) {
        let mut alerts = alerts(&folder.join(format!("{name}{ending}")));
        if alerts.is_empty() {
            continue;
        }
        let arena = Bump::new();
        play(&folder.join(format!("{name}.scap")), |event| {
            let Some(of_time) = alerts.get_mut(&event.raw.time_ns) else {
                return;
            };
            let ty = first_value(of_type.get("evt.type"), event, &arena);
            of_time.retain(|fields| {
                let is_of_event = fields["evt.type"] == ty;
                if is_of_event {
                    comparison.compare(&name, event, fields, &[]);
                }
                !is_of_event
            });
        });
        let left: Vec<Json> = alerts.into_values().flatten().collect();
        assert!(left.is_empty(), "{name}: no events for {left:#?}");
    }
    let Comparison {
        differences,
        values,
        ..
    } = comparison;
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(values > 1_000, "{values}");
}
