//! `Live`: system calls of the running kernel, matched as they come.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lanner_engine::Alerts;
use lanner_probe::{Options as ProbeOptions, Probe};
use lanner_syscall::Pipeline;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Findings};
use crate::engine::{Before, Engine, State as Matchers};
use crate::errors::{invalid, reason};
use crate::known;
use crate::rule_capture::{self, RuleCaptures};
use crate::told::Answer;
use crate::watch::{Counts, Watch, failure, now_ns};
use crate::writing;

/// So many events are matched before it is looked whether there were alerts.
const EVENTS_A_TURN: usize = 4096;

/// An event that happened so long ago has come out of the ring.
const SETTLING_NS: u64 = 1_000_000_000;

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
    /// Captures of what follows alerts.
    captures: Option<rule_capture::Options>,
}

struct State {
    probe: Probe,
    /// What is said of each event.
    watch: Watch,
    matched_before: Before,
}

#[derive(Serialize)]
struct Stats {
    events: u64,
    dropped: BTreeMap<&'static str, u64>,
    malformed: u64,
    unreadable: u64,
    truncated: u64,
    threads: usize,
    unreadable_processes: usize,
    left_out_at_start: usize,
    found_threads: u64,
    unknown_threads: u64,
    dropped_threads: u64,
    written: u64,
    written_for_state: u64,
    matches: Vec<u64>,
}

/// Loads the probe and takes it out again: None when the kernel takes it, else why not.
#[pyfunction]
pub fn check_probe(py: Python<'_>) -> Option<String> {
    let loaded = py.detach(|| {
        let mut probe = Probe::load(ProbeOptions::default())?;
        probe.attach()
    });
    loaded.err().map(|error| error.to_string())
}

/// Watches the running kernel.
#[pyclass(module = "lanner._native", frozen)]
pub struct Live {
    engine: Py<Engine>,
    state: Mutex<State>,
}

impl State {
    /// Matches what waits, at most a turn of it; how many events there were.
    fn turn(&mut self, matchers: &mut Matchers, alerts: &mut Alerts) -> PyResult<usize> {
        let Self { probe, watch, .. } = self;
        let count = probe.read(EVENTS_A_TURN, |raw| watch.event(raw, matchers, alerts));
        match watch.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(count),
        }
    }
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
    fn new(
        py: Python<'_>,
        engine: Py<Engine>,
        options: &[u8],
        resolver: Py<PyAny>,
    ) -> PyResult<Self> {
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
            .map(|write| writing::begin(write, &VecDeque::new(), true))
            .transpose()?;
        let state = State {
            probe,
            watch: Watch {
                pipeline: Pipeline::new(options.utc_offset),
                resolver,
                writing,
                captures: options.captures.map(RuleCaptures::new),
                counts: Counts::default(),
                lists: lanner_proc::Counters::default(),
                failure: None,
            },
            matched_before: engine.get().state().before(),
        };
        Ok(Self {
            engine,
            state: Mutex::new(state),
        })
    }

    /// Begins to watch: events come from now on, and then the lists of what is there already.
    fn start(&self, py: Python<'_>) -> PyResult<Batch> {
        let engine = self.engine.get();
        py.detach(|| {
            let mut state = self.state();
            // First the events: what happens while the lists are read comes out of the ring after
            // them.
            state.probe.attach().map_err(failure)?;
            if let Some((_, output)) = &mut state.watch.writing {
                output.section().map_err(failure)?;
            }
            let mut matchers = engine.state();
            state.watch.take_lists(&mut matchers).map_err(failure)
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
            let before = state.watch.counts.events;
            loop {
                let count = state.turn(&mut matchers, &mut alerts)?;
                let left = deadline.saturating_duration_since(Instant::now());
                if !alerts.is_empty() || left.is_zero() {
                    break;
                }
                if count < EVENTS_A_TURN {
                    state.probe.wait(left).map_err(failure)?;
                }
            }
            if let Some(captures) = &mut state.watch.captures {
                captures.idle(now_ns() - SETTLING_NS);
            }
            let findings = Findings {
                events: state.watch.counts.events - before,
                ..Findings::default()
            };
            Ok(Batch::new(alerts, findings))
        })
    }

    /// What came late of a container: a document, or why there is none.
    fn tell(
        &self,
        py: Python<'_>,
        container_id: &str,
        document: Option<&[u8]>,
        problem: &str,
    ) -> Batch {
        let answer = match document {
            Some(document) => Answer::Document(document.to_vec()),
            None => Answer::Problem(problem.to_owned()),
        };
        let engine = self.engine.get();
        py.detach(|| {
            let mut state = self.state();
            let mut matchers = engine.state();
            let mut alerts = matchers.syscall.matcher.batch();
            let watch = &mut state.watch;
            watch.learn(container_id, &answer, now_ns(), &mut matchers, &mut alerts);
            Batch::new(alerts, Findings::default())
        })
    }

    /// Watches other system calls, and captures otherwise, from now on; as [`Live::new`] does.
    fn change(&self, py: Python<'_>, calls: Vec<String>, captures: Option<&[u8]>) -> PyResult<()> {
        let captures: Option<rule_capture::Options> = captures
            .map(|options| serde_json::from_slice(options).map_err(invalid))
            .transpose()?;
        py.detach(|| {
            let State { probe, watch, .. } = &mut *self.state();
            let calls = calls.iter().map(String::as_str);
            probe.watch(calls).map_err(failure)?;
            match &mut watch.captures {
                Some(running) => running.change(captures),
                none => *none = captures.map(RuleCaptures::new),
            }
            Ok(())
        })
    }

    /// Stops watching; what is still in the ring comes with [`Live::drain`].
    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.state().probe.detach());
    }

    /// What was left in the ring, a turn of it; None when there is nothing more.
    fn drain(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        let engine = self.engine.get();
        py.detach(|| {
            let mut state = self.state();
            let mut matchers = engine.state();
            let mut alerts = matchers.syscall.matcher.batch();
            let count = state.turn(&mut matchers, &mut alerts)?;
            let findings = Findings {
                events: count as u64,
                ..Findings::default()
            };
            Ok((count > 0).then(|| Batch::new(alerts, findings)))
        })
    }

    /// Completes the captures that are written.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            let watch = &mut self.state().watch;
            if let Some(captures) = &mut watch.captures {
                captures.stop();
            }
            if let Some((_, output)) = watch.writing.take() {
                let name = output.name.clone();
                let finished = output.finish();
                finished.map_err(|error| failure(format!("{name}: {}", reason(&error))))?;
            }
            Ok(())
        })
    }

    /// Captures of what followed alerts that ended since the last time, as JSON.
    fn ended_captures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let ended = match &mut self.state().watch.captures {
            Some(captures) => captures.take_ended(),
            None => Vec::new(),
        };
        Ok(PyBytes::new(
            py,
            &serde_json::to_vec(&ended).map_err(invalid)?,
        ))
    }

    /// The threads that are known, as JSON.
    fn threads<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let json = py.detach(|| known::threads(self.state().watch.pipeline.state()));
        PyBytes::new(py, &json)
    }

    /// Counters so far, as JSON.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let json = py.detach(|| self.stats_json())?;
        Ok(PyBytes::new(py, &json))
    }
}

impl Live {
    fn stats_json(&self) -> PyResult<Vec<u8>> {
        let state = self.state();
        let probe = state.probe.counters().map_err(failure)?;
        let tables = state.watch.pipeline.state();
        let matches = self
            .engine
            .get()
            .state()
            .matched_since(&state.matched_before);
        let stats = Stats {
            events: state.watch.counts.events,
            dropped: probe.dropped,
            malformed: probe.malformed,
            unreadable: probe.unreadable,
            truncated: probe.truncated,
            threads: tables.threads.len(),
            unreadable_processes: state.watch.lists.unreadable,
            left_out_at_start: state.watch.lists.truncated,
            found_threads: tables.counters.found_threads,
            unknown_threads: tables.counters.unknown_threads,
            dropped_threads: tables.counters.dropped_threads,
            written: state.watch.counts.written,
            written_for_state: state.watch.counts.written_for_state,
            matches,
        };
        serde_json::to_vec(&stats).map_err(invalid)
    }
}
