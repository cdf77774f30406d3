//! `Scan`: inputs read one after the other, in batches.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use lanner_engine::Alerts;
use lanner_kube::reader::InputError;
use lanner_kube::{Input, ScanOptions, Scanner};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Findings};
use crate::capture::{self, Capture, Fault, Verdict};
use crate::engine::{Before, Engine, State as Matchers};
use crate::errors::{invalid, reason};
use crate::input::{self, Opened};
use crate::writing::{self, Choice, OutputCapture};

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
    /// Seconds that local time is ahead of UTC, for `evt.time`.
    utc_offset: i32,
    /// Anything but a capture is an error.
    captures_only: bool,
    /// A capture to be written.
    write: Option<writing::Options>,
}

/// What is being read.
enum Current {
    Nothing,
    Audit,
    Capture(Box<Capture>),
}

struct State {
    inputs: VecDeque<Option<PathBuf>>,
    current: Current,
    /// Reads all audit logs, so that repeats are found across them.
    audit: Scanner,
    captures: capture::Totals,
    window: (Option<u64>, Option<u64>),
    batch_bytes: usize,
    utc_offset: i32,
    captures_only: bool,
    writing: Option<(Choice, OutputCapture)>,
    /// The capture that was to be written is there.
    has_written: bool,
    failed_inputs: usize,
    matched_before: Before,
}

/// A scan of several inputs in constant memory.
#[pyclass(module = "lanner._native", frozen)]
pub struct Scan {
    engine: Py<Engine>,
    state: Mutex<State>,
}

#[derive(Serialize)]
struct Stats {
    events: u64,
    syscall_events: u64,
    bytes: u64,
    read: u64,
    skipped: u64,
    truncated: u64,
    duplicates: u64,
    out_of_window: u64,
    ignored: u64,
    has_written: bool,
    written: u64,
    written_for_state: u64,
    dedup_window_exceeded: bool,
    input_errors: usize,
    matches: Vec<u64>,
}

fn time(ns: Option<i64>) -> Option<u64> {
    ns.map(|ns| u64::try_from(ns).unwrap_or(0))
}

fn name(path: Option<&PathBuf>) -> String {
    path.map_or_else(|| "<stdin>".into(), |path| path.display().to_string())
}

impl State {
    /// Opens the next input. False at the end of all.
    fn open_next(&mut self, findings: &mut Findings) -> bool {
        let Some(path) = self.inputs.pop_front() else {
            return false;
        };
        let name = name(path.as_ref());
        let is_file = path.as_ref().is_some_and(|path| path.is_file());
        let opened = input::open(path.as_deref()).map_err(|error| reason(&error));
        let current = opened.and_then(|opened| match opened {
            Opened::Capture(reader) => Capture::new(name.clone(), reader, self.utc_offset, is_file)
                .map(|capture| Current::Capture(Box::new(capture))),
            Opened::Audit(_) if self.captures_only => {
                let only = if self.writing.is_some() {
                    ": only captures can be written"
                } else {
                    ""
                };
                Err(format!("is not a capture (.scap){only}"))
            }
            Opened::Audit(reader) => {
                self.audit.push(Input::Reader {
                    name: name.clone(),
                    reader,
                });
                Ok(Current::Audit)
            }
        });
        match current {
            Ok(current) => self.current = current,
            Err(message) => self.fail(name, message, findings),
        }
        if let (Current::Capture(_), Some((_, output))) = (&self.current, &mut self.writing)
            && let Err(error) = output.section()
        {
            self.fail_writing(&error, findings);
        }
        true
    }

    /// The output is complete.
    fn finish_writing(&mut self, findings: &mut Findings) {
        if let Some((_, output)) = self.writing.take() {
            let name = output.name.clone();
            match output.finish() {
                Ok(is_there) => self.has_written = is_there,
                Err(error) => self.fail(name, reason(&error), findings),
            }
        }
    }

    /// The output cannot be written: reading on would be in vain.
    fn fail_writing(&mut self, error: &io::Error, findings: &mut Findings) {
        if let Some((_, output)) = self.writing.take() {
            self.fail(output.name, reason(error), findings);
        }
        self.stop();
    }

    /// Nothing more is read.
    fn stop(&mut self) {
        self.inputs.clear();
        self.current = Current::Nothing;
    }

    fn fail(&mut self, path: String, message: String, findings: &mut Findings) {
        self.failed_inputs += 1;
        findings.errors.push(InputError {
            path,
            kind: io::ErrorKind::Other,
            message,
        });
    }

    /// Goes on for some megabytes. None when there is nothing more.
    fn step(&mut self, matchers: &mut Matchers) -> Option<Batch> {
        let mut findings = Findings::default();
        while matches!(self.current, Current::Nothing) {
            if !self.open_next(&mut findings) {
                self.finish_writing(&mut findings);
                let none = matchers.audit.matcher.batch();
                let told_something = !findings.errors.is_empty();
                return told_something.then(|| Batch::new(none, findings));
            }
        }
        let alerts = match &mut self.current {
            Current::Capture(capture) => {
                let mut alerts = matchers.syscall.matcher.batch();
                let before = self.captures;
                let (mut choice, output) = match &mut self.writing {
                    Some((choice, output)) => (Some(choice), Some(output)),
                    None => (None, None),
                };
                let step = capture.step(self.batch_bytes, &mut self.captures, output, |event| {
                    if !in_window(self.window, event.raw.time_ns) {
                        return Verdict::OutOfWindow;
                    }
                    let has_alert = matchers.syscall.event(event, &mut alerts);
                    let choice = choice.as_deref_mut();
                    Verdict::Scanned(choice.is_some_and(|choice| choice.takes(event, has_alert)))
                });
                findings.events = self.captures.events - before.events;
                findings.bytes_read = self.captures.stored_bytes - before.stored_bytes;
                match step {
                    Ok(true) => {}
                    Ok(false) => self.current = Current::Nothing,
                    Err(Fault::Input(message)) => {
                        let name = capture.name().to_owned();
                        self.current = Current::Nothing;
                        self.fail(name, message, &mut findings);
                    }
                    Err(Fault::Output(error)) => self.fail_writing(&error, &mut findings),
                }
                if self
                    .writing
                    .as_ref()
                    .is_some_and(|(choice, _)| choice.is_over())
                {
                    self.stop();
                }
                alerts
            }
            Current::Audit | Current::Nothing => self.audit_step(matchers, &mut findings),
        };
        Some(Batch::new(alerts, findings))
    }

    fn audit_step(&mut self, matchers: &mut Matchers, findings: &mut Findings) -> Alerts {
        let matching = &mut matchers.audit;
        let mut alerts = matching.matcher.batch();
        let failed = findings.errors.len();
        let is_over = findings.of_audit_log(&mut self.audit, self.batch_bytes, &mut |event| {
            matching.event(event, &mut alerts);
        });
        self.failed_inputs += findings.errors.len() - failed;
        if is_over {
            self.current = Current::Nothing;
        }
        alerts
    }
}

fn in_window((since, until): (Option<u64>, Option<u64>), time_ns: u64) -> bool {
    since.is_none_or(|since| time_ns >= since) && until.is_none_or(|until| time_ns < until)
}

#[pymethods]
impl Scan {
    #[new]
    fn new(engine: Py<Engine>, options: &[u8]) -> PyResult<Self> {
        let options: Options = serde_json::from_slice(options).map_err(invalid)?;
        let window = (time(options.since_ns), time(options.until_ns));
        let audit = Scanner::new(
            Vec::new(),
            ScanOptions {
                dedup: options.dedup,
                since_ns: window.0,
                until_ns: window.1,
                max_record_bytes: options.max_record_bytes,
                utc_offset: options.utc_offset,
                ..ScanOptions::default()
            },
        );
        let inputs: VecDeque<Option<PathBuf>> = options
            .paths
            .into_iter()
            .map(|path| path.map(PathBuf::from))
            .collect();
        let writing = options
            .write
            .map(|write| writing::begin(write, &inputs, false));
        let state = State {
            inputs,
            writing: writing.transpose()?,
            has_written: false,
            current: Current::Nothing,
            audit,
            captures: capture::Totals::default(),
            window,
            batch_bytes: options.batch_bytes.max(1),
            utc_offset: options.utc_offset,
            captures_only: options.captures_only,
            failed_inputs: 0,
            matched_before: engine.get().state().before(),
        };
        Ok(Self {
            engine,
            state: Mutex::new(state),
        })
    }

    /// The next batch, or None at the end. Releases the GIL.
    fn next(&self, py: Python<'_>) -> Option<Batch> {
        let engine = self.engine.get();
        py.detach(|| {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.step(&mut engine.state())
        })
    }

    /// Counters so far, as JSON.
    fn stats<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let audit = state.audit.stats();
        let captures = &state.captures;
        let matches = self
            .engine
            .get()
            .state()
            .matched_since(&state.matched_before);
        let stats = Stats {
            events: audit.total.events + captures.events,
            syscall_events: captures.events,
            bytes: audit.total.bytes + captures.bytes,
            read: audit.total.stored_bytes + captures.stored_bytes,
            skipped: audit.total.skipped,
            truncated: audit.total.truncated,
            duplicates: audit.total.duplicates,
            out_of_window: audit.total.filtered + captures.out_of_window,
            ignored: audit.total.ignored + captures.unknown,
            has_written: state.has_written,
            written: captures.written,
            written_for_state: captures.written_for_state,
            dedup_window_exceeded: audit.dedup_overflowed,
            input_errors: state.failed_inputs,
            matches,
        };
        PyBytes::new(py, &serde_json::to_vec(&stats).unwrap_or_default())
    }
}

/// Time (ns since the epoch) of the first event in an audit log.
#[pyfunction]
pub fn first_event_time(py: Python<'_>, path: PathBuf) -> Option<u64> {
    // a file that cannot be read is reported when it is scanned
    py.detach(|| lanner_kube::first_event_time(&path).ok().flatten())
}
