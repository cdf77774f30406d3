//! Threads and the images that they run.

use std::sync::{Arc, OnceLock};

pub use lanner_event::inventory::{Capabilities, ExeFile};

use crate::container::ContainerId;
use crate::enter::EnterEvent;
use crate::fd::FdTable;

/// What an exec sets and a clone shares: most predicates depend on this alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Command name (`proc.name`). As in libs, `prctl` does not change it.
    pub comm: Box<[u8]>,
    /// `argv[0]` (`proc.exe`).
    pub exe: Box<[u8]>,
    /// Full path of the executable.
    pub exepath: Box<[u8]>,
    /// Arguments behind `argv[0]`.
    pub args: Box<[Box<[u8]>]>,
    /// Environment, `NAME=value` each.
    pub env: Box<[Box<[u8]>]>,
    /// The executable's file.
    pub file: ExeFile,
    /// The command line, once somebody asked for it.
    pub line: CommandLine,
}

/// A command line that is joined once: conditions ask for it again and again.
/// It follows from the rest of an image, so all are equal.
#[derive(Debug, Default)]
pub struct CommandLine(OnceLock<Box<[u8]>>);

impl Clone for CommandLine {
    /// Not joined yet: copies of images are made to be changed.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for CommandLine {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for CommandLine {}

impl Image {
    /// Name and arguments, joined by blanks (`proc.cmdline`).
    #[must_use]
    pub fn command_line(&self) -> &[u8] {
        self.line.0.get_or_init(|| {
            let mut line = self.comm.to_vec();
            for argument in &self.args {
                line.push(b' ');
                line.extend_from_slice(argument);
            }
            line.into()
        })
    }

    /// Of threads of which nothing is known.
    pub(crate) fn unknown() -> Self {
        Self {
            comm: b"<NA>"[..].into(),
            exe: b"<NA>"[..].into(),
            ..Self::default()
        }
    }
}

/// A control group: subsystem and path.
pub type Cgroup = (Box<[u8]>, Box<[u8]>);

/// A child of a thread. The id alone does not tell it: ids are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// Thread id.
    pub tid: i64,
    /// [`Thread::serial`].
    pub serial: u64,
}

/// A thread, alive or not yet forgotten.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Tells it from all other threads of the run, also from earlier ones of the same id.
    pub serial: u64,
    /// Changes whenever anything in [`Thread::image`] changes; unique over the
    /// run: threads of equal `image_id` have equal images.
    pub image_id: u64,
    /// Changes with the thread's ids, users, container and parents: see [`crate::State::lineage_id`].
    pub lineage_id: u64,
    /// Thread id.
    pub tid: i64,
    /// Process (thread group) id.
    pub pid: i64,
    /// Parent; 0 or less when it is not known.
    pub ptid: i64,
    /// Who adopts its children; -1 when it is not known.
    pub reaper_tid: i64,
    /// Session.
    pub sid: i64,
    /// Process group in the host's pid namespace; -1 when it is not known.
    pub pgid: i64,
    /// Thread id in its own pid namespace.
    pub vtid: i64,
    /// Process id in its own pid namespace.
    pub vpid: i64,
    /// Process group in its own pid namespace.
    pub vpgid: i64,
    /// What it runs.
    pub image: Arc<Image>,
    /// Working directory, with a final slash except where it is not known. For
    /// threads that share their leader's, see [`crate::State::cwd`].
    pub cwd: Arc<[u8]>,
    /// Root directory.
    pub root: Arc<[u8]>,
    /// Control groups.
    pub cgroups: Arc<[Cgroup]>,
    /// The container that its control groups name.
    pub(crate) cgroups_container: ContainerId,
    /// Its container, as its own events have shown it so far.
    pub container: ContainerId,
    /// `PPM_CL_*` flags; see [`flags`].
    pub flags: u32,
    /// How many descriptors it may open.
    pub fdlimit: i64,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Login user; all ones for none.
    pub loginuid: u32,
    /// Capabilities.
    pub capabilities: Capabilities,
    /// Virtual memory, in kB.
    pub vmsize_kb: u32,
    /// Resident memory, in kB.
    pub vmrss_kb: u32,
    /// Swapped memory, in kB.
    pub vmswap_kb: u32,
    /// Major page faults.
    pub pfmajor: u64,
    /// Minor page faults.
    pub pfminor: u64,
    /// Controlling terminal; 0 for none.
    pub tty: u32,
    /// When it was cloned.
    pub clone_ts: u64,
    /// When it last ran exec; 0 for never.
    pub lastexec_ts: u64,
    /// From the change of its executable's inode to its clone, in nanoseconds, as it was at its
    /// latest exec; 0 where it is not known.
    pub exe_ctime_to_clone_ns: u64,
    /// From the start of its pid namespace to the change of its executable's
    /// inode, in nanoseconds, as it was at its latest exec; 0 where the inode is older or it is not known.
    pub pidns_start_to_exe_ctime_ns: u64,
    /// What it does in its container.
    pub category: Category,
    /// Start of its pid namespace's init.
    pub pidns_init_start_ts: u64,
    /// Its own descriptors. Threads of a process share their leader's: use
    /// [`crate::State::fds`].
    pub fds: FdTable,
    /// Its thread group ([`crate::State::group`]); `None` for made-up threads.
    pub(crate) group: Option<u64>,
    /// Children; some may be gone.
    pub children: Vec<Child>,
    /// How many of the children are not gone.
    pub living_children: u32,
    /// Time of its latest event.
    pub last_event_ts: u64,
    /// Time of the event before.
    pub previous_event_ts: u64,
    /// Code of its latest enter event; `u16::MAX` before the first.
    pub last_event_code: u16,
    /// Whether the current exit event belongs to that enter event.
    pub last_event_valid: bool,
    /// The descriptor that its latest event was about; -1 for none.
    pub last_fd: i64,
    /// The latest enter event that was kept; see [`crate::State::enter_event`].
    pub(crate) enter: Option<Box<EnterEvent>>,
}

/// What a thread does in its container (container plugin 0.7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Category {
    /// Not known.
    #[default]
    None,
    /// Part of the container's own program.
    Container,
    /// A health check.
    Healthcheck,
    /// A liveness probe.
    LivenessProbe,
    /// A readiness probe.
    ReadinessProbe,
}

/// Bits of [`Thread::flags`] (`PPM_CL_*` in libs, `ppm_events_public.h`).
pub mod flags {
    /// Shares its descriptors with its parent.
    pub const FILES: u32 = 1;
    /// Shares its working directory with its parent.
    pub const FS: u32 = 1 << 1;
    /// The first process of a pid namespace.
    pub const NEWPID: u32 = 1 << 6;
    /// Has its parent's parent.
    pub const PARENT: u32 = 1 << 8;
    /// A thread of its parent's process.
    pub const THREAD: u32 = 1 << 13;
    /// Made by the child's event, which came before the parent's.
    pub const INVERTED: u32 = 1 << 16;
    /// Its name was changed.
    pub const NAME_CHANGED: u32 = 1 << 17;
    /// It has exited.
    pub const CLOSED: u32 = 1 << 18;
    /// It has done something.
    pub const ACTIVE: u32 = 1 << 19;
    /// In a user namespace of its own.
    pub const NEWUSER: u32 = 1 << 20;
    /// Writes into a shell's pipe.
    pub const PIPE_SRC: u32 = 1 << 21;
    /// Reads from a shell's pipe.
    pub const PIPE_DST: u32 = 1 << 22;
    /// Its parent waits until it runs exec or exits.
    pub const VFORK: u32 = 1 << 27;
    /// Made in another pid namespace than the host's.
    pub const CHILD_IN_PIDNS: u32 = 1 << 29;
    /// A leader, whatever its ids say.
    pub const IS_MAIN_THREAD: u32 = 1 << 30;
}

impl Default for Thread {
    /// A thread of which nothing is known: what libs makes of an unknown id.
    fn default() -> Self {
        Self {
            serial: 0,
            image_id: 0,
            lineage_id: 0,
            tid: -1,
            pid: -1,
            ptid: -1,
            reaper_tid: -1,
            sid: -1,
            pgid: -1,
            vtid: -1,
            vpid: -1,
            vpgid: -1,
            image: Arc::default(),
            cwd: Arc::default(),
            root: Arc::default(),
            cgroups: Arc::default(),
            cgroups_container: ContainerId::HOST,
            container: ContainerId::HOST,
            flags: flags::NAME_CHANGED,
            fdlimit: -1,
            uid: u32::MAX,
            gid: u32::MAX,
            loginuid: u32::MAX,
            capabilities: Capabilities::default(),
            vmsize_kb: 0,
            vmrss_kb: 0,
            vmswap_kb: 0,
            pfmajor: 0,
            pfminor: 0,
            tty: 0,
            clone_ts: 0,
            lastexec_ts: 0,
            exe_ctime_to_clone_ns: 0,
            pidns_start_to_exe_ctime_ns: 0,
            category: Category::None,
            pidns_init_start_ts: 0,
            fds: FdTable::default(),
            group: None,
            children: Vec::new(),
            living_children: 0,
            last_event_ts: 0,
            previous_event_ts: 0,
            last_event_code: u16::MAX,
            last_event_valid: false,
            last_fd: 0,
            enter: None,
        }
    }
}

impl Thread {
    /// Whether it leads its process.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.tid == self.pid || self.flags & flags::IS_MAIN_THREAD != 0
    }

    /// Whether it runs in a pid namespace of its own.
    #[must_use]
    pub fn is_in_pid_namespace(&self) -> bool {
        self.flags & flags::CHILD_IN_PIDNS != 0 || (self.tid != self.vtid && self.vtid >= 0)
    }

    /// Whether it was made up because nothing is known of it.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.tid < 0 || self.pid < 0 || self.ptid < 0
    }

    /// Whether it has exited.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.flags & flags::CLOSED != 0
    }
}
