//! `Engine`: the rules of a plan over Kubernetes audit events.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bumpalo::Bump;
use lanner_engine::{Alerts, Matcher};
use lanner_kube::{AuditEvent, Input, KubeSource, ScanOptions, Scanner};
use pyo3::prelude::*;

use crate::batch::Batch;
use crate::errors::invalid;

/// A matcher with the arena that its events use one after the other.
pub struct State {
    pub matcher: Matcher<KubeSource>,
    arena: Bump,
}

impl State {
    /// Matches one event; its alerts are appended to `alerts`.
    pub fn event(&mut self, event: &AuditEvent<'_>, alerts: &mut Alerts) {
        self.arena.reset();
        self.matcher.alerts(event, &self.arena, alerts);
    }
}

/// Runs a plan of the source `k8s_audit`.
#[pyclass(module = "lanner._native", frozen)]
pub struct Engine {
    state: Mutex<State>,
}

impl Engine {
    /// The state; a panic elsewhere cannot leave it half changed in a way that matters.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Engine {
    #[new]
    fn new(plan: &[u8]) -> PyResult<Self> {
        let matcher = Matcher::new(plan).map_err(invalid)?;
        let state = State {
            matcher,
            arena: Bump::new(),
        };
        Ok(Self {
            state: Mutex::new(state),
        })
    }

    /// Matches complete audit JSON in any framing; never raises on bad records.
    fn feed(&self, py: Python<'_>, data: &[u8]) -> Batch {
        let input = Input::Bytes {
            name: "<data>".into(),
            data: data.to_vec(),
        };
        py.detach(|| {
            let mut state = self.state();
            let mut alerts = state.matcher.batch();
            let mut scanner = Scanner::new(vec![input], ScanOptions::default());
            // Bytes in memory cannot fail to be read.
            while let Ok(progress) =
                scanner.step(usize::MAX, &mut |event| state.event(event, &mut alerts))
            {
                if progress.finished {
                    break;
                }
            }
            let events = scanner.stats().total.events;
            Batch::new(alerts, events, data.len() as u64, &mut scanner, Vec::new())
        })
    }
}
