//! What is there before the first event: processes, descriptors, users and addresses, read from
//! `/proc` and `/etc` as the lists that captures begin with ([`lanner_event::inventory`]).
//!
//! Whatever stands there is taken as it is: what cannot be read or understood is left out and
//! counted; processes may go at any moment.
#![cfg(unix)]

mod files;
mod host;
mod program;
mod read;
mod sockets;
mod status;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lanner_event::inventory::{Descriptor, Group, Interface, Machine, Process, User};

use files::Namespaces;

/// Where the kernel and the system tell of themselves.
#[derive(Clone, Debug)]
pub struct System {
    /// `/proc`.
    pub proc: PathBuf,
    /// `/sys`.
    pub sys: PathBuf,
    /// `/etc`.
    pub etc: PathBuf,
}

impl Default for System {
    fn default() -> Self {
        Self {
            proc: "/proc".into(),
            sys: "/sys".into(),
            etc: "/etc".into(),
        }
    }
}

/// Something that was found.
#[derive(Debug)]
pub enum Found {
    /// A thread.
    Process(Box<Process>),
    /// The descriptors of a process.
    Descriptors {
        /// Its id.
        tid: i64,
        /// All of them.
        list: Vec<Descriptor>,
    },
}

/// What was read, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Threads.
    pub threads: usize,
    /// Descriptors.
    pub descriptors: usize,
    /// Processes that are there, but could not be read.
    pub unreadable: usize,
    /// Descriptors and threads above the bounds.
    pub truncated: usize,
}

/// When the first process of each pid namespace began. It has the lowest id of its namespace on the
/// host, too, unless ids have started again from below.
#[derive(Default)]
struct Spaces {
    begins: HashMap<Box<[u8]>, u64>,
}

impl Spaces {
    fn begin_of(&mut self, directory: &Path, process: &Process) -> u64 {
        let Some(space) = read::link(&directory.join("ns/pid")) else {
            return 0;
        };
        if process.vpid == 1 {
            self.begins.insert(space, process.clone_ts);
            return process.clone_ts;
        }
        self.begins.get(&space).copied().unwrap_or(0)
    }
}

/// Threads of a process above this number are only counted.
const MOST_THREADS: usize = 65_536;

impl System {
    /// The machine.
    #[must_use]
    pub fn machine(&self) -> Machine {
        host::machine(&self.proc, &self.sys, self.boot_ns())
    }

    /// Addresses of the machine.
    #[must_use]
    pub fn interfaces(&self) -> Vec<Interface> {
        host::interfaces(&self.proc.join("net"))
    }

    /// Users and groups of the host.
    #[must_use]
    pub fn users(&self) -> (Vec<User>, Vec<Group>) {
        let file = |name: &str| read::some_of(&self.etc.join(name)).unwrap_or_default();
        (host::users(&file("passwd")), host::groups(&file("group")))
    }

    /// All threads, each leader before the others, and after it its descriptors.
    ///
    /// # Errors
    /// When the list of processes cannot be read.
    pub fn processes(&self, on: &mut dyn FnMut(Found)) -> io::Result<Counters> {
        let mut counters = Counters::default();
        let mut namespaces = Namespaces::default();
        let mut spaces = Spaces::default();
        let boot_ns = self.boot_ns();
        for entry in fs::read_dir(&self.proc)? {
            let Some(pid) = entry.ok().and_then(|entry| id_of(&entry)) else {
                continue;
            };
            let directory = self.proc.join(pid.to_string());
            let Some(mut process) = program::process(&directory, pid, boot_ns) else {
                counters.unreadable += usize::from(directory.exists());
                continue;
            };
            process.pidns_init_start_ts = spaces.begin_of(&directory, &process);
            on(Found::Process(Box::new(process)));
            counters.threads += 1;
            let list = files::descriptors(&directory, &mut namespaces, &mut counters);
            on(Found::Descriptors { tid: pid, list });
            self.threads(&directory, pid, boot_ns, &mut counters, on);
        }
        Ok(counters)
    }

    /// The threads of a process but for its leader.
    fn threads(
        &self,
        process: &Path,
        pid: i64,
        boot_ns: u64,
        counters: &mut Counters,
        on: &mut dyn FnMut(Found),
    ) {
        let Ok(entries) = fs::read_dir(process.join("task")) else {
            return;
        };
        let ids = entries.flatten().filter_map(|entry| id_of(&entry));
        for (number, tid) in ids.filter(|tid| *tid != pid).enumerate() {
            if number >= MOST_THREADS {
                counters.truncated += 1;
                continue;
            }
            let directory = process.join("task").join(tid.to_string());
            if let Some(thread) = program::process(&directory, tid, boot_ns) {
                counters.threads += 1;
                on(Found::Process(Box::new(thread)));
            }
        }
    }

    /// One thread, with its descriptors if it leads its process; `None` when it is gone.
    #[must_use]
    pub fn thread(&self, tid: i64) -> Option<(Process, Vec<Descriptor>)> {
        let directory = self.proc.join(tid.to_string());
        let process = program::process(&directory, tid, self.boot_ns())?;
        let (mut namespaces, mut counters) = (Namespaces::default(), Counters::default());
        let list = if process.pid == tid {
            files::descriptors(&directory, &mut namespaces, &mut counters)
        } else {
            Vec::new()
        };
        Some((process, list))
    }

    /// When the machine was started, in nanoseconds since the epoch (to the second).
    fn boot_ns(&self) -> u64 {
        let text = read::some_of(&self.proc.join("stat")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().find_map(|line| line.strip_prefix("btime "));
        let seconds: u64 = line.and_then(|s| s.trim().parse().ok()).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000)
    }
}

/// The number that a directory of `/proc` has for its name.
fn id_of(entry: &fs::DirEntry) -> Option<i64> {
    entry.file_name().to_str()?.parse().ok()
}
