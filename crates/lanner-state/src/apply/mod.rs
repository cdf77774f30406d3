//! What each event changes: events of processes here, all others in
//! [`descriptors::fd_event`].

mod clone;
mod containers;
mod descriptors;
mod exec;
mod exit;
mod identity;
mod image;
mod limits;
mod process;

use lanner_event::schema::{EventType, Flags};
use lanner_event::{RawEvent, codes};

pub use descriptors::fd_event;

use crate::enter::EnterEvent;
use crate::state::{Context, State};

impl State {
    /// Brings the tables up to date with an event. `kind` is the type of the
    /// event's code, and the event has the newest shape of its type. Call
    /// [`State::after`] once the event was looked at.
    pub fn before(&mut self, raw: &RawEvent, kind: &'static EventType) -> Context {
        let opens = !self.is_open && !is_of_inventory(raw.code);
        if opens {
            self.open();
        }
        let leaving = self.leaving.take();
        if let Some(tid) = leaving {
            self.let_go(tid, raw.time_ns);
        }
        let mut context = Context::default();
        let changes = self.apply(raw, kind, &mut context);
        context.changes_state = changes || opens || leaving.is_some();
        context
    }

    /// Looks into which container an event brings a thread, ahead of [`State::before`]: of a new
    /// one more can be told in time ([`crate::container::Containers::take_new`]).
    pub fn meet(&mut self, raw: &RawEvent) {
        if let Some(cgroups) = image::cgroups(raw) {
            self.cgroups.get(cgroups, &mut self.containers);
        }
    }

    /// Applies an event; whether that can have changed anything for later ones.
    fn apply(&mut self, raw: &RawEvent, kind: &'static EventType, context: &mut Context) -> bool {
        if kind.flags.has(Flags::SKIPPARSERESET) || is_of_machine(raw.code) {
            context.thread = self.threads.select(raw.tid).map(|thread| thread.tid);
            return containers::apply(self, raw, context);
        }
        let is_new = self.find_thread(raw, context);
        if raw.code == codes::SCHEDSWITCH_6_E {
            limits::context_switch(self, raw);
            return true;
        }
        let is_kept = context.is_of_thread && self.remember_call(raw, kind);
        let changes = match process::apply(self, raw, context) {
            Some(changes) => changes,
            None => {
                let changes_fds = fd_event(self, raw, kind, context);
                process::apply_with_fd(self, raw, context) || changes_fds
            }
        };
        is_new || is_kept || changes
    }

    /// Does what had to wait until the event was looked at. A thread that has
    /// exited goes when the next event comes.
    pub fn after(&mut self, raw: &RawEvent, context: &Context) {
        descriptors::fd_after(self, raw, context);
        if !context.is_of_thread || raw.code == codes::SCHEDSWITCH_6_E {
            return;
        }
        let Some(thread) = context.thread.and_then(|tid| self.threads.get_mut(tid)) else {
            return;
        };
        thread.previous_event_ts = thread.last_event_ts;
        thread.last_event_ts = raw.time_ns;
        if is_exit(raw.code) {
            thread.last_event_valid = false;
            if let Some(enter) = &mut thread.enter {
                enter.forget();
            }
        }
    }

    /// The thread of an event. Most events bring in an unknown one; those by
    /// which threads come and go do not. Whether this one did.
    fn find_thread(&mut self, raw: &RawEvent, context: &mut Context) -> bool {
        let is_new = self.threads.select(raw.tid).is_none();
        if is_new {
            if comes_or_goes(raw.code) || !self.obtain(raw.tid) {
                return false;
            }
            self.threads.select(raw.tid);
        }
        context.thread = Some(raw.tid);
        context.is_of_thread = true;
        is_new
    }

    /// Connects exit events with their enter events; whether one is kept, or was until now.
    fn remember_call(&mut self, raw: &RawEvent, kind: &EventType) -> bool {
        let Some(thread) = self.threads.get_mut(raw.tid) else {
            return false;
        };
        let was_kept = thread.enter.as_ref().is_some_and(|enter| enter.is_kept());
        if kind.is_enter {
            thread.last_fd = -1;
            thread.last_event_code = raw.code;
            let is_kept = is_kept(raw);
            if is_kept {
                EnterEvent::keep(&mut thread.enter, raw);
            }
            return is_kept || was_kept;
        }
        let by_execveat = raw.code == codes::SYSCALL_EXECVE_19_X
            && thread.last_event_code == codes::SYSCALL_EXECVEAT_E;
        thread.last_event_valid = by_execveat || thread.last_event_code == raw.code.wrapping_sub(1);
        if !thread.last_event_valid {
            thread.last_fd = -1;
        }
        was_kept
    }
}

/// Exit events have odd codes.
fn is_exit(code: u16) -> bool {
    code % 2 == 1
}

/// Whether an event belongs to the lists of a capture, if it stands before all
/// others: it tells of users, groups and containers that were there. libs
/// counts such events, but hands them to no rule.
#[must_use]
pub fn is_of_inventory(code: u16) -> bool {
    is_of_machine(code) && code != codes::PLUGINEVENT_E
}

/// Events that tell of the machine, not of the thread in their header.
fn is_of_machine(code: u16) -> bool {
    matches!(
        code,
        codes::CONTAINER_JSON_2_E
            | codes::USER_ADDED_E
            | codes::USER_DELETED_E
            | codes::GROUP_ADDED_E
            | codes::GROUP_DELETED_E
            | codes::PLUGINEVENT_E
            | codes::ASYNCEVENT_E
    )
}

/// Events whose thread is not made up when it is not known.
fn comes_or_goes(code: u16) -> bool {
    matches!(
        code,
        codes::SYSCALL_CLONE_20_X
            | codes::SYSCALL_CLONE3_X
            | codes::SYSCALL_FORK_20_X
            | codes::SYSCALL_VFORK_20_X
            | codes::SCHEDSWITCH_6_E
            | codes::PROCEXIT_1_E
    )
}

/// Enter events that hold what their exit event may lack.
fn is_kept(raw: &RawEvent) -> bool {
    match raw.code {
        codes::SYSCALL_OPEN_E
        | codes::SYSCALL_CREAT_E
        | codes::SYSCALL_OPENAT_2_E
        | codes::SYSCALL_OPENAT2_E
        | codes::SYSCALL_EXECVE_19_E => raw.param(0).is_some_and(|first| !first.is_empty()),
        codes::SYSCALL_EXECVEAT_E | codes::SOCKET_CONNECT_E => true,
        _ => false,
    }
}
