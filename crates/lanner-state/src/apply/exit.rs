//! How threads end, and who takes their children.

use lanner_event::RawEvent;

use super::process::succeeded;
use crate::state::State;
use crate::thread::flags;

/// `PPM_PR_SET_CHILD_SUBREAPER` and `PPM_PR_GET_CHILD_SUBREAPER`.
const SUBREAPER_OPTIONS: [u32; 2] = [36, 37];

/// procexit: the thread counts as dead, but stays until the next event.
pub(super) fn exit(state: &mut State, raw: &RawEvent) {
    let Some(thread) = state.threads.get_mut(raw.tid) else {
        return;
    };
    let was_alive = thread.flags & flags::CLOSED == 0;
    thread.flags |= flags::CLOSED;
    if !thread.children.is_empty() {
        if raw.len() <= 4 {
            thread.reaper_tid = -1;
        } else if let Some(reaper) = raw.i64(4) {
            thread.reaper_tid = reaper;
        }
    }
    let group = thread.group;
    if let Some(group) = group.filter(|_| was_alive) {
        state.lose_member(group);
    }
    state.leaving = Some(raw.tid);
}

/// prctl: a process takes orphans among its descendants, or no longer does.
/// Asking whether it does counts as well, as in libs.
pub(super) fn prctl(state: &mut State, raw: &RawEvent) {
    let is_about_it = raw
        .u32(1)
        .is_some_and(|option| SUBREAPER_OPTIONS.contains(&option));
    if !succeeded(raw) || !is_about_it {
        return;
    }
    let thread = state.thread(raw.tid).filter(|thread| !thread.is_invalid());
    let group = thread.and_then(|thread| thread.group);
    if let Some(group) = group.and_then(|group| state.groups.get_mut(group)) {
        group.is_reaper = raw.i64(3).is_some_and(|value| value != 0);
    }
}

impl State {
    /// Removes a thread whose last event was looked at.
    pub(super) fn let_go(&mut self, tid: i64, now_ns: u64) {
        let ptid = self.threads.get(tid).map_or(-1, |thread| thread.ptid);
        self.exited.record(tid, ptid, now_ns);
        self.remove_thread(tid);
    }
}
