//! `thread.*`: the thread of an event.
//!
//! Source of values: `sinsp_filtercheck_thread.cpp` in libs 0.25.4. Times on
//! the CPU depend there on which events a rule had looked at before, so rules
//! cannot rely on them: here they are always zero.

use bumpalo::Bump;
use lanner_event::{ExtractorError, Value, Values, codes};
use lanner_state::thread::Thread;

use super::join::join;
use super::proc::FilterId;
use crate::SyscallEvent;

/// Names of capabilities, by bit (`linux/capability.h`).
const CAPABILITIES: [&[u8]; 41] = [
    b"CAP_CHOWN",
    b"CAP_DAC_OVERRIDE",
    b"CAP_DAC_READ_SEARCH",
    b"CAP_FOWNER",
    b"CAP_FSETID",
    b"CAP_KILL",
    b"CAP_SETGID",
    b"CAP_SETUID",
    b"CAP_SETPCAP",
    b"CAP_LINUX_IMMUTABLE",
    b"CAP_NET_BIND_SERVICE",
    b"CAP_NET_BROADCAST",
    b"CAP_NET_ADMIN",
    b"CAP_NET_RAW",
    b"CAP_IPC_LOCK",
    b"CAP_IPC_OWNER",
    b"CAP_SYS_MODULE",
    b"CAP_SYS_RAWIO",
    b"CAP_SYS_CHROOT",
    b"CAP_SYS_PTRACE",
    b"CAP_SYS_PACCT",
    b"CAP_SYS_ADMIN",
    b"CAP_SYS_BOOT",
    b"CAP_SYS_NICE",
    b"CAP_SYS_RESOURCE",
    b"CAP_SYS_TIME",
    b"CAP_SYS_TTY_CONFIG",
    b"CAP_MKNOD",
    b"CAP_LEASE",
    b"CAP_AUDIT_WRITE",
    b"CAP_AUDIT_CONTROL",
    b"CAP_SETFCAP",
    b"CAP_MAC_OVERRIDE",
    b"CAP_MAC_ADMIN",
    b"CAP_SYSLOG",
    b"CAP_WAKE_ALARM",
    b"CAP_BLOCK_SUSPEND",
    b"CAP_AUDIT_READ",
    b"CAP_PERFMON",
    b"CAP_BPF",
    b"CAP_CHECKPOINT_RESTORE",
];

/// A field whose name begins with `thread.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadField {
    /// `thread.tid`: the event's, also where nothing is known of the thread.
    Tid,
    /// `thread.vtid`.
    Vtid,
    /// `thread.ismain`.
    IsMain,
    /// `thread.nametid`.
    NameTid,
    /// A set of capabilities.
    Capabilities(CapabilitySet),
    /// `thread.cgroups`.
    Cgroups,
    /// `thread.cgroup.…`: the path of a controller.
    Cgroup(Box<[u8]>),
    /// Memory and page faults.
    Memory(Memory),
    /// `thread.exectime`.
    ExecTime,
    /// `thread.totexectime`.
    TotalExecTime,
    /// `thread.cpu` and its parts: of events that tell of it.
    Cpu,
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CapabilitySet {
    Permitted,
    Effective,
    Inheritable,
}

/// Memory and page faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Virtual memory, in units of so many to the kilobyte.
    Size(u64),
    /// Resident memory.
    Rss(u64),
    /// Page faults that waited for a disk.
    MajorFaults,
    /// Other page faults.
    MinorFaults,
}

impl ThreadField {
    /// A field of this class; `None` when it is of another.
    pub fn compile(field: &str, argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        Some(Ok(match field.strip_prefix("thread.")? {
            "tid" => Self::Tid,
            "vtid" => Self::Vtid,
            "ismain" => Self::IsMain,
            "nametid" => Self::NameTid,
            "cap_permitted" => Self::Capabilities(CapabilitySet::Permitted),
            "cap_effective" => Self::Capabilities(CapabilitySet::Effective),
            "cap_inheritable" => Self::Capabilities(CapabilitySet::Inheritable),
            "cgroups" => Self::Cgroups,
            "cgroup" => match argument {
                Some(name) => Self::Cgroup(name.as_bytes().into()),
                None => return Some(Err(super::missing_argument(field))),
            },
            "vmsize" => Self::Memory(Memory::Size(1)),
            "vmsize.b" => Self::Memory(Memory::Size(1024)),
            "vmrss" => Self::Memory(Memory::Rss(1)),
            "vmrss.b" => Self::Memory(Memory::Rss(1024)),
            "pfmajor" => Self::Memory(Memory::MajorFaults),
            "pfminor" => Self::Memory(Memory::MinorFaults),
            "exectime" => Self::ExecTime,
            "totexectime" => Self::TotalExecTime,
            "cpu" | "cpu.user" | "cpu.system" => Self::Cpu,
            _ => return None,
        }))
    }

    /// Appends the value; nothing when the field is absent.
    pub fn extract<'a>(&self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        let value = match (self, event.thread) {
            (Self::Tid, _) => Value::I64(event.raw.tid).filter_id(),
            (Self::ExecTime, _) => Some(Value::U64(0)),
            (_, Some(thread)) => self.value(event, thread, arena),
            (_, None) => None,
        };
        out.extend(value);
    }

    fn value<'a>(
        &self,
        event: &SyscallEvent<'a>,
        thread: &'a Thread,
        arena: &'a Bump,
    ) -> Option<Value<'a>> {
        Some(match self {
            Self::Vtid => (thread.vtid != -1).then_some(Value::I64(thread.vtid))?,
            Self::IsMain => Value::Bool(thread.is_main()),
            Self::NameTid => {
                let tid = arena.alloc_str(&event.raw.tid.to_string()).as_bytes();
                Value::Str(join([&*thread.image.comm, tid].into_iter(), b"", arena))
            }
            Self::Capabilities(set) => Value::Str(names(set.of(thread), arena)),
            Self::Cgroups => {
                if thread.cgroups.is_empty() {
                    return None;
                }
                let pair = |(name, path): &'a (Box<[u8]>, Box<[u8]>)| {
                    join([&**name, &**path].into_iter(), b"=", arena)
                };
                // Joined twice over, so the pairs are kept.
                let pairs =
                    bumpalo::collections::Vec::from_iter_in(thread.cgroups.iter().map(pair), arena);
                Value::Str(join(pairs.iter().copied(), b" ", arena))
            }
            Self::Cgroup(name) => {
                let mut cgroups = thread.cgroups.iter();
                let (_, path) = cgroups.find(|(subsystem, _)| subsystem == name)?;
                Value::Str(path)
            }
            Self::Memory(memory) => Value::U64(memory.of(thread)),
            Self::TotalExecTime => Value::U64(0),
            Self::Cpu => (event.raw.code == codes::PROCINFO_E).then_some(Value::F64(0.0))?,
            Self::Tid | Self::ExecTime => return None,
        })
    }
}

impl CapabilitySet {
    fn of(self, thread: &Thread) -> u64 {
        let sets = thread.capabilities;
        match self {
            Self::Permitted => sets.permitted,
            Self::Effective => sets.effective,
            Self::Inheritable => sets.inheritable,
        }
    }
}

impl Memory {
    /// Only leaders have memory; page faults are each thread's own.
    fn of(self, thread: &Thread) -> u64 {
        let of_leader = |kb: u32, unit| {
            if thread.is_main() {
                u64::from(kb) * unit
            } else {
                0
            }
        };
        match self {
            Self::Size(unit) => of_leader(thread.vmsize_kb, unit),
            Self::Rss(unit) => of_leader(thread.vmrss_kb, unit),
            Self::MajorFaults => thread.pfmajor,
            Self::MinorFaults => thread.pfminor,
        }
    }
}

/// The names of the capabilities of a set; bits that no capability has are
/// passed over.
fn names(set: u64, arena: &Bump) -> &[u8] {
    let names = CAPABILITIES.iter().enumerate();
    let names = names.filter(move |(bit, _)| set >> bit & 1 == 1);
    join(names.map(|(_, name)| *name), b" ", arena)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_named() {
        let arena = Bump::new();
        assert_eq!(names(0, &arena), b"");
        assert_eq!(names(0x21, &arena), b"CAP_CHOWN CAP_KILL");
        assert_eq!(names(1 << 40 | 1 << 41, &arena), b"CAP_CHECKPOINT_RESTORE");
    }
}
