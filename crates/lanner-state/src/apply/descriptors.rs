//! Events about descriptors: which one an event is about, and what it changes.

mod duplicates;
mod files;
mod location;
mod sockets;
mod special;

use std::sync::Arc;

use lanner_event::schema::{EventType, Flags};
use lanner_event::{RawEvent, codes};

use crate::fd::Fd;
use crate::state::{Context, State};

/// Finds the descriptor that an event is about, and does what the event means
/// for descriptors.
///
/// Afterwards `context.fd` is the number for events that make, use or close a
/// descriptor (-1 where the event does not say: a call that failed), and `None`
/// for all others.
///
/// Returns whether descriptors change, now or in [`fd_after`].
pub fn fd_event(
    state: &mut State,
    raw: &RawEvent,
    kind: &'static EventType,
    context: &mut Context,
) -> bool {
    let is_about_fd = kind.flags.has(Flags::USES_FD);
    if !is_about_fd && !kind.flags.has(Flags::CREATES_FD) && !changes_without_fd(raw.code) {
        return false;
    }
    let Some(thread) = context.thread.and_then(|tid| state.threads.get_mut(tid)) else {
        return false;
    };
    if is_about_fd
        && thread.last_fd == -1
        && let Some(number) = location::param(raw.code).and_then(|index| raw.i64(index))
    {
        thread.last_fd = number;
    }
    let found = thread.last_fd;
    let mut call = Call {
        raw,
        tid: raw.tid,
        fd: found,
        name_changed: false,
        changed: false,
    };
    if !kind.is_enter {
        call.apply(state);
    }
    if changes_without_fd(raw.code) {
        return call.changed;
    }
    context.fd = Some(call.fd);
    context.fd_name_changed = call.name_changed;
    if call.fd != found
        && let Some(thread) = state.threads.get_mut(raw.tid)
    {
        thread.last_fd = call.fd;
    }
    call.changed || closes(raw)
}

/// What must wait until an event was looked at: a closed descriptor goes.
pub fn fd_after(state: &mut State, raw: &RawEvent, context: &Context) {
    if !closes(raw) {
        return;
    }
    if let (Some(tid), Some(number)) = (context.thread, context.fd)
        && let Some(fds) = state.fds_mut(tid)
    {
        fds.remove(number);
    }
}

fn closes(raw: &RawEvent) -> bool {
    raw.code == codes::SYSCALL_CLOSE_X && result(raw) >= 0
}

/// Changes descriptors, but is about none.
fn changes_without_fd(code: u16) -> bool {
    code == codes::SYSCALL_CLOSE_RANGE_X
}

/// What a call returned: the first parameter, of 32 or 64 bits.
fn result(raw: &RawEvent) -> i64 {
    match raw.param(0).map(<[u8]>::len) {
        Some(4) => raw.i32(0).map_or(0, i64::from),
        Some(8) => raw.i64(0).unwrap_or(0),
        _ => 0,
    }
}

/// An exit event, while it is applied.
struct Call<'e, 'b> {
    raw: &'e RawEvent<'b>,
    tid: i64,
    /// The descriptor that the event is about; -1 for none.
    fd: i64,
    /// Whether that has got another name.
    name_changed: bool,
    /// Whether the table of descriptors has changed.
    changed: bool,
}

impl Call<'_, '_> {
    fn apply(&mut self, state: &mut State) {
        match self.raw.code {
            codes::SYSCALL_READ_X
            | codes::SYSCALL_READV_X
            | codes::SYSCALL_PREAD_X
            | codes::SYSCALL_PREADV_X
            | codes::SYSCALL_WRITE_X
            | codes::SYSCALL_WRITEV_X
            | codes::SYSCALL_PWRITE_X
            | codes::SYSCALL_PWRITEV_X
            | codes::SOCKET_SEND_X
            | codes::SOCKET_SENDTO_X
            | codes::SOCKET_SENDMSG_X
            | codes::SOCKET_SENDMMSG_X
            | codes::SOCKET_RECV_X
            | codes::SOCKET_RECVFROM_X
            | codes::SOCKET_RECVMSG_X
            | codes::SOCKET_RECVMMSG_X => self.transfer(state),
            codes::SYSCALL_OPEN_X
            | codes::SYSCALL_CREAT_X
            | codes::SYSCALL_OPENAT_2_X
            | codes::SYSCALL_OPENAT2_X
            | codes::SYSCALL_OPEN_BY_HANDLE_AT_X => self.open(state),
            codes::SYSCALL_CLOSE_RANGE_X => self.close_range(state),
            codes::SYSCALL_DUP_1_X
            | codes::SYSCALL_DUP2_X
            | codes::SYSCALL_DUP3_X
            | codes::SYSCALL_FCNTL_X
            | codes::SYSCALL_PIDFD_GETFD_X => self.duplicate(state),
            codes::SOCKET_SOCKET_X => self.socket(state),
            codes::SOCKET_BIND_X => self.bind(state),
            codes::SOCKET_CONNECT_X => self.connect(state),
            codes::SOCKET_ACCEPT_5_X | codes::SOCKET_ACCEPT4_6_X => self.accept(state),
            codes::SOCKET_SOCKETPAIR_X => self.socketpair(state),
            _ => self.special(state),
        }
    }

    /// Opens a descriptor, which the event is about from now on.
    fn add(&mut self, state: &mut State, number: i64, mut fd: Fd) {
        fd.id = state.next_id();
        self.name_changed = !fd.name.is_empty();
        self.put(state, number, Arc::new(fd));
    }

    /// The same for one that is open under another number.
    fn put(&mut self, state: &mut State, number: i64, fd: Arc<Fd>) {
        if let Some(fds) = state.fds_mut(self.tid) {
            fds.insert(number, fd);
            self.fd = number;
            self.changed = true;
        }
    }

    /// A descriptor of the thread. Negative numbers name none, though the table
    /// can have them after calls that failed.
    fn find<'s>(&self, state: &'s State, number: i64) -> Option<&'s Arc<Fd>> {
        if number < 0 {
            return None;
        }
        let thread = state.thread(self.tid)?;
        state.fds(thread)?.shared(number)
    }

    /// The descriptor that the event is about.
    fn current<'s>(&self, state: &'s State) -> Option<&'s Arc<Fd>> {
        self.find(state, self.fd)
    }

    /// Puts another state of a descriptor in its place.
    fn replace(&mut self, state: &mut State, before: &Fd, mut after: Fd) {
        if *before == after {
            return;
        }
        self.name_changed = before.name != after.name;
        after.id = state.next_id();
        self.put(state, self.fd, Arc::new(after));
    }
}
