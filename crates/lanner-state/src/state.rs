//! The tables, and look-ups in them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lanner_event::RawEvent;
use lanner_event::inventory::{Descriptor, Interface, Machine, Process};

use crate::container::{Container, Containers};
use crate::exited::RecentlyExited;
use crate::fd::{Fd, FdTable};
use crate::groups::{Group, Groups};
use crate::lineage::LooseParents;
use crate::thread::{Image, Thread, flags};
use crate::threads::Threads;
use crate::users::Users;

/// How many threads are kept unless said otherwise (`falco_libs.thread_table_size`).
pub const DEFAULT_MAX_THREADS: usize = 262_144;

/// The working directory of a thread whose leader is not known.
const UNKNOWN_CWD: &[u8] = b"./";

/// Everything that is known of the machine at one moment.
#[derive(Debug)]
pub struct State {
    /// Threads by id.
    pub threads: Threads,
    /// Thread groups.
    pub groups: Groups,
    /// Containers.
    pub containers: Containers,
    /// Users and groups.
    pub users: Users,
    /// The machine; empty when the capture does not say.
    pub machine: Machine,
    /// Addresses of network interfaces.
    pub interfaces: Vec<Interface>,
    /// What happened to the tables.
    pub counters: Counters,
    /// More threads than this are not taken in.
    pub max_threads: usize,
    /// Who is asked about threads that are not known; nobody where there is only a capture.
    pub finder: Option<Finder>,
    /// Whether the events that belong to the lists are over ([`crate::is_of_inventory`]).
    pub(crate) is_open: bool,
    pub(crate) exited: RecentlyExited,
    /// The thread that the event before this one ended.
    pub(crate) leaving: Option<i64>,
    pub(crate) cgroups: crate::cgroups::Cache,
    /// The image of threads of which nothing is known.
    unknown_image: Arc<Image>,
    unknown_cwd: Arc<[u8]>,
    latest_id: u64,
    pub(crate) lineage_floor: u64,
    pub(crate) loose_parents: LooseParents,
}

/// What the running system says of a thread: the thread, and its descriptors.
pub type Found = (Process, Vec<Descriptor>);

/// Asks the running system about a thread.
pub struct Finder(pub Box<dyn FnMut(i64) -> Option<Found> + Send + Sync>);

impl fmt::Debug for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finder")
    }
}

/// How many states there were: each has numbers of its own, so that what is remembered under them
/// is not taken for something in another one.
static STATES: AtomicU64 = AtomicU64::new(1);

/// Counts of what happened to the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Threads that were added.
    pub added_threads: u64,
    /// Threads that were removed.
    pub removed_threads: u64,
    /// Threads that were made up because an event named an unknown one.
    pub unknown_threads: u64,
    /// Threads that an event named and the [`Finder`] knew.
    pub found_threads: u64,
    /// Threads that were not taken in because the table was full.
    pub dropped_threads: u64,
    /// Threads that were removed because nothing was heard of them ([`State::purge`]).
    pub purged_threads: u64,
    /// How often all threads got another lineage at once ([`State::lineage_id`]).
    pub lineage_resets: u64,
    /// Container events that could not be understood.
    pub bad_containers: u64,
}

/// What an event is about, in terms of the tables. Valid until [`State::after`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The thread that did it, if it is known.
    pub thread: Option<i64>,
    /// The descriptor that it is about, by number, whether known or not.
    pub fd: Option<i64>,
    /// Whether the descriptor has got another name.
    pub fd_name_changed: bool,
    /// The container that a container event tells of.
    pub container: Option<Arc<Container>>,
    /// Whether the event changes the tables: without it, later events may have other values.
    pub changes_state: bool,
    /// Whether it is an event of its thread, not about the machine.
    pub(crate) is_of_thread: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            threads: Threads::default(),
            groups: Groups::default(),
            containers: Containers::default(),
            users: Users::default(),
            machine: Machine::default(),
            interfaces: Vec::new(),
            counters: Counters::default(),
            max_threads: DEFAULT_MAX_THREADS,
            finder: None,
            is_open: false,
            exited: RecentlyExited::default(),
            leaving: None,
            cgroups: crate::cgroups::Cache::default(),
            unknown_image: Arc::new(Image::unknown()),
            unknown_cwd: UNKNOWN_CWD.into(),
            latest_id: STATES.fetch_add(1, Ordering::Relaxed) << 40,
            lineage_floor: 0,
            loose_parents: LooseParents::default(),
        }
    }
}

impl State {
    /// A thread.
    #[must_use]
    pub fn thread(&self, tid: i64) -> Option<&Thread> {
        self.threads.get(tid)
    }

    /// The leader of a thread's process: the thread itself, or the one that
    /// leads its group. Made-up threads have none but themselves.
    #[must_use]
    pub fn leader<'s>(&'s self, thread: &'s Thread) -> Option<&'s Thread> {
        if thread.is_main() {
            return Some(thread);
        }
        let group = thread.group?;
        let leads = |leader: &&Thread| leader.group == Some(group) && leader.is_main();
        self.thread(thread.pid).filter(leads).or_else(|| {
            let first = self.groups.get(group)?.threads.first()?;
            let leader = self.thread(first.tid)?;
            Some(leader).filter(|leader| leader.serial == first.serial && leader.is_main())
        })
    }

    /// The id of the thread that [`State::leader`] gives.
    pub(crate) fn leader_tid(&self, tid: i64) -> Option<i64> {
        let thread = self.thread(tid)?;
        self.leader(thread).map(|leader| leader.tid)
    }

    /// The descriptors that a thread uses: its own, or its leader's.
    #[must_use]
    pub fn fds<'s>(&'s self, thread: &'s Thread) -> Option<&'s FdTable> {
        if thread.flags & flags::FILES == 0 {
            return Some(&thread.fds);
        }
        self.leader(thread).map(|leader| &leader.fds)
    }

    /// The descriptors that a thread uses, to be changed.
    pub fn fds_mut(&mut self, tid: i64) -> Option<&mut FdTable> {
        let thread = self.threads.get(tid)?;
        let owner = if thread.flags & flags::FILES == 0 || thread.is_main() {
            tid
        } else {
            self.leader(thread)?.tid
        };
        self.threads.get_mut(owner).map(|owner| &mut owner.fds)
    }

    /// A descriptor of a thread.
    #[must_use]
    pub fn fd<'s>(&'s self, thread: &'s Thread, number: i64) -> Option<&'s Fd> {
        self.fds(thread)?.get(number)
    }

    /// The working directory of a thread: its leader's; `./` without one.
    #[must_use]
    pub fn cwd<'s>(&'s self, thread: &'s Thread) -> &'s Arc<[u8]> {
        match self.leader(thread) {
            Some(leader) => &leader.cwd,
            None => &self.unknown_cwd,
        }
    }

    /// The environment of a thread: its leader's, or without one its own.
    #[must_use]
    pub fn env<'s>(&'s self, thread: &'s Thread) -> &'s [Box<[u8]>] {
        &self.leader(thread).unwrap_or(thread).image.env
    }

    /// The enter event of the current exit event, where it was kept (old captures).
    #[must_use]
    pub fn enter_event(&self, tid: i64) -> Option<RawEvent<'_>> {
        let thread = self.threads.get(tid)?;
        let enter = thread.enter.as_ref().filter(|_| thread.last_event_valid);
        enter?.raw()
    }

    /// The thread group of a thread.
    #[must_use]
    pub fn group(&self, thread: &Thread) -> Option<&Group> {
        self.groups.get(thread.group?)
    }

    /// How many threads of a process have not exited, its leader not counted
    /// (`proc.nchilds`).
    #[must_use]
    pub fn secondary_threads(&self, thread: &Thread) -> u32 {
        let living = self.group(thread).map_or(0, |group| group.living);
        let leader = self.leader(thread).filter(|leader| !leader.is_dead());
        living.saturating_sub(u32::from(leader.is_some()))
    }

    /// The parent of a thread's process: of its leader the parent, and of that the leader.
    #[must_use]
    pub fn parent<'s>(&'s self, thread: &'s Thread) -> Option<&'s Thread> {
        let parent = self.thread(self.leader(thread)?.ptid)?;
        self.leader(parent)
    }

    /// The `n`th ancestor of a thread's process; 0 is the process itself.
    #[must_use]
    pub fn ancestor<'s>(&'s self, thread: &'s Thread, n: u32) -> Option<&'s Thread> {
        (0..n).try_fold(self.leader(thread)?, |process, _| self.parent(process))
    }

    /// A number that was never used before, in any state.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.latest_id += 1;
        self.latest_id
    }

    /// A thread of which only the id is known: what libs makes of an unknown id
    /// where it cannot look into `/proc`.
    pub(crate) fn unknown_thread(&self, tid: i64) -> Thread {
        Thread {
            tid,
            image: Arc::clone(&self.unknown_image),
            image_id: 1,
            ..Thread::default()
        }
    }
}
