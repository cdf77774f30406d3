//! What becomes of live events: state, matching, a capture; and what is asked about meanwhile.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lanner_engine::Alerts;
use lanner_event::RawEvent;
use lanner_proc::{Found, System};
use lanner_scap::Item;
use lanner_state::Finder;
use lanner_syscall::{Pipeline, container_event};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::batch::{Batch, Findings};
use crate::engine::State as Matchers;
use crate::errors::reason;
use crate::rule_capture::RuleCaptures;
use crate::told::{self, Answer};
use crate::writing::{Choice, Fate, OutputCapture};

/// Why nothing is known of a container whose runtime was asked.
const NOT_YET: &str = "not told yet";

/// In each such period, so much time goes into looking for unknown threads at most.
const FINDING_PERIOD: Duration = Duration::from_secs(1);
const FINDING_TIME: Duration = Duration::from_millis(100);

/// What becomes of events.
pub struct Watch {
    pub pipeline: Pipeline,
    /// Knows of containers; an object of Python.
    pub resolver: Py<PyAny>,
    pub writing: Option<(Choice, OutputCapture)>,
    /// Captures of what follows alerts.
    pub captures: Option<RuleCaptures>,
    pub counts: Counts,
    /// What was read at the beginning.
    pub lists: lanner_proc::Counters,
    /// Why the capture or the resolver cannot go on.
    pub failure: Option<PyErr>,
}

/// What was counted besides what the probe counts.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub events: u64,
    pub written: u64,
    pub written_for_state: u64,
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
    pub fn take_lists(&mut self, matchers: &mut Matchers) -> io::Result<Batch> {
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
    pub fn event(&mut self, raw: &RawEvent<'_>, matchers: &mut Matchers, alerts: &mut Alerts) {
        self.counts.events += 1;
        self.pipeline.state_mut().meet(raw);
        self.ask_of_new(raw.time_ns, matchers, alerts);
        self.take(raw, matchers, alerts);
    }

    fn ask_of_new(&mut self, time_ns: u64, matchers: &mut Matchers, alerts: &mut Alerts) {
        for container in self.pipeline.state_mut().containers.take_new() {
            match told::ask(&self.resolver, &container) {
                Ok(Some(answer)) => self.learn(&container.id, &answer, time_ns, matchers, alerts),
                Ok(None) => {
                    let containers = &mut self.pipeline.state_mut().containers;
                    containers.give_up(&container.id, NOT_YET);
                }
                Err(error) => self.failure = Some(error),
            }
        }
    }

    pub fn learn(
        &mut self,
        id: &str,
        answer: &Answer,
        time_ns: u64,
        matchers: &mut Matchers,
        alerts: &mut Alerts,
    ) {
        match answer {
            Answer::Document(document) => {
                container_event(document, time_ns, |raw| self.take(raw, matchers, alerts));
            }
            Answer::Problem(problem) => self.pipeline.state_mut().containers.give_up(id, problem),
        }
    }

    /// Takes one event: matched, and written if it was chosen.
    fn take(&mut self, raw: &RawEvent<'_>, matchers: &mut Matchers, alerts: &mut Alerts) {
        let Self {
            pipeline,
            writing,
            captures,
            ..
        } = self;
        let mut fate = Fate::Hidden;
        let is_needed = pipeline.event(raw, |event| {
            let before = alerts.len();
            let has_alert = matchers.syscall.event(event, alerts);
            if let Some(captures) = captures.as_mut().filter(|_| has_alert) {
                captures.fired(alerts.rules_from(before), event);
            }
            let is_chosen = |(choice, _): &mut (Choice, _)| choice.takes(event, has_alert);
            fate = match writing.as_mut().is_some_and(is_chosen) {
                true => Fate::Chosen,
                false => Fate::Shown,
            };
        });
        if let Some(captures) = captures {
            captures.event(raw);
        }
        let Some((_, output)) = writing else {
            return;
        };
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

/// The time of day, in nanoseconds since the epoch.
pub fn now_ns() -> u64 {
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
pub fn failure(error: impl ToString) -> PyErr {
    PyOSError::new_err(error.to_string())
}
