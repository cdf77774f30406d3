//! Who a thread is: users, groups, sessions, capabilities, roots.

use lanner_event::RawEvent;

use super::process::succeeded;
use crate::param;
use crate::path;
use crate::state::State;
use crate::thread::{Capabilities, flags};

/// Every capability that libs 0.25.4 knows: those up to `CAP_CHECKPOINT_RESTORE`.
const ALL_CAPABILITIES: u64 = (1 << 41) - 1;

/// setuid and its kin: the new user is the parameter `index`.
pub(super) fn set_user(state: &mut State, raw: &RawEvent, index: usize) {
    let thread = state.threads.get_mut(raw.tid);
    let (Some(0), Some(uid), Some(thread)) = (raw.i64(0), raw.u32(index), thread) else {
        return;
    };
    if thread.uid != uid {
        thread.uid = uid;
        state.touch(raw.tid);
    }
}

/// setgid and its kin: the new group is the parameter `index`.
pub(super) fn set_group(state: &mut State, raw: &RawEvent, index: usize) {
    let thread = state.threads.get_mut(raw.tid);
    let (Some(0), Some(gid), Some(thread)) = (raw.i64(0), raw.u32(index), thread) else {
        return;
    };
    if thread.gid != gid {
        thread.gid = gid;
        state.touch(raw.tid);
    }
}

/// The new root, as seen from the working directory. The container is looked
/// for again.
pub(super) fn chroot(state: &mut State, raw: &RawEvent) {
    if !succeeded(raw) {
        return;
    }
    if raw.i64(0) == Some(0)
        && let Some(thread) = state.threads.get(raw.tid)
    {
        let root = match param::text(raw, 1) {
            path @ (b"" | b"<NA>" | [b'/', ..]) => path.into(),
            path => path::join(state.cwd(thread), path).into(),
        };
        if let Some(thread) = state.threads.get_mut(raw.tid) {
            thread.root = root;
        }
        state.touch(raw.tid);
    }
    state.attach_container(raw.tid);
}

/// The new session has the id of the process, as the thread sees it.
pub(super) fn setsid(state: &mut State, raw: &RawEvent) {
    let thread = state.threads.get_mut(raw.tid);
    let (Some(sid), Some(thread)) = (raw.i64(0).filter(|sid| *sid >= 0), thread) else {
        return;
    };
    if thread.sid != sid {
        thread.sid = sid;
        state.touch_tree(raw.tid);
    }
}

/// capset.
pub(super) fn capset(state: &mut State, raw: &RawEvent) {
    if !succeeded(raw) {
        return;
    }
    let (Some(inheritable), Some(permitted), Some(effective)) =
        (raw.u64(1), raw.u64(2), raw.u64(3))
    else {
        return;
    };
    let capabilities = Capabilities {
        permitted,
        effective,
        inheritable,
    };
    set_capabilities(state, raw.tid, capabilities);
}

/// unshare and setns: in a user namespace of its own, a thread may do all. The
/// flags are the parameter `index`.
pub(super) fn new_user_namespace(state: &mut State, raw: &RawEvent, index: usize) {
    let given = raw.u32(index).unwrap_or(0);
    if succeeded(raw) && given & flags::NEWUSER != 0 {
        let all = Capabilities {
            permitted: ALL_CAPABILITIES,
            effective: ALL_CAPABILITIES,
            inheritable: ALL_CAPABILITIES,
        };
        set_capabilities(state, raw.tid, all);
    }
}

fn set_capabilities(state: &mut State, tid: i64, capabilities: Capabilities) {
    if let Some(thread) = state.threads.get_mut(tid)
        && thread.capabilities != capabilities
    {
        thread.capabilities = capabilities;
        state.touch(tid);
    }
}
