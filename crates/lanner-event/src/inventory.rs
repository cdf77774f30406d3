//! What was there before the first event: the lists of processes, descriptors,
//! users and interfaces that captures begin with, and that live capture reads
//! from `/proc`.

use std::net::IpAddr;

/// A thread that was running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Thread id.
    pub tid: i64,
    /// Id of the process (thread group).
    pub pid: i64,
    /// Id of the parent.
    pub ptid: i64,
    /// Session.
    pub sid: i64,
    /// Process group in its own pid namespace.
    pub vpgid: i64,
    /// Process group in the host's pid namespace; -1 where it was not recorded.
    pub pgid: i64,
    /// Thread id in its own pid namespace.
    pub vtid: i64,
    /// Process id in its own pid namespace.
    pub vpid: i64,
    /// Command name.
    pub comm: Box<[u8]>,
    /// `argv[0]`.
    pub exe: Box<[u8]>,
    /// Path of the executable.
    pub exepath: Box<[u8]>,
    /// The other arguments, each ended by a NUL.
    pub args: Box<[u8]>,
    /// The environment, each variable ended by a NUL.
    pub env: Box<[u8]>,
    /// Working directory.
    pub cwd: Box<[u8]>,
    /// Root directory.
    pub root: Box<[u8]>,
    /// `subsystem=path` pairs, each ended by a NUL.
    pub cgroups: Box<[u8]>,
    /// How many descriptors it may open.
    pub fdlimit: i64,
    /// `PPM_CL_*` flags.
    pub flags: u32,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Login user; all ones for none.
    pub loginuid: u32,
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
    /// Start of its pid namespace's init, in nanoseconds since the epoch.
    pub pidns_init_start_ts: u64,
    /// When it was cloned, in nanoseconds since the epoch.
    pub clone_ts: u64,
    /// Controlling terminal; 0 for none.
    pub tty: u32,
    /// Properties of the executable.
    pub exe_file: ExeFile,
    /// Capabilities.
    pub capabilities: Capabilities,
}

/// What is known of an executable's file besides its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExeFile {
    /// The user who runs it may write to it.
    pub writable: bool,
    /// In the upper layer of an overlay file system.
    pub upper_layer: bool,
    /// In a lower layer of an overlay file system.
    pub lower_layer: bool,
    /// In memory that a memfd refers to.
    pub from_memfd: bool,
    /// Inode; 0 where it is not known.
    pub ino: u64,
    /// Status change time, in nanoseconds since the epoch.
    pub ctime: u64,
    /// Modification time, in nanoseconds since the epoch.
    pub mtime: u64,
}

/// Capability sets, a bit for each capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// May be made effective.
    pub permitted: u64,
    /// In force.
    pub effective: u64,
    /// Kept through exec.
    pub inheritable: u64,
}

/// A descriptor that was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub fd: i64,
    /// Inode.
    pub ino: u64,
    /// What it refers to.
    pub target: Target,
}

/// What a descriptor of the list refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file; `flags` are Falco's portable open flags.
    File {
        /// Its path.
        path: Box<[u8]>,
        /// `PPM_O_*`.
        flags: u32,
        /// Device, as `major << 20 | minor` of the kernel.
        dev: u32,
    },
    /// An internet socket with both ends.
    Socket {
        /// Local address (source).
        source: (IpAddr, u16),
        /// Remote address (destination).
        destination: (IpAddr, u16),
        /// `SCAP_L4_*`: 2 TCP, 3 UDP, 4 ICMP, 5 raw.
        l4proto: u8,
    },
    /// An internet socket that listens.
    Server {
        /// Where it listens.
        local: (IpAddr, u16),
        /// `SCAP_L4_*`.
        l4proto: u8,
    },
    /// A Unix socket.
    Unix {
        /// Kernel address of this end.
        source: u64,
        /// Kernel address of the other end.
        destination: u64,
        /// Path; empty for none.
        path: Box<[u8]>,
    },
    /// Anything else: the type as in captures (`SCAP_FD_*`), and a name.
    Other {
        /// `SCAP_FD_*`.
        kind: u8,
        /// Its name; may be empty.
        name: Box<[u8]>,
    },
}

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its name.
    pub name: Box<[u8]>,
    /// Its home directory.
    pub homedir: Box<[u8]>,
    /// Its shell.
    pub shell: Box<[u8]>,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub gid: u32,
    /// Its name.
    pub name: Box<[u8]>,
}

/// A network interface's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: Box<[u8]>,
    /// Its address.
    pub address: IpAddr,
    /// The network mask (IPv4; all ones for IPv6).
    pub netmask: IpAddr,
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// How many CPUs it has.
    pub cpus: u32,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// The highest process id.
    pub max_pid: u64,
    /// Its name.
    pub hostname: Box<[u8]>,
    /// When it was started, in nanoseconds since the epoch.
    pub boot_ts_epoch: u64,
}
