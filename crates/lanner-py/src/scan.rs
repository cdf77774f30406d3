//! `Scan`: inputs read one after the other, in batches.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use lanner_kube::reader::InputError;
use lanner_kube::{Input, ScanOptions, Scanner};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::engine::Engine;
use crate::errors::invalid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// `None` is standard input.
    paths: Vec<Option<String>>,
    dedup: bool,
    since_ns: Option<i64>,
    until_ns: Option<i64>,
    max_record_bytes: usize,
    batch_bytes: usize,
}

struct State {
    scanner: Scanner,
    finished: bool,
    errors_told: usize,
    matched_before: Vec<u64>,
}

/// A scan of several inputs in constant memory.
#[pyclass(module = "lanner._native", frozen)]
pub struct Scan {
    engine: Py<Engine>,
    state: Mutex<State>,
    batch_bytes: usize,
}

#[derive(Serialize)]
struct Stats {
    events: u64,
    bytes: u64,
    read: u64,
    skipped: u64,
    truncated: u64,
    duplicates: u64,
    out_of_window: u64,
    ignored: u64,
    dedup_window_exceeded: bool,
    input_errors: usize,
    matches: Vec<u64>,
}

fn time(ns: Option<i64>) -> Option<u64> {
    ns.map(|ns| u64::try_from(ns).unwrap_or(0))
}

fn matched(engine: &Engine) -> Vec<u64> {
    let counters = engine.state().matcher.counters();
    counters.rules.iter().map(|rule| rule.matched).collect()
}

#[pymethods]
impl Scan {
    #[new]
    fn new(engine: Py<Engine>, options: &[u8]) -> PyResult<Self> {
        let options: Options = serde_json::from_slice(options).map_err(invalid)?;
        let inputs = options.paths.into_iter().map(|path| match path {
            Some(path) => Input::Path(PathBuf::from(path)),
            None => Input::Stdin,
        });
        let scanner = Scanner::new(
            inputs.collect(),
            ScanOptions {
                dedup: options.dedup,
                since_ns: time(options.since_ns),
                until_ns: time(options.until_ns),
                max_record_bytes: options.max_record_bytes,
                ..ScanOptions::default()
            },
        );
        let matched_before = matched(engine.get());
        let state = State {
            scanner,
            finished: false,
            errors_told: 0,
            matched_before,
        };
        Ok(Self {
            engine,
            state: Mutex::new(state),
            batch_bytes: options.batch_bytes.max(1),
        })
    }

    /// The next batch, or None at the end. Releases the GIL.
    fn next(&self, py: Python<'_>) -> Option<Batch> {
        let engine = self.engine.get();
        py.detach(|| {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.finished {
                return None;
            }
            let mut matching = engine.state();
            let mut alerts = matching.matcher.batch();
            let before = state.scanner.stats().total;
            let step = state.scanner.step(self.batch_bytes, &mut |event| {
                matching.event(event, &mut alerts)
            });
            // An input that fails is told below; the scan goes on with the next.
            state.finished = step.is_ok_and(|progress| progress.finished);
            let stats = state.scanner.stats();
            let (events, stored) = (
                stats.total.events - before.events,
                stats.total.stored_bytes - before.stored_bytes,
            );
            let errors: Vec<InputError> = state
                .scanner
                .stats()
                .inputs
                .into_iter()
                .filter_map(|input| input.error)
                .collect();
            let new = errors[state.errors_told..].to_vec();
            state.errors_told = errors.len();
            Some(Batch::new(alerts, events, stored, &mut state.scanner, new))
        })
    }

    /// Counters so far, as JSON.
    fn stats<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = state.scanner.stats();
        let matches = matched(self.engine.get());
        let stats = Stats {
            events: stats.total.events,
            bytes: stats.total.bytes,
            read: stats.total.stored_bytes,
            skipped: stats.total.skipped,
            truncated: stats.total.truncated,
            duplicates: stats.total.duplicates,
            out_of_window: stats.total.filtered,
            ignored: stats.total.ignored,
            dedup_window_exceeded: stats.dedup_overflowed,
            input_errors: stats
                .inputs
                .iter()
                .filter(|input| input.error.is_some())
                .count(),
            matches: matches
                .iter()
                .zip(&state.matched_before)
                .map(|(now, before)| now - before)
                .collect(),
        };
        PyBytes::new(py, &serde_json::to_vec(&stats).unwrap_or_default())
    }
}

/// Time (ns since the epoch) of the first audit event in a file.
#[pyfunction]
pub fn first_event_time(py: Python<'_>, path: PathBuf) -> Option<u64> {
    // a file that cannot be read is reported when it is scanned
    py.detach(|| lanner_kube::first_event_time(&path).ok().flatten())
}
