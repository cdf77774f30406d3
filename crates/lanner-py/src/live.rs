//! `Live`: system calls of the running kernel, matched as they come.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lanner_engine::Alerts;
use lanner_event::RawEvent;
use lanner_probe::{Options as ProbeOptions, Probe};
use lanner_scap::Item;
use lanner_syscall::Pipeline;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Findings};
use crate::engine::{Engine, State as Matchers};
use crate::errors::{invalid, reason};
use crate::writing::{self, Choice, Fate, OutputCapture};

/// So many events are matched before it is looked whether there were alerts.
const EVENTS_A_TURN: usize = 4096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Names of the system calls to watch.
    calls: Vec<String>,
    /// Size of the ring: a power of two.
    ring_bytes: u32,
    /// Seconds that local time is ahead of UTC, for `evt.time`.
    utc_offset: i32,
    /// A capture to be written.
    write: Option<writing::Options>,
}

struct State {
    probe: Probe,
    pipeline: Pipeline,
    writing: Option<(Choice, OutputCapture)>,
    counts: Counts,
    matched_before: Vec<u64>,
}

/// What was counted besides what the probe counts.
#[derive(Clone, Copy, Default)]
struct Counts {
    events: u64,
    written: u64,
    written_for_state: u64,
}

#[derive(Serialize)]
struct Stats {
    events: u64,
    dropped: BTreeMap<&'static str, u64>,
    malformed: u64,
    unreadable: u64,
    truncated: u64,
    threads: usize,
    unknown_threads: u64,
    dropped_threads: u64,
    written: u64,
    written_for_state: u64,
    matches: Vec<u64>,
}

/// Watches the running kernel.
#[pyclass(module = "lanner._native", frozen)]
pub struct Live {
    engine: Py<Engine>,
    state: Mutex<State>,
}

impl State {
    /// What is there at the beginning goes to the state and to the capture.
    fn begin(&mut self, item: Item<'_>) -> io::Result<()> {
        if let Some((_, output)) = &mut self.writing {
            output.item(&item)?;
        }
        self.pipeline.item(item, |_| {});
        Ok(())
    }

    /// Matches what waits, at most a turn of it; how many events there were.
    fn turn(&mut self, matchers: &mut Matchers, alerts: &mut Alerts) -> io::Result<usize> {
        let Self {
            probe,
            pipeline,
            writing,
            counts,
            ..
        } = self;
        let mut failed = Ok(());
        let count = probe.read(EVENTS_A_TURN, |raw| {
            counts.events += 1;
            let written = event(pipeline, raw, matchers, alerts, writing.as_mut(), counts);
            if let Err(error) = written {
                *writing = None;
                failed = Err(error);
            }
        });
        failed.map(|()| count)
    }
}

/// Takes one event: matched, and written if it was chosen.
fn event(
    pipeline: &mut Pipeline,
    raw: &RawEvent<'_>,
    matchers: &mut Matchers,
    alerts: &mut Alerts,
    writing: Option<&mut (Choice, OutputCapture)>,
    counts: &mut Counts,
) -> io::Result<()> {
    let Some((choice, output)) = writing else {
        pipeline.event(raw, |event| {
            matchers.syscall.event(event, alerts);
        });
        return Ok(());
    };
    let mut fate = Fate::Hidden;
    let is_needed = pipeline.event(raw, |event| {
        let has_alert = matchers.syscall.event(event, alerts);
        fate = if choice.takes(event, has_alert) {
            Fate::Chosen
        } else {
            Fate::Shown
        };
    });
    let written = output.event(raw, fate, is_needed)?;
    match fate {
        Fate::Chosen => counts.written += 1,
        _ => counts.written_for_state += u64::from(written),
    }
    Ok(())
}

/// What goes wrong here is for people.
fn failure(error: impl ToString) -> PyErr {
    PyOSError::new_err(error.to_string())
}

impl Live {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Live {
    /// Loads the probe; nothing is watched yet.
    #[new]
    fn new(py: Python<'_>, engine: Py<Engine>, options: &[u8]) -> PyResult<Self> {
        let options: Options = serde_json::from_slice(options).map_err(invalid)?;
        let probe = ProbeOptions {
            ring_bytes: options.ring_bytes,
        };
        let calls = options.calls;
        let probe = py
            .detach(|| {
                let mut probe = Probe::load(probe)?;
                probe.watch(calls.iter().map(String::as_str))?;
                Ok(probe)
            })
            .map_err(|error: lanner_probe::Error| failure(error))?;
        let writing = options
            .write
            .map(|write| writing::begin(write, &VecDeque::new()))
            .transpose()?;
        let state = State {
            probe,
            pipeline: Pipeline::new(options.utc_offset),
            writing,
            counts: Counts::default(),
            matched_before: engine.get().state().matched(),
        };
        Ok(Self {
            engine,
            state: Mutex::new(state),
        })
    }

    /// Begins to watch: events come from now on, and then the lists of what is there already.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            let mut state = self.state();
            if let Some((_, output)) = &mut state.writing {
                output.section().map_err(failure)?;
            }
            state.probe.attach().map_err(failure)?;
            Ok(())
        })
    }

    /// Alerts and findings: waits at most so many milliseconds for alerts.
    fn next(&self, py: Python<'_>, timeout_ms: u64) -> PyResult<Batch> {
        let engine = self.engine.get();
        py.detach(|| {
            let mut state = self.state();
            let mut matchers = engine.state();
            let mut alerts = matchers.syscall.matcher.batch();
            let deadline = Instant::now() + Duration::from_millis(timeout_ms);
            let before = state.counts.events;
            loop {
                let count = state.turn(&mut matchers, &mut alerts).map_err(failure)?;
                let left = deadline.saturating_duration_since(Instant::now());
                if !alerts.is_empty() || left.is_zero() {
                    break;
                }
                if count < EVENTS_A_TURN {
                    state.probe.wait(left).map_err(failure)?;
                }
            }
            let findings = Findings {
                events: state.counts.events - before,
                ..Findings::default()
            };
            Ok(Batch::new(alerts, findings))
        })
    }

    /// Stops watching; what is still in the ring comes with [`Live::drain`].
    fn stop(&self) {
        self.state().probe.detach();
    }

    /// What was left in the ring, a turn of it; None when there is nothing more.
    fn drain(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let engine = self.engine.get();
        py.detach(|| {
            let mut state = self.state();
            let mut matchers = engine.state();
            let mut alerts = matchers.syscall.matcher.batch();
            let count = state.turn(&mut matchers, &mut alerts).map_err(failure)?;
            let findings = Findings {
                events: count as u64,
                ..Findings::default()
            };
            Ok((count > 0).then(|| Batch::new(alerts, findings)))
        })
    }

    /// Completes the capture, if one is written.
    fn finish(&self) -> PyResult<()> {
        if let Some((_, output)) = self.state().writing.take() {
            let name = output.name.clone();
            let finished = output.finish();
            finished.map_err(|error| failure(format!("{name}: {}", reason(&error))))?;
        }
        Ok(())
    }

    /// Counters so far, as JSON.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let state = self.state();
        let probe = state.probe.counters().map_err(failure)?;
        let tables = state.pipeline.state();
        let matches = self.engine.get().state().matched();
        let stats = Stats {
            events: state.counts.events,
            dropped: probe.dropped,
            malformed: probe.malformed,
            unreadable: probe.unreadable,
            truncated: probe.truncated,
            threads: tables.threads.len(),
            unknown_threads: tables.counters.unknown_threads,
            dropped_threads: tables.counters.dropped_threads,
            written: state.counts.written,
            written_for_state: state.counts.written_for_state,
            matches: matches
                .iter()
                .zip(&state.matched_before)
                .map(|(now, before)| now - before)
                .collect(),
        };
        serde_json::to_vec(&stats)
            .map(|json| PyBytes::new(py, &json))
            .map_err(invalid)
    }
}
