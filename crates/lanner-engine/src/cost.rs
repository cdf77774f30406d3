//! What rules cost: some events, chosen at random, are timed.

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// One of so many events is timed.
const PERIOD: u32 = 1024;
/// As long as only so many were: one of fewer, so that sources of few events are told of, too.
const FIRST: u32 = 1024;
const FIRST_PERIOD: u32 = 64;
/// Within so many nanoseconds hardly a thread is interrupted.
const UNSUSPECTED_NS: u64 = 50_000;

/// Estimates of the time that rules take, in nanoseconds.
pub(crate) struct Costs {
    /// What each rule took in the events that were timed, times what these stand for.
    rules: Box<[u64]>,
    /// What it took to choose the rules that are evaluated.
    dispatch: u64,
    /// Events until one is timed, at least 1.
    left: u32,
    /// How many events that one stands for.
    period: u32,
    /// Events that were timed, while they are the first.
    timed: u32,
    random: u64,
    /// What a look at the clock takes.
    clock_ns: u64,
    /// The event that is being timed.
    laps: Vec<(usize, u64)>,
}

/// Times one event.
pub(crate) struct Watch {
    started: Instant,
    started_cpu_ns: u64,
    last: Instant,
}

impl Costs {
    pub(crate) fn new(rules: usize) -> Self {
        let mut watch = Watch::start();
        let clock_ns = (0..16).map(|_| watch.lap()).min();
        let mut costs = Self {
            rules: vec![0; rules].into(),
            dispatch: 0,
            left: 0,
            period: FIRST_PERIOD,
            timed: 0,
            // Never 0, from which there is no way on.
            random: RandomState::new().hash_one(0) | 1,
            clock_ns: clock_ns.unwrap_or(0),
            laps: Vec::new(),
        };
        costs.choose();
        costs
    }

    /// A watch, if the next event is to be timed.
    pub(crate) fn next_event(&mut self) -> Option<Watch> {
        self.left -= 1;
        (self.left == 0).then(|| {
            self.laps.clear();
            Watch::start()
        })
    }

    /// Chooses the event that is timed next. Distances are random, that no pattern of events meets them always or never (xorshift,
    /// Marsaglia 2003).
    fn choose(&mut self) {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        if self.timed == FIRST {
            self.period = PERIOD;
        }
        // 1 to 2 * period - 1: the period on average
        self.left = 1 + (self.random >> 32) as u32 % (2 * self.period - 1);
    }

    /// What was done since the last lap was done for a rule.
    pub(crate) fn lap(&mut self, watch: &mut Watch, rule: usize) {
        let took = watch.lap().saturating_sub(self.clock_ns);
        self.laps.push((rule, took));
    }

    /// What was done since the last lap was done for all rules.
    pub(crate) fn lap_of_dispatch(&mut self, watch: &mut Watch) {
        self.lap(watch, self.rules.len());
    }

    /// Counts what was timed, unless something else ran meanwhile: a thousandth of a second then
    /// would count for a quarter.
    pub(crate) fn end(&mut self, watch: &Watch) {
        if !watch.was_interrupted() {
            for &(rule, ns) in &self.laps {
                let cost = self.rules.get_mut(rule).unwrap_or(&mut self.dispatch);
                *cost = cost.saturating_add(ns.saturating_mul(self.period.into()));
            }
        }
        self.timed = FIRST.min(self.timed + 1);
        self.choose();
    }

    /// What a rule took of all events, estimated.
    pub(crate) fn of_rule(&self, rule: usize) -> u64 {
        self.rules[rule]
    }

    /// What dispatch took of all events, estimated.
    pub(crate) fn of_dispatch(&self) -> u64 {
        self.dispatch
    }
}

impl Watch {
    fn start() -> Self {
        let started_cpu_ns = cpu_ns();
        let started = Instant::now();
        Self {
            started,
            started_cpu_ns,
            last: started,
        }
    }

    /// Nanoseconds since the last lap.
    fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let took = now.duration_since(self.last).as_nanos();
        self.last = now;
        took.try_into().unwrap_or(u64::MAX)
    }

    /// Whether the thread had the processor for less than nine tenths of the time.
    fn was_interrupted(&self) -> bool {
        let took = self.last.duration_since(self.started).as_nanos();
        let took = u64::try_from(took).unwrap_or(u64::MAX);
        took > UNSUSPECTED_NS && cpu_ns().saturating_sub(self.started_cpu_ns) < took / 10 * 9
    }
}

/// The time that this thread has had the processor.
fn cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// How many events of so many are timed.
    fn timed(costs: &mut Costs, events: u32) -> usize {
        let mut timed = 0;
        for _ in 0..events {
            if let Some(watch) = costs.next_event() {
                costs.end(&watch);
                timed += 1;
            }
        }
        timed
    }

    #[test]
    fn events_are_timed_often_at_first_and_later_less() {
        let mut costs = Costs::new(0);
        // The mean of a thousand distances: its deviation is 2 of 64.
        let first = timed(&mut costs, 1000 * FIRST_PERIOD);
        assert!((900..1100).contains(&first), "{first}");
        timed(&mut costs, 100 * PERIOD);
        let later = timed(&mut costs, 1000 * PERIOD);
        assert!((900..1100).contains(&later), "{later}");
    }

    #[test]
    fn work_is_charged_to_its_rule() {
        let mut costs = Costs::new(2);
        for _ in 0..20 * FIRST_PERIOD {
            if let Some(mut watch) = costs.next_event() {
                costs.lap_of_dispatch(&mut watch);
                costs.lap(&mut watch, 0);
                for number in 0..100_000 {
                    black_box(number);
                }
                costs.lap(&mut watch, 1);
                costs.end(&watch);
            }
        }
        let (little, much) = (costs.of_rule(0), costs.of_rule(1));
        assert!(much > 2 * little, "{little} {much}");
        assert!(much > 2 * costs.of_dispatch());
    }

    #[test]
    fn an_interruption_is_not_charged() {
        let mut costs = Costs::new(1);
        let mut watch = Watch::start();
        thread::sleep(Duration::from_millis(2));
        costs.lap(&mut watch, 0);
        costs.end(&watch);
        assert_eq!(costs.of_rule(0), 0);
    }
}
