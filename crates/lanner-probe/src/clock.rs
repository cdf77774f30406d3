//! From the time since boot, which events have, to the time of day.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The time of day is set and corrected: so often it is looked at.
const PERIOD: Duration = Duration::from_secs(10);

/// How much later the time of day is than the time since boot.
pub(crate) struct Clock {
    boot_ns: u64,
    looked_at: Instant,
}

fn now(clock: ClockId) -> i128 {
    let time = clock_gettime(clock);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

/// When the machine was started, in nanoseconds since the epoch.
fn boot_ns() -> u64 {
    // What comes between the two readings makes it larger.
    let differences = (0..5).map(|_| -now(ClockId::Boottime) + now(ClockId::Realtime));
    differences.min().unwrap_or(0).try_into().unwrap_or(0)
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            boot_ns: boot_ns(),
            looked_at: Instant::now(),
        }
    }

    /// What is to be added to a time since boot.
    pub(crate) fn boot_ns(&mut self) -> u64 {
        if self.looked_at.elapsed() > PERIOD {
            *self = Self::new();
        }
        self.boot_ns
    }
}
