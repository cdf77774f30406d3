//! Execs: a process runs another program.

use lanner_event::inventory::ExeFile;
use lanner_event::{RawEvent, codes};

use super::image::Command;
use super::process::succeeded;
use crate::param;
use crate::path;
use crate::state::{Context, State};
use crate::thread::{Capabilities, Image, Thread, flags};

/// Parameters of exec events.
mod at {
    pub(super) const PID: usize = 4;
    pub(super) const PTID: usize = 5;
    pub(super) const FDLIMIT: usize = 7;
    pub(super) const ENV: usize = 15;
    pub(super) const TTY: usize = 16;
    pub(super) const VPGID: usize = 17;
    pub(super) const LOGINUID: usize = 18;
    pub(super) const FLAGS: usize = 19;
    pub(super) const CAP_INHERITABLE: usize = 20;
    pub(super) const CAP_PERMITTED: usize = 21;
    pub(super) const CAP_EFFECTIVE: usize = 22;
    pub(super) const EXE_INO: usize = 23;
    pub(super) const EXE_CTIME: usize = 24;
    pub(super) const EXE_MTIME: usize = 25;
    pub(super) const UID: usize = 26;
    pub(super) const EXEPATH: usize = 27;
    pub(super) const PGID: usize = 28;
    pub(super) const GID: usize = 29;
}

/// `PPM_EXE_*`: what the flags of an exec event say of the executable.
mod exe_flags {
    pub(super) const WRITABLE: u32 = 1;
    pub(super) const UPPER_LAYER: u32 = 1 << 1;
    pub(super) const FROM_MEMFD: u32 = 1 << 2;
    pub(super) const LOWER_LAYER: u32 = 1 << 3;
}

/// `PPM_AT_FDCWD`: a path starts at the working directory.
const AT_FDCWD: i64 = -100;
/// `PPM_EXVAT_AT_EMPTY_PATH`: execveat runs what the descriptor refers to.
const AT_EMPTY_PATH: u32 = 1;
/// execve, execveat.
pub(super) fn exec(state: &mut State, raw: &RawEvent, context: &mut Context) {
    if !succeeded(raw) {
        return;
    }
    let tid = raw.tid;
    if state.threads.get(tid).is_none() {
        return;
    }
    resurrect(state, tid);
    let exepath = exepath(state, raw, context);
    let Some(thread) = state.threads.get(tid) else {
        return;
    };
    let image = image(raw, &thread.image, exepath);
    identify(state, raw);
    let cgroups = super::image::cgroups(raw);
    let cgroups = cgroups.and_then(|bytes| state.cgroups.get(bytes, &mut state.containers));
    if let Some(thread) = state.threads.get_mut(tid) {
        thread.lastexec_ts = raw.time_ns;
        thread.fdlimit = raw.i64(at::FDLIMIT).unwrap_or(-1);
        thread.take_memory(raw);
        thread.take_credentials(raw);
        if raw.u64(at::EXE_MTIME).is_some() {
            thread.take_exe_times(&image.file);
        }
        if let Some(known) = cgroups {
            thread.take_cgroups(known);
        }
    }
    state.set_image(tid, image);
    if let Some(fds) = state.fds_mut(tid) {
        fds.close_on_exec();
    }
    if let Some(thread) = state.threads.get_mut(tid) {
        const KEPT: u32 =
            flags::PIPE_SRC | flags::PIPE_DST | flags::IS_MAIN_THREAD | flags::INVERTED;
        thread.flags = thread.flags & KEPT | flags::ACTIVE | flags::NAME_CHANGED;
    }
    end_other_threads(state, tid);
    state.attach_container(tid);
}

/// A leader that had exited lives again when one of its threads runs exec: that
/// takes over its id.
fn resurrect(state: &mut State, tid: i64) {
    let Some(thread) = state.threads.get_mut(tid).filter(|thread| thread.is_dead()) else {
        return;
    };
    thread.flags &= !flags::CLOSED;
    let group = thread.group;
    if let Some(group) = group.and_then(|group| state.groups.get_mut(group)) {
        group.living = group.living.saturating_add(1);
    }
}

fn image(raw: &RawEvent, before: &Image, exepath: Option<Box<[u8]>>) -> Image {
    let env = param::filled(raw, at::ENV);
    let mut image = Command::of(raw).image(before, env.is_none());
    if let Some(env) = env {
        image.env = param::owned_list(env);
    }
    if let Some(exepath) = exepath {
        image.exepath = exepath;
    }
    if let Some(given) = raw.u32(at::FLAGS) {
        image.file.writable = given & exe_flags::WRITABLE != 0;
        image.file.upper_layer = given & exe_flags::UPPER_LAYER != 0;
        image.file.lower_layer = given & exe_flags::LOWER_LAYER != 0;
        image.file.from_memfd = given & exe_flags::FROM_MEMFD != 0;
    }
    if let Some(mtime) = raw.u64(at::EXE_MTIME) {
        image.file.ino = raw.u64(at::EXE_INO).unwrap_or(0);
        image.file.ctime = raw.u64(at::EXE_CTIME).unwrap_or(0);
        image.file.mtime = mtime;
    }
    image
}

/// The ids that the event tells; a thread of which nothing was known gets its family.
fn identify(state: &mut State, raw: &RawEvent) {
    let tid = raw.tid;
    let Some(thread) = state.threads.get_mut(tid) else {
        return;
    };
    let pid = raw.i64(at::PID).unwrap_or(-1);
    let leaves_group = thread.pid != pid && thread.group.is_some();
    thread.pid = pid;
    if !thread.is_invalid() {
        if leaves_group {
            state.touch_all();
        }
        return;
    }
    thread.ptid = raw.i64(at::PTID).unwrap_or(-1);
    if thread.flags & flags::CHILD_IN_PIDNS == 0 {
        thread.vtid = thread.tid;
        thread.vpid = thread.pid;
    }
    state.link(tid);
}

impl Thread {
    /// Takes users, groups, terminal and capabilities of an exec event.
    fn take_credentials(&mut self, raw: &RawEvent) {
        self.tty = raw.u32(at::TTY).unwrap_or(self.tty);
        self.vpgid = raw.i64(at::VPGID).unwrap_or(self.vpgid);
        self.pgid = raw.i64(at::PGID).unwrap_or(-1);
        self.loginuid = raw.u32(at::LOGINUID).unwrap_or(self.loginuid);
        self.uid = raw.u32(at::UID).unwrap_or(self.uid);
        self.gid = raw.u32(at::GID).unwrap_or(self.gid);
        if let Some(effective) = raw.u64(at::CAP_EFFECTIVE) {
            self.capabilities = Capabilities {
                permitted: raw.u64(at::CAP_PERMITTED).unwrap_or(0),
                effective,
                inheritable: raw.u64(at::CAP_INHERITABLE).unwrap_or(0),
            };
        }
    }

    /// Compares the change of the executable with the start of the process and
    /// of its pid namespace. The first wraps, as in libs.
    fn take_exe_times(&mut self, file: &ExeFile) {
        if self.clone_ts != 0 {
            self.exe_ctime_to_clone_ns = self.clone_ts.wrapping_sub(file.ctime);
        }
        if self.pidns_init_start_ts != 0 && file.ctime > self.pidns_init_start_ts {
            self.pidns_start_to_exe_ctime_ns = file.ctime - self.pidns_init_start_ts;
        }
    }
}

/// The path of the executable: from the kernel, or in old captures from what
/// the enter event asked for; `None` to leave it.
fn exepath(state: &State, raw: &RawEvent, context: &mut Context) -> Option<Box<[u8]>> {
    if param::filled(raw, at::EXEPATH).is_some() {
        let path = param::text(raw, at::EXEPATH);
        return Some(param::without_deleted(path).into());
    }
    let enter = state.enter_event(raw.tid)?;
    let path = match enter.code {
        codes::SYSCALL_EXECVE_19_E => by_execve(state, &enter),
        codes::SYSCALL_EXECVEAT_E => by_execveat(state, &enter, context),
        _ => return None,
    };
    Some(param::without_deleted(&path).into())
}

const UNKNOWN: &[u8] = b"<NA>";

fn by_execve(state: &State, enter: &RawEvent) -> Vec<u8> {
    let name = param::text(enter, 0);
    match state.thread(enter.tid) {
        Some(thread) if name != UNKNOWN => path::join(state.cwd(thread), name),
        _ => UNKNOWN.to_vec(),
    }
}

fn by_execveat(state: &State, enter: &RawEvent, context: &mut Context) -> Vec<u8> {
    let dirfd = enter.i64(0).unwrap_or(-1);
    let name = param::text(enter, 1);
    let by_fd = enter.u32(2).unwrap_or(0) & AT_EMPTY_PATH != 0;
    let Some(thread) = state.thread(enter.tid) else {
        return UNKNOWN.to_vec();
    };
    let directory = if name.starts_with(b"/") {
        b".".to_vec()
    } else if dirfd == AT_FDCWD {
        state.cwd(thread).to_vec()
    } else {
        let Some(fd) = state.fd(thread, dirfd) else {
            return UNKNOWN.to_vec();
        };
        context.fd = Some(dirfd);
        let mut directory = fd.name.to_vec();
        if directory.last().is_some_and(|last| *last != b'/') {
            directory.push(b'/');
        }
        directory
    };
    match (by_fd, name == UNKNOWN) {
        (true, _) => path::join(b"", &directory),
        (false, true) => UNKNOWN.to_vec(),
        (false, false) => path::join(&directory, name),
    }
}

/// Only the leader, which runs the new program, remains of a process.
fn end_other_threads(state: &mut State, tid: i64) {
    let group = state.threads.get(tid).and_then(|thread| thread.group);
    let group = group.and_then(|group| state.groups.get(group));
    let Some(group) = group.filter(|group| group.living > 1) else {
        return;
    };
    for member in group.threads.clone() {
        let thread = state.threads.living(member);
        if thread.is_some_and(|thread| !thread.is_main() && thread.tid != tid) {
            state.remove_thread(member.tid);
        }
    }
}
