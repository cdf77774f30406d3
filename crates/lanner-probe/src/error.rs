//! Why the probe cannot be loaded, for people.

use std::fmt;

/// Why system calls cannot be watched.
#[derive(Debug)]
pub enum Error {
    /// The kernel is too old: its release.
    Kernel(String),
    /// The kernel does not let this user load programs.
    Privileges,
    /// The kernel does not tell its types.
    NoTypes(String),
    /// The kernel refuses a part of the probe: which, and what it says.
    Refused {
        /// The part.
        what: &'static str,
        /// What the kernel or the loader says.
        reason: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Kernel(release) => write!(
                f,
                "this kernel ({release}) is too old: eBPF ring buffers need Linux 5.8 or newer"
            ),
            Self::Privileges => f.write_str(
                "the kernel does not let this user load eBPF programs: run as root, or with the \
                 capabilities CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE",
            ),
            Self::NoTypes(reason) => write!(
                f,
                "this kernel does not tell its types (/sys/kernel/btf/vmlinux: {reason}): it must \
                 be built with CONFIG_DEBUG_INFO_BTF"
            ),
            Self::Refused { what, reason } => write!(f, "the kernel refuses the {what}: {reason}"),
        }
    }
}

impl std::error::Error for Error {}
