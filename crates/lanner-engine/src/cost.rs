//! What rules cost: some events, chosen at random, are timed.

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// One of so many events is timed.
const PERIOD: u32 = 256;
/// Within so many nanoseconds hardly a thread is interrupted.
const UNSUSPECTED_NS: u64 = 50_000;

/// Estimates of the time that rules take, in nanoseconds.
pub(crate) struct Costs {
    /// What each rule took in the events that were timed.
    rules: Box<[u64]>,
    /// What it took to choose the rules that are evaluated.
    dispatch: u64,
    /// Events until one is timed, at least 1.
    left: u32,
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
            self.choose();
            self.laps.clear();
            Watch::start()
        })
    }

    /// Distances are random, that no pattern of events meets them always or never (xorshift,
    /// Marsaglia 2003).
    fn choose(&mut self) {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        // 1 to 2 * PERIOD - 1: PERIOD on average
        self.left = 1 + (self.random >> 32) as u32 % (2 * PERIOD - 1);
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
        if watch.was_interrupted() {
            return;
        }
        for &(rule, ns) in &self.laps {
            *self.rules.get_mut(rule).unwrap_or(&mut self.dispatch) += ns;
        }
    }

    /// What a rule took of all events, estimated.
    pub(crate) fn of_rule(&self, rule: usize) -> u64 {
        self.rules[rule].saturating_mul(PERIOD.into())
    }

    /// What dispatch took of all events, estimated.
    pub(crate) fn of_dispatch(&self) -> u64 {
        self.dispatch.saturating_mul(PERIOD.into())
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
        took > UNSUSPECTED_NS && (cpu_ns() - self.started_cpu_ns) < took / 10 * 9
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

    #[test]
    fn one_event_of_a_period_is_timed() {
        let mut costs = Costs::new(0);
        let timed = (0..1_000 * PERIOD).filter(|_| costs.next_event().is_some());
        // The mean of a thousand distances: its deviation is below 5.
        let timed = timed.count();
        assert!((900..1100).contains(&timed), "{timed}");
    }

    #[test]
    fn work_is_charged_to_its_rule() {
        let mut costs = Costs::new(2);
        for _ in 0..20 * PERIOD {
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
