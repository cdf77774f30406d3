//! `Simulation`: what policies keep of audit logs.

use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lanner_audit::{Attributes, Length, Narrowed, Policy, Sink, narrow};
use lanner_kube::AuditEvent;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::errors::{self, invalid, reason};
use crate::logs::{self, Logs};
use crate::output::NewFile;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    logs: logs::Options,
    /// What the first policy keeps goes there.
    write: Option<WriteOptions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteOptions {
    /// `None` is standard output.
    path: Option<PathBuf>,
}

/// What a rule decided.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Counts {
    /// Events that it decided about.
    events: u64,
    /// Those that it keeps.
    kept: u64,
    /// Their bytes.
    bytes: u64,
    /// How many are kept at each level.
    levels: [u64; 4],
    /// How many have less than the policy wants.
    lacking: u64,
}

/// A policy, with the counts of its rules; the last are those of requests that none matches.
struct Run {
    policy: Policy,
    counts: Vec<Counts>,
}

struct Output {
    name: String,
    file: BufWriter<NewFile>,
}

struct State {
    logs: Logs,
    runs: Vec<Run>,
    output: Option<Output>,
    line: Vec<u8>,
    /// Times of the first and the last event.
    period: Option<(u64, u64)>,
}

#[derive(Serialize)]
struct Stats<'s> {
    logs: logs::Counters,
    period: Option<(u64, u64)>,
    policies: Vec<&'s [Counts]>,
}

/// Asks policies about the events of logs.
#[pyclass(module = "lanner._native", frozen)]
pub struct Simulation {
    state: Mutex<State>,
}

/// Counts an event, and writes it.
fn take(
    event: &AuditEvent<'_>,
    runs: &mut [Run],
    line: &mut Vec<u8>,
    output: &mut Option<Output>,
) -> io::Result<()> {
    let request = Attributes::of(event);
    for (number, run) in runs.iter_mut().enumerate() {
        let decision = run.policy.decide(&request);
        let place = decision.rule.unwrap_or(run.policy.len());
        let output = output.as_mut().filter(|_| number == 0);
        let mut length = Length::default();
        let narrowed = if output.is_some() {
            line.clear();
            let narrowed = narrow(event, decision, line);
            length.put(line);
            narrowed
        } else {
            narrow(event, decision, &mut length)
        };
        let counts = &mut run.counts[place];
        counts.events += 1;
        if let Narrowed::Kept {
            level,
            lacks_bodies,
        } = narrowed
        {
            counts.kept += 1;
            counts.bytes += length.0 as u64;
            counts.levels[level as usize] += 1;
            counts.lacking += u64::from(lacks_bodies);
        }
        if let Some(output) = output {
            output.file.write_all(line)?;
        }
    }
    Ok(())
}

impl Simulation {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn step(&mut self) -> PyResult<Option<Batch>> {
        let Self {
            logs,
            runs,
            output,
            line,
            period,
        } = self;
        let mut written = Ok(());
        let findings = logs.step(&mut |event| {
            let now = event.time_ns();
            let (first, last) = period.get_or_insert((now, now));
            (*first, *last) = (now.min(*first), now.max(*last));
            if written.is_ok() {
                written = take(event, runs, line, output);
            }
        });
        if let Some(name) = output.as_ref().map(|output| &output.name) {
            written.map_err(|error| failure(name, &error))?;
        }
        Ok(findings.map(Batch::without_alerts))
    }
}

fn failure(name: &str, error: &io::Error) -> PyErr {
    PyOSError::new_err(format!("{name}: {}", reason(error)))
}

#[pymethods]
impl Simulation {
    #[new]
    fn new(policies: Vec<Vec<u8>>, options: &[u8]) -> PyResult<Self> {
        let options: Options = serde_json::from_slice(options).map_err(invalid)?;
        let runs = policies.iter().map(|json| {
            let policy = Policy::new(json)?;
            let counts = vec![Counts::default(); policy.len() + 1];
            Ok(Run { policy, counts })
        });
        let runs = runs.collect::<Result<_, lanner_audit::PolicyError>>();
        let output = options.write.map(|write| {
            let path = write.path.as_deref();
            let name = path.map_or_else(|| "<stdout>".into(), |path| path.display().to_string());
            let inputs = options.logs.paths.iter().map(Option::as_deref);
            let file = NewFile::create(path, false, inputs)
                .map_err(|error| errors::file(&name, &error))?;
            Ok::<_, PyErr>(Output {
                name,
                file: BufWriter::with_capacity(1 << 20, file),
            })
        });
        Ok(Self {
            state: Mutex::new(State {
                logs: Logs::new(options.logs),
                runs: runs.map_err(invalid)?,
                output: output.transpose()?,
                line: Vec::new(),
                period: None,
            }),
        })
    }

    /// Reads on; None at the end. Releases the GIL.
    fn next(&self, py: Python<'_>) -> PyResult<Option<Batch>> {
        py.detach(|| self.state().step())
    }

    /// Completes what is written.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            let Some(Output { name, file }) = self.state().output.take() else {
                return Ok(());
            };
            let done = file.into_inner().map_err(IntoInnerError::into_error);
            done.and_then(NewFile::finish)
                .map_err(|error| failure(&name, &error))
        })
    }

    /// Counts so far, as JSON.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let state = self.state();
        let stats = Stats {
            logs: state.logs.counters(),
            period: state.period,
            policies: state.runs.iter().map(|run| &*run.counts).collect(),
        };
        Ok(PyBytes::new(
            py,
            &serde_json::to_vec(&stats).map_err(invalid)?,
        ))
    }
}
