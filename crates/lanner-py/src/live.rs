//! `Live`: system calls of the running kernel, matched as they come.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lanner_engine::Alerts;
use lanner_event::RawEvent;
use lanner_probe::{Options as ProbeOptions, Probe};
use lanner_proc::{Found, System};
use lanner_scap::Item;
use lanner_state::Finder;
use lanner_syscall::Pipeline;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Findings};
use crate::engine::{Engine, State as Matchers};
use crate::errors::{invalid, reason};
use crate::told::{self, Answer};
use crate::writing::{self, Choice, Fate, OutputCapture};

/// So many events are matched before it is looked whether there were alerts.
const EVENTS_A_TURN: usize = 4096;

/// In each such period, so much time goes into looking for unknown threads at most.
const FINDING_PERIOD: Duration = Duration::from_secs(1);
const FINDING_TIME: Duration = Duration::from_millis(100);

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
    /// What is said of each event.
    watch: Watch,
    matched_before: Vec<u64>,
}

/// What becomes of events.
struct Watch {
    pipeline: Pipeline,
    /// Knows of containers; an object of Python.
    resolver: Py<PyAny>,
    writing: Option<(Choice, OutputCapture)>,
    counts: Counts,
    /// What was read at the beginning.
    lists: lanner_proc::Counters,
    /// Why the capture or the resolver cannot go on.
    failure: Option<PyErr>,
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
    unreadable_processes: usize,
    left_out_at_start: usize,
    found_threads: u64,
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

impl Watch {
    /// What is there at the beginning goes to the state and to the capture.
    fn begin(&mut self, item: Item<'_>) {
        if let Some((_, output)) = &mut self.writing
            && let Err(error) = output.item(&item)
        {
            self.fail_writing(&error);
        }
        self.pipeline.item(item, |_| {});
    }

    /// Takes what there is: the machine, its users, processes, descriptors and containers.
    fn take_lists(&mut self, matchers: &mut Matchers) -> io::Result<Batch> {
        let system = System::default();
        self.begin(Item::Machine(system.machine()));
        for interface in system.interfaces() {
            self.begin(Item::Interface(interface));
        }
        let (users, groups) = system.users();
        users
            .into_iter()
            .for_each(|user| self.begin(Item::User(user)));
        groups
            .into_iter()
            .for_each(|group| self.begin(Item::Group(group)));
        self.lists = system.processes(&mut |found| {
            self.begin(match found {
                Found::Process(process) => Item::Process(process),
                Found::Descriptors { tid, list } => Item::Descriptors { tid, list },
            });
        })?;
        self.pipeline.state_mut().finder = Some(finder(system));
        let mut alerts = matchers.syscall.matcher.batch();
        self.ask_of_new(now_ns(), matchers, &mut alerts);
        Ok(Batch::new(alerts, Findings::default()))
    }

    /// Takes an event of the kernel. Of a container that it is the first of, more is asked for
    /// before: rules ask for its image, too.
    fn event(&mut self, raw: &RawEvent<'_>, matchers: &mut Matchers, alerts: &mut Alerts) {
        self.counts.events += 1;
        self.pipeline.state_mut().meet(raw);
        self.ask_of_new(raw.time_ns, matchers, alerts);
        self.take(raw, matchers, alerts);
    }

    fn ask_of_new(&mut self, time_ns: u64, matchers: &mut Matchers, alerts: &mut Alerts) {
        for container in self.pipeline.state_mut().containers.take_new() {
            match told::ask(&self.resolver, &container) {
                Ok(Some(answer)) => self.learn(&container.id, &answer, time_ns, matchers, alerts),
                Ok(None) => {}
                Err(error) => self.failure = Some(error),
            }
        }
    }

    fn learn(
        &mut self,
        id: &str,
        answer: &Answer,
        time_ns: u64,
        matchers: &mut Matchers,
        alerts: &mut Alerts,
    ) {
        match answer {
            Answer::Document(document) => {
                told::with_event(document, time_ns, |raw| self.take(raw, matchers, alerts));
            }
            Answer::Problem(problem) => self.pipeline.state_mut().containers.give_up(id, problem),
        }
    }

    /// Takes one event: matched, and written if it was chosen.
    fn take(&mut self, raw: &RawEvent<'_>, matchers: &mut Matchers, alerts: &mut Alerts) {
        let Some((choice, output)) = &mut self.writing else {
            self.pipeline.event(raw, |event| {
                matchers.syscall.event(event, alerts);
            });
            return;
        };
        let mut fate = Fate::Hidden;
        let is_needed = self.pipeline.event(raw, |event| {
            let has_alert = matchers.syscall.event(event, alerts);
            fate = if choice.takes(event, has_alert) {
                Fate::Chosen
            } else {
                Fate::Shown
            };
        });
        match output.event(raw, fate, is_needed) {
            Ok(_) if fate == Fate::Chosen => self.counts.written += 1,
            Ok(written) => self.counts.written_for_state += u64::from(written),
            Err(error) => self.fail_writing(&error),
        }
    }

    fn fail_writing(&mut self, error: &io::Error) {
        if let Some((_, output)) = self.writing.take() {
            self.failure = Some(failure(format!("{}: {}", output.name, reason(error))));
        }
    }
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

fn now_ns() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
}

/// Asks `/proc` about threads whose beginning was lost, as long as that does not take too much time
/// of what there is: then events would be lost again.
fn finder(system: System) -> Finder {
    let mut since = Instant::now();
    let mut spent = Duration::ZERO;
    Finder(Box::new(move |tid| {
        if since.elapsed() > FINDING_PERIOD {
            (since, spent) = (Instant::now(), Duration::ZERO);
        }
        if spent > FINDING_TIME {
            return None;
        }
        let begin = Instant::now();
        let found = system.thread(tid);
        spent += begin.elapsed();
        found
    }))
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
                counts: Counts::default(),
                lists: lanner_proc::Counters::default(),
                failure: None,
            },
            matched_before: engine.get().state().matched(),
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

    /// Completes the capture, if one is written.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            if let Some((_, output)) = self.state().watch.writing.take() {
                let name = output.name.clone();
                let finished = output.finish();
                finished.map_err(|error| failure(format!("{name}: {}", reason(&error))))?;
            }
            Ok(())
        })
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
        let matches = self.engine.get().state().matched();
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
            matches: matches
                .iter()
                .zip(&state.matched_before)
                .map(|(now, before)| now - before)
                .collect(),
        };
        serde_json::to_vec(&stats).map_err(invalid)
    }
}
