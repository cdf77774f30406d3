//! Events of processes: which function sees to which.

use lanner_event::{RawEvent, codes};

use super::{clone, containers, exec, exit, identity, limits};
use crate::state::{Context, State};

/// Does what an event means for processes, and says whether it can have changed
/// anything; `None` when it is about something else, or about a descriptor, too.
pub(super) fn apply(state: &mut State, raw: &RawEvent, context: &mut Context) -> Option<bool> {
    match raw.code {
        codes::SYSCALL_CLONE_20_X
        | codes::SYSCALL_FORK_20_X
        | codes::SYSCALL_VFORK_20_X
        | codes::SYSCALL_CLONE3_X => clone::clone(state, raw, context),
        codes::SYSCALL_EXECVE_19_X | codes::SYSCALL_EXECVEAT_X => exec::exec(state, raw, context),
        codes::PROCEXIT_1_E => exit::exit(state, raw),
        codes::SYSCALL_CHDIR_X | codes::SYSCALL_GETCWD_X => chdir(state, raw),
        codes::SYSCALL_BRK_4_X | codes::SYSCALL_MUNMAP_X => limits::memory(state, raw),
        codes::SYSCALL_GETRLIMIT_X | codes::SYSCALL_SETRLIMIT_X => limits::rlimit(state, raw),
        codes::SYSCALL_PRLIMIT_X => limits::prlimit(state, raw),
        codes::SYSCALL_SETRESUID_X | codes::SYSCALL_SETREUID_X => {
            identity::set_user(state, raw, 2);
        }
        codes::SYSCALL_SETUID_X => identity::set_user(state, raw, 1),
        codes::SYSCALL_SETRESGID_X | codes::SYSCALL_SETREGID_X => {
            identity::set_group(state, raw, 2);
        }
        codes::SYSCALL_SETGID_X => identity::set_group(state, raw, 1),
        codes::SYSCALL_CHROOT_X => identity::chroot(state, raw),
        codes::SYSCALL_SETSID_X => identity::setsid(state, raw),
        codes::SYSCALL_CAPSET_X => identity::capset(state, raw),
        codes::SYSCALL_UNSHARE_X => identity::new_user_namespace(state, raw, 1),
        codes::CONTAINER_JSON_E => {
            containers::container_json(state, raw.param(0).unwrap_or_default(), context);
        }
        codes::SYSCALL_PRCTL_X => exit::prctl(state, raw),
        _ => return None,
    }
    let is_exec = matches!(
        raw.code,
        codes::SYSCALL_EXECVE_19_X | codes::SYSCALL_EXECVEAT_X
    );
    // A shell tries every directory of its path: most execs of some captures fail.
    Some(!is_exec || succeeded(raw))
}

/// What remains to be done once the descriptor of an event is known; whether there was anything.
pub(super) fn apply_with_fd(state: &mut State, raw: &RawEvent, context: &Context) -> bool {
    match raw.code {
        codes::SYSCALL_FCHDIR_X => fchdir(state, raw, context),
        codes::SYSCALL_SETNS_X => identity::new_user_namespace(state, raw, 2),
        codes::SYSCALL_MMAP_X | codes::SYSCALL_MMAP2_X => limits::memory(state, raw),
        _ => return false,
    }
    true
}

fn chdir(state: &mut State, raw: &RawEvent) {
    if succeeded(raw) {
        state.change_cwd(raw.tid, crate::param::text(raw, 1));
    }
}

fn fchdir(state: &mut State, raw: &RawEvent, context: &Context) {
    if !succeeded(raw) {
        return;
    }
    let thread = state.thread(raw.tid);
    let fd = thread.and_then(|thread| state.fd(thread, context.fd?));
    let Some(name) = fd.map(|fd| fd.name.clone()) else {
        return;
    };
    state.change_cwd(raw.tid, &name);
}

/// Whether a call gave no error.
pub(super) fn succeeded(raw: &RawEvent) -> bool {
    raw.i64(0).is_some_and(|result| result >= 0)
}
