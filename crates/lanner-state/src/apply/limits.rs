//! Limits and memory of processes.

use lanner_event::RawEvent;

use super::process::succeeded;
use crate::state::State;
use crate::thread::Thread;

/// `PPM_RLIMIT_NOFILE`: how many descriptors may be open.
const RLIMIT_NOFILE: u8 = 7;

impl Thread {
    /// Takes page faults and memory that clone and exec events hold at 8 to 12.
    pub(super) fn take_memory(&mut self, raw: &RawEvent) {
        let Some(swap) = raw.u32(12) else {
            return;
        };
        self.pfmajor = raw.u64(8).unwrap_or(0);
        self.pfminor = raw.u64(9).unwrap_or(0);
        self.vmsize_kb = raw.u32(10).unwrap_or(0);
        self.vmrss_kb = raw.u32(11).unwrap_or(0);
        self.vmswap_kb = swap;
    }
}

/// Page faults count for the thread, memory for its process.
pub(super) fn context_switch(state: &mut State, raw: &RawEvent) {
    let (Some(swap), Some(thread)) = (raw.u32(5), state.threads.get_mut(raw.tid)) else {
        return;
    };
    thread.pfmajor = raw.u64(1).unwrap_or(0);
    thread.pfminor = raw.u64(2).unwrap_or(0);
    let leader = state.leader_tid(raw.tid);
    if let Some(leader) = leader.and_then(|leader| state.threads.get_mut(leader)) {
        leader.vmsize_kb = raw.u32(3).unwrap_or(0);
        leader.vmrss_kb = raw.u32(4).unwrap_or(0);
        leader.vmswap_kb = swap;
    }
}

/// brk, mmap, munmap.
pub(super) fn memory(state: &mut State, raw: &RawEvent) {
    let Some(thread) = state.threads.get_mut(raw.tid) else {
        return;
    };
    if let Some(size) = raw.u32(1) {
        thread.vmsize_kb = size;
    }
    if let Some(swap) = raw.u32(3) {
        thread.vmrss_kb = raw.u32(2).unwrap_or(0);
        thread.vmswap_kb = swap;
    }
}

/// getrlimit, setrlimit.
pub(super) fn rlimit(state: &mut State, raw: &RawEvent) {
    if succeeded(raw) && raw.u8(3) == Some(RLIMIT_NOFILE) {
        set_fd_limit(state, raw.tid, raw.i64(1));
    }
}

/// prlimit can be about another process, which is made up if it is not known.
pub(super) fn prlimit(state: &mut State, raw: &RawEvent) {
    if raw.i64(0) != Some(0) || raw.u8(6) != Some(RLIMIT_NOFILE) || raw.i64(1) == Some(-1) {
        return;
    }
    let Some(tid) = raw.i64(5) else {
        return;
    };
    let tid = if tid == 0 { raw.tid } else { tid };
    state.obtain(tid);
    if state.thread(tid).is_some_and(|thread| !thread.is_invalid()) {
        set_fd_limit(state, tid, raw.i64(1));
    }
}

fn set_fd_limit(state: &mut State, tid: i64, limit: Option<i64>) {
    let leader = state.leader_tid(tid);
    let leader = leader.and_then(|leader| state.threads.get_mut(leader));
    if let (Some(leader), Some(limit)) = (leader, limit.filter(|limit| *limit != -1)) {
        leader.fdlimit = limit;
    }
}
