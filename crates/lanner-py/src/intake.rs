//! `AuditIntake`: what a webhook is sent, as lines of a log.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lanner_audit::{Intake, Level, Policy, Taken as Lines};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;

use crate::errors::invalid;

/// Makes lines of bodies.
#[pyclass(module = "lanner._native", frozen)]
pub struct AuditIntake {
    intake: Mutex<Intake>,
}

impl AuditIntake {
    fn intake(&self) -> MutexGuard<'_, Intake> {
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl AuditIntake {
    #[new]
    #[pyo3(signature = (policy, max_event_bytes))]
    fn new(policy: Option<&[u8]>, max_event_bytes: Option<usize>) -> PyResult<Self> {
        let policy = policy.map(Policy::new).transpose().map_err(invalid)?;
        Ok(Self {
            intake: Mutex::new(Intake::new(policy, max_event_bytes)),
        })
    }

    /// The lines of a body. Releases the GIL.
    fn take(&self, py: Python<'_>, body: &[u8]) -> Taken {
        py.detach(|| Taken(self.intake().take(body.to_vec())))
    }

    /// Lines could not be stored: their events may come again.
    fn forget(&self, py: Python<'_>, taken: &Taken) {
        py.detach(|| self.intake().forget(&taken.0));
    }

    /// Lines were stored before: their events are duplicates, too. Releases the GIL.
    fn remember(&self, py: Python<'_>, lines: &[u8]) {
        py.detach(|| self.intake().remember(lines.to_vec()));
    }
}

/// Lines, to be written.
#[pyclass(module = "lanner._native", frozen)]
pub struct Taken(Lines);

#[derive(Serialize)]
struct Counts<'t> {
    events: u64,
    duplicates: u64,
    dropped: u64,
    truncated: u64,
    discarded: u64,
    skipped: u64,
    levels: Vec<(&'static str, u64)>,
    /// Why the first records were skipped.
    reasons: Vec<&'t str>,
}

#[pymethods]
impl Taken {
    /// Each ended by a newline.
    #[getter]
    fn lines<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.lines)
    }

    /// Where the last line ends that ends within `limit` bytes and behind `start`; or None.
    fn end_within(&self, start: usize, limit: usize) -> Option<usize> {
        self.0.end_within(start, limit)
    }

    /// Where the line ends that begins at `start`.
    fn end_of_line(&self, start: usize) -> Option<usize> {
        self.0.end_of_line(start)
    }

    /// What was counted, as JSON.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let counts = &self.0.counts;
        let counts = Counts {
            events: counts.events,
            duplicates: counts.duplicates,
            dropped: counts.dropped,
            truncated: counts.truncated,
            discarded: counts.discarded,
            skipped: counts.skipped,
            levels: Level::ALL
                .map(Level::name)
                .into_iter()
                .zip(counts.levels)
                .collect(),
            reasons: self
                .0
                .skipped
                .iter()
                .map(|skipped| &*skipped.reason)
                .collect(),
        };
        Ok(PyBytes::new(
            py,
            &serde_json::to_vec(&counts).map_err(invalid)?,
        ))
    }
}
