//! Clones: a new thread is told of twice, by its parent's event and by its
//! own, in any order, and either can be lost.

use std::sync::Arc;

use lanner_event::{RawEvent, codes};

use super::image::Command;
use crate::state::{Context, State};
use crate::thread::{Image, Thread, flags};

/// A thread that its own clone event finds at this age, in nanoseconds, is an
/// older one, whose end was lost (`CLONE_STALE_TIME_NS` in libs).
const STALE_NS: u64 = 2_000_000_000;

/// Parameters of all clones.
mod at {
    pub(super) const PID: usize = 4;
    pub(super) const PTID: usize = 5;
    pub(super) const FDLIMIT: usize = 7;
    pub(super) const FLAGS: usize = 15;
    pub(super) const UID: usize = 16;
    pub(super) const GID: usize = 17;
    pub(super) const VTID: usize = 18;
    pub(super) const VPID: usize = 19;
    pub(super) const PIDNS_INIT_START: usize = 20;
}

/// clone, clone3, fork, vfork.
pub(super) fn clone(state: &mut State, raw: &RawEvent, context: &mut Context) {
    match raw.i64(0) {
        Some(0) => by_child(state, raw, context),
        // Within a pid namespace, the result is the id there.
        Some(child) if child > 0 => by_parent(state, raw, context, child),
        _ => return,
    }
    state.attach_container(raw.tid);
}

/// What a thread learns of itself from an event, where nothing was known.
fn identify(state: &mut State, raw: &RawEvent) {
    if let Some(thread) = state.threads.get_mut(raw.tid) {
        thread.pid = raw.i64(at::PID).unwrap_or(-1);
        thread.ptid = raw.i64(at::PTID).unwrap_or(-1);
        (thread.vtid, thread.vpid) = virtual_ids(raw);
    }
    state.link(raw.tid);
    state.touch_tree(raw.tid);
}

fn virtual_ids(raw: &RawEvent) -> (i64, i64) {
    match raw.i64(at::VPID) {
        Some(vpid) => (raw.i64(at::VTID).unwrap_or(-1), vpid),
        None => (raw.tid, -1),
    }
}

/// What a new thread has from the one that it copies.
fn inherited(from: &Thread) -> Thread {
    Thread {
        sid: from.sid,
        pgid: from.pgid,
        vpgid: from.vpgid,
        root: Arc::clone(&from.root),
        loginuid: from.loginuid,
        capabilities: from.capabilities,
        tty: from.tty,
        exe_ctime_to_clone_ns: from.exe_ctime_to_clone_ns,
        ..Thread::default()
    }
}

fn new_thread(state: &mut State, raw: &RawEvent, from: Option<i64>) -> Thread {
    let from = from.and_then(|from| state.threads.get(from));
    let mut thread = from.map_or_else(Thread::default, inherited);
    thread.fdlimit = raw.i64(at::FDLIMIT).unwrap_or(-1);
    thread.take_memory(raw);
    thread.uid = raw.u32(at::UID).unwrap_or(u32::MAX);
    thread.gid = raw.u32(at::GID).unwrap_or(u32::MAX);
    let cgroups = super::image::cgroups(raw);
    let cgroups = cgroups.and_then(|bytes| state.cgroups.get(bytes, &mut state.containers));
    if let Some(known) = cgroups {
        thread.take_cgroups(known);
    }
    thread.clone_ts = raw.time_ns;
    thread
}

/// What a leader has from the thread that it copies: descriptors and the
/// working directory; threads use those of their leader.
fn take_process(state: &State, from: i64, thread: &mut Thread) {
    let Some(from) = state.threads.get(from) else {
        return;
    };
    if let Some(fds) = state.fds(from) {
        thread.fds = fds.clone();
    }
    thread.cwd = Arc::clone(state.cwd(from));
}

/// The image of a new thread: that of the one that it copies, or as much as the
/// event tells. A leader has the environment only from a leader, as in libs.
fn set_image(
    state: &mut State,
    raw: &RawEvent,
    from: Option<i64>,
    thread: &mut Thread,
    leads: bool,
) {
    let known = from.and_then(|from| state.threads.get(from));
    let (image, id, from_leader) = match known {
        Some(from) => (Arc::clone(&from.image), from.image_id, from.is_main()),
        None => (Arc::new(Image::default()), 0, false),
    };
    let keeps_env = !leads || from_leader;
    (thread.image, thread.image_id) =
        state.inherit_image(Command::of(raw), (&image, id), keeps_env);
}

/// The event of the parent: makes the child, unless only its own event can tell
/// enough of it, or it is there, or it has gone again.
fn by_parent(state: &mut State, raw: &RawEvent, context: &mut Context, child: i64) {
    let tid = raw.tid;
    if !state.obtain(tid) {
        *context = Context::default();
        return;
    }
    let is_known = state
        .threads
        .get(tid)
        .is_some_and(|thread| !thread.is_invalid());
    if !is_known {
        identify(state, raw);
    }
    context.thread = Some(tid);
    context.is_of_thread = true;
    let given = raw.u32(at::FLAGS).unwrap_or(0);
    let told_by_child = flags::CHILD_IN_PIDNS | flags::NEWPID | flags::PARENT | flags::VFORK;
    let in_namespace = state
        .threads
        .get(tid)
        .is_some_and(|thread| thread.vtid != tid);
    if given & told_by_child != 0
        || in_namespace
        || raw.code == codes::SYSCALL_VFORK_20_X
        || state.exited.contains(child, tid, raw.time_ns)
    {
        return;
    }
    if let Some(thread) = state.threads.get(child) {
        if thread.flags & flags::INVERTED != 0 {
            return;
        }
        // An older thread, whose end was lost.
        state.remove_thread(child);
    }
    let from = is_known.then_some(tid);
    let mut thread = new_thread(state, raw, from);
    thread.tid = child;
    thread.flags = given;
    let leads = given & flags::THREAD == 0;
    if let Some(parent) = state.threads.get(tid) {
        if leads {
            (thread.pid, thread.ptid) = (child, tid);
        } else {
            (thread.pid, thread.ptid) = (parent.pid, parent.ptid);
            thread.flags |= flags::FILES;
            thread.lastexec_ts = parent.lastexec_ts;
        }
    }
    if let Some(from) = from.filter(|_| leads) {
        take_process(state, from, &mut thread);
    }
    (thread.vtid, thread.vpid) = (child, thread.pid);
    thread.pidns_init_start_ts = state.machine.boot_ts_epoch;
    set_image(state, raw, from, &mut thread, leads);
    state.add_thread(thread, true);
    if !is_known {
        rename(state, raw, tid);
    }
}

/// A thread of which nothing was known gets the command of its relative.
fn rename(state: &mut State, raw: &RawEvent, tid: i64) {
    let Some(thread) = state.threads.get(tid) else {
        return;
    };
    let image = Command::of(raw).image(&thread.image, true);
    state.set_image(tid, image);
}

/// The event of the child: makes it, unless it was made a moment ago.
fn by_child(state: &mut State, raw: &RawEvent, context: &mut Context) {
    let tid = raw.tid;
    let known = state.threads.get(tid).map(|thread| thread.clone_ts);
    if let Some(clone_ts) = known.filter(|clone_ts| *clone_ts != 0) {
        // In libs the age wraps: an event before the clone is a new thread's.
        if raw.time_ns.wrapping_sub(clone_ts) < STALE_NS {
            return;
        }
        state.remove_thread(tid);
    }
    *context = Context::default();
    let given = raw.u32(at::FLAGS).unwrap_or(0);
    let (pid, ptid) = (
        raw.i64(at::PID).unwrap_or(-1),
        raw.i64(at::PTID).unwrap_or(-1),
    );
    let leads = given & flags::THREAD == 0;
    let (vtid, vpid) = virtual_ids(raw);
    // A process copies its parent, a thread its leader.
    let model = if leads { ptid } else { pid };
    if !state.obtain(model) {
        return;
    }
    let is_known = state
        .threads
        .get(model)
        .is_some_and(|thread| !thread.is_invalid());
    if !is_known && !leads {
        complete_leader(state, model, (pid, ptid, vpid));
    }
    let from = is_known.then_some(model);
    let mut thread = new_thread(state, raw, from);
    (thread.tid, thread.pid, thread.ptid) = (tid, pid, ptid);
    (thread.vtid, thread.vpid) = (vtid, vpid);
    thread.flags = given | flags::INVERTED | if leads { 0 } else { flags::FILES };
    match from {
        Some(from) if leads => take_process(state, from, &mut thread),
        Some(from) => {
            let leader = state.threads.get(from);
            thread.lastexec_ts = leader.map_or(0, |leader| leader.lastexec_ts);
        }
        None => {}
    }
    set_image(state, raw, from, &mut thread, leads);
    let boot = state.machine.boot_ts_epoch;
    if given & (flags::CHILD_IN_PIDNS | flags::NEWPID) == 0 && tid == vtid {
        thread.pidns_init_start_ts = boot;
    } else if let Some(since_boot) = raw.u64(at::PIDNS_INIT_START) {
        thread.pidns_init_start_ts = since_boot.wrapping_add(boot);
    }
    if !is_known && !leads {
        rename(state, raw, model);
    }
    if state.add_thread(thread, true) {
        state.threads.select(tid);
        context.thread = Some(tid);
        context.is_of_thread = true;
    }
}

/// A leader of which nothing was known has the ids of its thread.
fn complete_leader(state: &mut State, tid: i64, (pid, ptid, vpid): (i64, i64, i64)) {
    if let Some(leader) = state.threads.get_mut(tid) {
        (leader.pid, leader.ptid) = (pid, ptid);
        (leader.vtid, leader.vpid) = (vpid, vpid);
    }
    state.link(tid);
    state.touch_tree(tid);
}
