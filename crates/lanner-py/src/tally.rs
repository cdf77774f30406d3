//! `Tally`: tables of what audit logs hold, counted while they are read.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lanner_engine::{Alerts, Groups, Limits};
use lanner_kube::event::Key;
use lanner_kube::time::parse_rfc3339;
use lanner_kube::{AuditEvent, KubeSource, Requests};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::engine::Matching;
use crate::errors::invalid;
use crate::logs::{self, Logs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    logs: logs::Options,
    /// By rule of the plan.
    tables: Vec<TableOptions>,
    /// Most groups of a table, and most bytes of their values.
    max_groups: usize,
    max_bytes: usize,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableOptions {
    /// The time of requests, rounded down to so many nanoseconds, is the first value.
    bucket_ns: Option<u64>,
    /// Of each group, so many audit IDs are kept.
    ids: usize,
}

struct Table {
    bucket_ns: Option<u64>,
    groups: Groups,
}

/// What one event says to the tables.
#[derive(Default)]
struct Entry {
    time_ns: u64,
    id: Vec<u8>,
    /// Values as JSON arrays, one behind the other.
    values: Vec<u8>,
    /// Table, and where its values end.
    rows: Vec<(usize, usize)>,
}

impl Entry {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.id.len() + self.values.len()
    }

    /// Makes it that of an event, without rows.
    fn begin(&mut self, event: &AuditEvent<'_>) {
        self.time_ns = request_time(event);
        self.values.clear();
        self.rows.clear();
        self.id.clear();
        if let Some(id) = event.get(Key::AuditId).and_then(|id| id.string()) {
            self.id.extend_from_slice(&id);
        }
    }

    fn count_in(&self, tables: &mut [Table]) {
        let mut start = 0;
        for &(table, end) in &self.rows {
            let values = &self.values[start..end];
            tables[table].groups.add(values, self.time_ns, &self.id);
            start = end;
        }
    }
}

/// Appends values as a JSON array.
fn push_row<'v>(
    bucket_ns: Option<u64>,
    time_ns: u64,
    values: impl Iterator<Item = &'v [u8]>,
    out: &mut Vec<u8>,
) {
    out.push(b'[');
    let start = out.len();
    if let Some(bucket) = bucket_ns {
        let time = time_ns - time_ns % bucket.max(1);
        out.extend_from_slice(time.to_string().as_bytes());
    }
    for value in values {
        if out.len() > start {
            out.push(b',');
        }
        out.extend_from_slice(value);
    }
    out.push(b']');
}

/// When the request came.
fn request_time(event: &AuditEvent<'_>) -> u64 {
    event
        .get(Key::RequestReceivedTimestamp)
        .and_then(|stamp| parse_rfc3339(&stamp.string()?))
        .unwrap_or(event.time_ns())
}

/// How many events of all there are of each level and stage.
#[derive(Default)]
struct Census(Vec<Kind>);

#[derive(Serialize)]
struct Kind {
    /// Empty where the event has none.
    level: String,
    stage: String,
    events: u64,
    first_ns: u64,
    last_ns: u64,
}

impl Census {
    /// There are 12; a log that has more is made up, and the rest is counted as the last kind.
    const MOST: usize = 64;

    fn add(&mut self, event: &AuditEvent<'_>) {
        let text = |key| {
            let raw = event.get(key).and_then(|node| node.string_raw());
            raw.unwrap_or_default()
        };
        let (level, stage) = (text(Key::Level), text(Key::Stage));
        let time_ns = event.time_ns();
        let is_it = |kind: &Kind| kind.level.as_bytes() == level && kind.stage.as_bytes() == stage;
        let at = match self.0.iter().position(is_it) {
            Some(at) => at,
            None if self.0.len() == Self::MOST => Self::MOST - 1,
            None => {
                self.0.push(Kind {
                    level: String::from_utf8_lossy(level).into_owned(),
                    stage: String::from_utf8_lossy(stage).into_owned(),
                    events: 0,
                    first_ns: time_ns,
                    last_ns: time_ns,
                });
                self.0.len() - 1
            }
        };
        let kind = &mut self.0[at];
        kind.events += 1;
        kind.first_ns = kind.first_ns.min(time_ns);
        kind.last_ns = kind.last_ns.max(time_ns);
    }
}

/// What events go through.
struct Counting {
    matching: Matching<KubeSource>,
    matches: Alerts,
    requests: Requests<Entry>,
    tables: Vec<Table>,
    /// Space for an entry: most are needed for one event only.
    spare: Entry,
    census: Census,
}

impl Counting {
    /// Takes what an event says into the tables.
    fn event(&mut self, event: &AuditEvent<'_>) {
        self.census.add(event);
        self.matches.clear();
        self.matching.event(event, &mut self.matches);
        let mut entry = None;
        for (table, values) in self.matches.rows() {
            let entry = entry.get_or_insert_with(|| {
                let mut entry = std::mem::take(&mut self.spare);
                entry.begin(event);
                entry
            });
            push_row(
                self.tables[table].bucket_ns,
                entry.time_ns,
                values,
                &mut entry.values,
            );
            entry.rows.push((table, entry.values.len()));
        }
        let (tables, spare) = (&mut self.tables, &mut self.spare);
        self.requests.take(event, entry, &mut |entry| {
            entry.count_in(tables);
            *spare = entry;
        });
    }

    /// Counts the requests whose last stage did not come.
    fn finish(&mut self) {
        let tables = &mut self.tables;
        self.requests.finish(&mut |entry| entry.count_in(tables));
    }
}

struct State {
    logs: Logs,
    counting: Counting,
}

impl State {
    fn step(&mut self) -> Option<Batch> {
        let Self { logs, counting } = self;
        let findings = logs.step(&mut |event| counting.event(event));
        if findings.is_none() {
            counting.finish();
        }
        findings.map(Batch::without_alerts)
    }
}

#[derive(Serialize)]
struct Counters<'a> {
    #[serde(flatten)]
    logs: logs::Counters,
    census: &'a [Kind],
}

/// Reads audit logs in constant memory, and counts.
#[pyclass(module = "lanner._native", frozen)]
pub struct Tally {
    state: Mutex<State>,
}

impl Tally {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Tally {
    #[new]
    fn new(plan: &[u8], options: &[u8]) -> PyResult<Self> {
        let options: Options = serde_json::from_slice(options).map_err(invalid)?;
        let matching = Matching::new(plan)?;
        if matching.matcher.rules().len() != options.tables.len() {
            return Err(invalid("a table is missing, or there is one too many"));
        }
        let tables = options.tables.into_iter().map(|table| Table {
            bucket_ns: table.bucket_ns,
            groups: Groups::new(Limits {
                groups: options.max_groups,
                bytes: options.max_bytes,
                ids: table.ids,
            }),
        });
        let state = State {
            logs: Logs::new(options.logs),
            counting: Counting {
                matches: matching.matcher.batch(),
                matching,
                requests: Requests::new(Entry::bytes),
                tables: tables.collect(),
                spare: Entry::default(),
                census: Census::default(),
            },
        };
        Ok(Self {
            state: Mutex::new(state),
        })
    }

    /// Reads on; None at the end. Releases the GIL.
    fn next(&self, py: Python<'_>) -> Option<Batch> {
        py.detach(|| self.state().step())
    }

    /// The tables so far, as JSON.
    fn tables<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut out = Vec::from(b"[");
        for (index, table) in self.state().counting.tables.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let left_out = table.groups.left_out();
            out.extend_from_slice(format!("{{\"left_out\":{left_out},\"groups\":").as_bytes());
            table.groups.write_json(&mut out);
            out.push(b'}');
        }
        out.push(b']');
        PyBytes::new(py, &out)
    }

    /// Counters so far, as JSON.
    fn stats<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let state = self.state();
        let counters = Counters {
            logs: state.logs.counters(),
            census: &state.counting.census.0,
        };
        PyBytes::new(py, &serde_json::to_vec(&counters).unwrap_or_default())
    }
}
