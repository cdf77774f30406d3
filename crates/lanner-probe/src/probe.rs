//! The probe in the kernel: loaded, attached, read.

use std::borrow::Cow;
use std::collections::HashSet;
use std::os::fd::AsFd;
use std::time::Duration;

use aya::maps::{Array, MapData, PerCpuArray, ProgramArray, RingBuf};
use aya::{Btf, Ebpf, EbpfLoader, Pod};
use lanner_event::{RawEvent, schema};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::calls::{self, Call, PROGRAMS};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::error::Error;
use crate::loading::{check_release, program, refused, take, types, with_cast};
use crate::record::Records;

/// The probe, compiled for some kernels.
struct Build {
    object: &'static [u8],
    /// Whether it needs what Linux 5.15 brought.
    is_new: bool,
    /// Whether it needs a function of the kernel that Linux 6.2 brought ([`with_cast`]).
    casts: bool,
}

impl Build {
    /// The object, with the kernel's own number for its function.
    fn object(&self, kernel: &Btf) -> Result<Cow<'static, [u8]>, Error> {
        if self.casts {
            let object = with_cast(self.object, kernel)?;
            return Ok(Cow::Owned(object));
        }
        Ok(Cow::Borrowed(self.object))
    }
}

/// First what needs the newest kernel.
static BUILDS: [Build; 3] = [
    Build {
        object: aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/probe-casts.o")),
        is_new: true,
        casts: true,
    },
    Build {
        object: aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/probe.o")),
        is_new: true,
        casts: false,
    },
    Build {
        object: aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/probe-old.o")),
        is_new: false,
        casts: false,
    },
];

/// After so many empty turns the reader sleeps until it is woken, which costs the process whose
/// event wakes it; until then it comes by itself.
const IDLE_TURNS: u32 = 10;
/// How long it stays away when it comes by itself: the smallest ring holds what a machine at full
/// load does in ten times as long.
const TURN: Duration = Duration::from_millis(2);

/// The part of a program's name that says what calls it: what it is attached to.
const TRACEPOINTS: [(&str, &str, &str); 3] = [
    (
        "on_exit",
        "sys_exit",
        "program for the ends of system calls",
    ),
    ("on_program", "sched_process_exec", "program for execs"),
    (
        "on_task_exit",
        "sched_process_exit",
        "program for the ends of threads",
    ),
];

// SAFETY: `repr(C)`, of integers whose sizes leave no gaps (2 + 1 + 1 + 10 × 6 bytes), valid for
// any bits.
unsafe impl Pod for Call {}

/// What is counted on a CPU (`struct counts`, `probe/lib/record.h`).
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Counts {
    sent: u64,
    unreadable: u64,
    truncated: u64,
}

// SAFETY: `repr(C)`, three integers of the same size, valid for any bits.
unsafe impl Pod for Counts {}

/// How the probe is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Size of the ring, in bytes: a power of two, at least a page.
    pub ring_bytes: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ring_bytes: 8 << 20,
        }
    }
}

/// The probe: it is in the kernel as long as this value lives, or its process.
pub struct Probe {
    /// Closing its descriptors takes the programs out of the kernel.
    ebpf: Ebpf,
    ring: RingBuf<MapData>,
    calls: Array<MapData, Call>,
    sleeping: Array<MapData, u32>,
    counters: PerCpuArray<MapData, Counts>,
    dropped: PerCpuArray<MapData, u64>,
    /// Holds the programs that others call.
    _programs: ProgramArray<MapData>,
    watched: HashSet<u32>,
    records: Records,
    clock: Clock,
    malformed: u64,
    empty_turns: u32,
}

impl Probe {
    /// Loads the probe. It tells of nothing before [`Probe::watch`] and [`Probe::attach`].
    ///
    /// # Errors
    /// When the kernel cannot run it, or does not want to.
    pub fn load(options: Options) -> Result<Self, Error> {
        check_release()?;
        let kernel = Btf::from_sys_fs().map_err(|error| types(&error))?;
        let mut refused = None;
        for build in &BUILDS {
            match Self::load_build(build, options, &kernel) {
                // What the newest says is what those with a new kernel need to know.
                Err(error @ Error::Refused { .. }) => refused = refused.or(Some(error)),
                loaded => return loaded,
            }
        }
        Err(refused.unwrap_or(Error::Privileges))
    }

    fn load_build(build: &Build, options: Options, kernel: &Btf) -> Result<Self, Error> {
        let cpus = aya::util::nr_cpus().map_err(|(_, error)| refused("list of CPUs", &error))?;
        let object = build.object(kernel)?;
        let mut ebpf = EbpfLoader::new()
            .btf(Some(kernel))
            .map_max_entries("writers", cpus as u32)
            .map_max_entries("ring", options.ring_bytes)
            .override_global("own_process", &std::process::id(), true)
            .override_global("has_task_registers", &u32::from(build.is_new), true)
            .load(&object)
            .map_err(|error| refused("probe", &error))?;
        let mut programs: ProgramArray<MapData> = take(&mut ebpf, "programs")?;
        for (number, (_, name)) in (1..).zip(PROGRAMS) {
            let program = program(&mut ebpf, name)?;
            let what = "program for a system call";
            program
                .load("sys_exit", kernel)
                .map_err(|error| refused(what, &error))?;
            let descriptor = program.fd().map_err(|error| refused(what, &error))?;
            programs
                .set(number, descriptor, 0)
                .map_err(|error| refused("table of programs", &error))?;
        }
        for (name, tracepoint, what) in TRACEPOINTS {
            program(&mut ebpf, name)?
                .load(tracepoint, kernel)
                .map_err(|error| refused(what, &error))?;
        }
        Ok(Self {
            ring: take(&mut ebpf, "ring")?,
            calls: take(&mut ebpf, "calls")?,
            sleeping: take(&mut ebpf, "sleeping")?,
            counters: take(&mut ebpf, "counters")?,
            dropped: take(&mut ebpf, "dropped")?,
            _programs: programs,
            ebpf,
            watched: HashSet::new(),
            records: Records::new(),
            clock: Clock::new(),
            malformed: 0,
            empty_turns: 0,
        })
    }

    /// Chooses the system calls that are told of, by name ([`calls::all`]), in place of those
    /// before. It takes effect at once.
    ///
    /// # Errors
    /// When the kernel does not take the table.
    pub fn watch<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Result<(), Error> {
        let table = calls::table(&names.into_iter().collect());
        let gone = self
            .watched
            .iter()
            .filter(|place| !table.contains_key(*place));
        let nothing = gone.map(|place| (*place, Call::default()));
        let all: Vec<_> = nothing
            .chain(table.iter().map(|(place, call)| (*place, *call)))
            .collect();
        for (place, call) in all {
            self.calls
                .set(place, call, 0)
                .map_err(|error| refused("table of system calls", &error))?;
        }
        self.watched = table.into_keys().collect();
        Ok(())
    }

    /// Attaches the programs: from now on events come.
    ///
    /// # Errors
    /// When the kernel refuses one.
    pub fn attach(&mut self) -> Result<(), Error> {
        for (name, _, what) in TRACEPOINTS {
            program(&mut self.ebpf, name)?
                .attach()
                .map_err(|error| refused(what, &error))?;
        }
        Ok(())
    }

    /// Takes the programs out of the kernel's way. What they told can still be read.
    pub fn detach(&mut self) {
        for (name, ..) in TRACEPOINTS {
            if let Ok(program) = program(&mut self.ebpf, name) {
                // One that was never loaded is not attached either.
                let _ = program.unload();
            }
        }
    }

    /// Hands out the events that wait, at most so many; how many there were.
    pub fn read(&mut self, most: usize, mut on_event: impl FnMut(&RawEvent<'_>)) -> usize {
        let boot_ns = self.clock.boot_ns();
        let mut count = 0;
        while count < most
            && let Some(record) = self.ring.next()
        {
            count += 1;
            match self.records.event(&record, boot_ns) {
                Some(event) => on_event(&event),
                None => self.malformed += 1,
            }
        }
        self.empty_turns = if count == 0 {
            self.empty_turns.saturating_add(1)
        } else {
            0
        };
        count
    }

    /// Waits until there may be something to read, at most so long.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn wait(&mut self, most: Duration) -> Result<(), Error> {
        if self.empty_turns < IDLE_TURNS {
            std::thread::sleep(TURN.min(most));
            return Ok(());
        }
        let what = "wait for events";
        self.sleeping
            .set(0, 1, 0)
            .map_err(|error| refused(what, &error))?;
        let time = Timespec {
            tv_sec: most.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: most.subsec_nanos().into(),
        };
        let ring = self.ring.as_fd();
        match poll(&mut [PollFd::new(&ring, PollFlags::IN)], Some(&time)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(refused(what, &error)),
        }
    }

    /// What was counted so far.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn counters(&self) -> Result<Counters, Error> {
        let what = "counters of the probe";
        let counts = self
            .counters
            .get(&0, 0)
            .map_err(|error| refused(what, &error))?;
        let mut all = Counters {
            malformed: self.malformed,
            ..Counters::default()
        };
        for cpu in counts.iter() {
            all.sent += cpu.sent;
            all.unreadable += cpu.unreadable;
            all.truncated += cpu.truncated;
        }
        for code in 0..self.dropped.len() {
            let counts = self
                .dropped
                .get(&code, 0)
                .map_err(|error| refused(what, &error))?;
            let count: u64 = counts.iter().sum();
            if count > 0 {
                let kind = u16::try_from(code).ok().and_then(schema::event_type);
                *all.dropped
                    .entry(kind.map_or("unknown", |kind| kind.name))
                    .or_default() += count;
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That it works is seen in `tests/kernel.rs`, of the build that fits the kernel.
    #[test]
    fn the_kernel_takes_all_builds() {
        let kernel = Btf::from_sys_fs();
        for build in &BUILDS {
            let loaded = match &kernel {
                Ok(kernel) => Probe::load_build(build, Options::default(), kernel).map(drop),
                Err(error) => Err(types(error)),
            };
            if let Err(error) = loaded {
                let required = std::env::var_os("LANNER_REQUIRE_LIVE").is_some();
                assert!(!required, "{error}");
                eprintln!("skipped: {error}");
            }
        }
    }
}
