//! Threads that exited a moment ago.

use hashbrown::HashMap;
use std::collections::VecDeque;

/// How many are remembered (`RECENTLY_EXITED_RING_SIZE` in libs).
const CAPACITY: usize = 8192;

/// For how long, in nanoseconds.
const MAX_AGE_NS: u64 = 2_000_000_000;

/// Children that exited before the clone of their parent returned: the parent's
/// event must not bring them back.
#[derive(Debug, Default)]
pub(crate) struct RecentlyExited {
    /// When a thread of a parent exited last.
    times: HashMap<(u32, u32), u64>,
    order: VecDeque<((u32, u32), u64)>,
}

/// Ids count modulo 2^32, as in libs.
fn key(tid: i64, ptid: i64) -> (u32, u32) {
    (ptid as u32, tid as u32)
}

impl RecentlyExited {
    pub(crate) fn record(&mut self, tid: i64, ptid: i64, time_ns: u64) {
        let key = key(tid, ptid);
        self.times.insert(key, time_ns);
        self.order.push_back((key, time_ns));
        if self.order.len() <= CAPACITY {
            return;
        }
        if let Some((old, time)) = self.order.pop_front()
            && self.times.get(&old) == Some(&time)
        {
            self.times.remove(&old);
        }
    }

    pub(crate) fn contains(&self, tid: i64, ptid: i64, time_ns: u64) -> bool {
        let exited = self.times.get(&key(tid, ptid));
        exited.is_some_and(|&exited| {
            time_ns
                .checked_sub(exited)
                .is_some_and(|age| age < MAX_AGE_NS)
        })
    }
}
