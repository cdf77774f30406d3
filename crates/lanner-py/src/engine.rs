//! `Engine`: the rules of both event sources, ready.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bumpalo::Bump;
use lanner_engine::{Alerts, Counters, Matcher, RuleCounters};
use lanner_event::EventSource;
use lanner_kube::{AuditEvent, Input, KubeSource, ScanOptions, Scanner};
use lanner_syscall::{SyscallEvent, SyscallSource};
use pyo3::prelude::*;

use crate::batch::{Batch, Findings};
use crate::errors::invalid;

/// A matcher with the arena that its events use one after the other.
pub struct Matching<S: EventSource> {
    pub matcher: Matcher<S>,
    arena: Bump,
}

impl<S: EventSource> Matching<S> {
    pub fn new(plan: &[u8]) -> PyResult<Self> {
        Ok(Self {
            matcher: Matcher::new(plan).map_err(invalid)?,
            arena: Bump::new(),
        })
    }
}

impl Matching<SyscallSource> {
    /// Matches one event; its alerts are appended to `alerts`. Whether there are any.
    pub fn event(&mut self, event: &SyscallEvent<'_>, alerts: &mut Alerts) -> bool {
        self.arena.reset();
        self.matcher.alerts(event, &self.arena, alerts) > 0
    }

    /// Whether one of the rules matches an event.
    pub fn holds(&mut self, event: &SyscallEvent<'_>) -> bool {
        self.arena.reset();
        let mut holds = false;
        self.matcher.matches(event, &self.arena, |_| holds = true);
        holds
    }
}

impl Matching<KubeSource> {
    /// Matches one event; its alerts are appended to `alerts`.
    pub fn event(&mut self, event: &AuditEvent<'_>, alerts: &mut Alerts) {
        self.arena.reset();
        self.matcher.alerts(event, &self.arena, alerts);
    }
}

/// The matchers of both sources.
pub struct State {
    pub syscall: Matching<SyscallSource>,
    pub audit: Matching<KubeSource>,
    /// How often the rules were changed for others.
    generation: u64,
}

/// How often each rule had matched at some time.
pub struct Before {
    generation: u64,
    matched: Vec<u64>,
}

impl State {
    /// What was counted for system calls, and for audit events.
    fn counters(&self) -> [Counters; 2] {
        [
            self.syscall.matcher.counters(),
            self.audit.matcher.counters(),
        ]
    }

    /// How often each rule matched: first those for system calls, then those for audit events.
    pub fn matched(&self) -> Vec<u64> {
        let [syscall, audit] = self.counters();
        let rules = syscall.rules.iter().chain(&audit.rules);
        rules.map(|rule| rule.matched).collect()
    }

    /// What is to be taken off later counts.
    pub fn before(&self) -> Before {
        Before {
            generation: self.generation,
            matched: self.matched(),
        }
    }

    /// How often each rule matched since then; other rules began to count anew.
    pub fn matched_since(&self, before: &Before) -> Vec<u64> {
        let mut matched = self.matched();
        if before.generation == self.generation {
            for (now, before) in matched.iter_mut().zip(&before.matched) {
                *now -= before;
            }
        }
        matched
    }
}

/// Runs a plan of the source `syscall` and one of the source `k8s_audit`.
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
    fn new(syscall_plan: &[u8], audit_plan: &[u8]) -> PyResult<Self> {
        let state = State {
            syscall: Matching::new(syscall_plan)?,
            audit: Matching::new(audit_plan)?,
            generation: 0,
        };
        Ok(Self {
            state: Mutex::new(state),
        })
    }

    /// Changes rules with another engine, between two events of whatever is being read.
    fn exchange(&self, py: Python<'_>, other: Py<Engine>) {
        let other = other.get();
        if std::ptr::eq(self, other) {
            return;
        }
        py.detach(|| {
            // The other one is not in use yet: nobody locks the two in the other order.
            let mut others = other.state();
            let mut own = self.state();
            std::mem::swap(&mut *own, &mut *others);
            own.generation = others.generation + 1;
        });
    }

    /// What was counted of each rule, first those for system calls, then those for audit events:
    /// how often it matched and was evaluated, and the nanoseconds that it took. And those that
    /// dispatch took for each source.
    fn counters(&self, py: Python<'_>) -> (Vec<(u64, u64, u64)>, [u64; 2]) {
        py.detach(|| {
            let [syscall, audit] = self.state().counters();
            let rules = syscall.rules.iter().chain(&audit.rules);
            let told = |rule: &RuleCounters| (rule.matched, rule.evaluated, rule.cost_ns);
            (
                rules.map(told).collect(),
                [syscall.dispatch_ns, audit.dispatch_ns],
            )
        })
    }

    /// Matches complete audit JSON in any framing; never raises on bad records.
    fn feed(&self, py: Python<'_>, data: &[u8]) -> Batch {
        let input = Input::Bytes {
            name: "<data>".into(),
            data: data.to_vec(),
        };
        py.detach(|| {
            let audit = &mut self.state().audit;
            let mut alerts = audit.matcher.batch();
            let mut scanner = Scanner::new(vec![input], ScanOptions::default());
            // Bytes in memory cannot fail to be read.
            while let Ok(progress) =
                scanner.step(usize::MAX, &mut |event| audit.event(event, &mut alerts))
            {
                if progress.finished {
                    break;
                }
            }
            let findings = Findings {
                events: scanner.stats().total.events,
                bytes_read: data.len() as u64,
                skipped: scanner.take_skipped(),
                errors: Vec::new(),
            };
            Batch::new(alerts, findings)
        })
    }
}
