//! Items of a capture in, events with the state of the machine out.

use lanner_event::schema::event_type;
use lanner_event::{RawEvent, codes};
use lanner_scap::Item;
use lanner_state::State;
use lanner_state::apply::is_of_inventory;

use crate::SyscallEvent;

/// The state of one machine, and what its events are counted with.
#[derive(Debug, Default)]
pub struct Pipeline {
    state: State,
    /// The lists that a capture begins with are complete once the first event comes.
    seeded: bool,
    /// An event came that is not part of those lists.
    started: bool,
    number: u64,
    first_time_ns: u64,
    previous_time_ns: u64,
    utc_offset: i32,
}

impl Pipeline {
    /// A pipeline whose local time is `utc_offset` seconds ahead of UTC.
    #[must_use]
    pub fn new(utc_offset: i32) -> Self {
        Self {
            utc_offset,
            ..Self::default()
        }
    }

    /// The state of the machine.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The state, for what is no event: who is asked about unknown threads, which containers are
    /// new.
    pub fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// Takes an item: a list adds to the state, an event is handed to
    /// `on_event` once the state is up to date.
    pub fn item(&mut self, item: Item<'_>, on_event: impl FnOnce(&SyscallEvent<'_>)) {
        match item {
            Item::Event(raw) => {
                self.event(&raw, on_event);
            }
            Item::Section => self.section(),
            Item::Machine(machine) => self.state.seed_machine(machine),
            Item::Interface(interface) => self.state.seed_interface(interface),
            Item::User(user) => self.state.seed_user(user),
            Item::Group(group) => self.state.seed_group(group),
            Item::Process(process) => self.state.seed_process(*process),
            Item::Descriptors { tid, list } => self.state.seed_descriptors(tid, list),
        }
    }

    /// Another machine begins, or the same one at another time; numbers go on.
    fn section(&mut self) {
        self.state = State::default();
        self.seeded = false;
        self.started = false;
    }

    /// Takes an event, and hands it to `on_event` unless it is there for the
    /// state only. Events of types that are not known are passed over.
    ///
    /// Returns whether later events can have other values without it: it changes the state, or
    /// begins what they are counted from.
    pub fn event(&mut self, raw: &RawEvent<'_>, on_event: impl FnOnce(&SyscallEvent<'_>)) -> bool {
        let Some(kind) = event_type(raw.code) else {
            return false;
        };
        let is_first = !self.seeded;
        if is_first {
            self.state.finish_seeding();
            self.seeded = true;
        }
        self.number += 1;
        if self.number == 1 {
            self.first_time_ns = raw.time_ns;
        }
        let context = self.state.before(raw, kind);
        // Users, groups and containers of the beginning are counted, but no rule sees them.
        self.started |= !is_of_inventory(raw.code);
        if self.started && is_shown(raw) {
            let thread = context.thread.and_then(|tid| self.state.thread(tid));
            let fd = thread
                .zip(context.fd)
                .and_then(|(thread, number)| self.state.fd(thread, number));
            on_event(&SyscallEvent {
                raw: *raw,
                kind,
                number: self.number,
                state: &self.state,
                context: &context,
                thread,
                fd,
                first_time_ns: self.first_time_ns,
                previous_time_ns: self.previous_time_ns,
                utc_offset: self.utc_offset,
            });
        }
        self.state.after(raw, &context);
        self.previous_time_ns = raw.time_ns;
        is_first || context.changes_state
    }
}

/// Whether rules see an event. Some are there for the state: enter events that say what an exit
/// event may lack, and what other events need (`sinsp_evt_filter`, `sinsp.cpp` in libs 0.25.4).
fn is_shown(raw: &RawEvent<'_>) -> bool {
    let is_enter = matches!(
        raw.code,
        codes::SYSCALL_OPEN_E
            | codes::SYSCALL_OPENAT_2_E
            | codes::SYSCALL_OPENAT2_E
            | codes::SYSCALL_CREAT_E
            | codes::SOCKET_CONNECT_E
            | codes::SYSCALL_EXECVE_19_E
            | codes::SYSCALL_EXECVEAT_E
    );
    !is_enter && raw.flags & RawEvent::STATE_ONLY == 0
}
