//! Descriptors and their tables.

mod interfaces;
mod inventory;
mod memory;
mod names;
mod socket;
mod table;

use std::sync::Arc;

use lanner_event::sockets::End;

pub use inventory::from_inventory;
pub(crate) use inventory::settle_sockets;
pub(crate) use socket::Learned;
pub use table::FdTable;

use memory::SocketMemory;

/// `PPM_O_CLOEXEC`: the descriptor is closed when its process runs another program.
pub(crate) const O_CLOEXEC: u32 = 1 << 12;

/// `PPM_EPOLL_CLOEXEC` and `PPM_MFD_CLOEXEC`: the same for some kinds.
const OTHER_CLOEXEC: u32 = 1;

/// What a descriptor refers to (`SCAP_FD_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum FdType {
    /// Nothing: what libs remembers of some calls that failed.
    Uninitialized,
    #[default]
    Unknown,
    File,
    Directory,
    Ipv4,
    Ipv6,
    Ipv4Server,
    Ipv6Server,
    Fifo,
    Unix,
    Event,
    Unsupported,
    Signal,
    EventPoll,
    Inotify,
    Timer,
    Netlink,
    FileV2,
    Bpf,
    UserFault,
    IoUring,
    MemFd,
    PidFd,
}

/// Names and letters of types, in the order of [`FdType`].
const TYPES: [(FdType, &str, char); 23] = [
    (FdType::Uninitialized, "<NA>", '?'),
    (FdType::Unknown, "<NA>", 'o'),
    (FdType::File, "file", 'f'),
    (FdType::Directory, "directory", 'd'),
    (FdType::Ipv4, "ipv4", '4'),
    (FdType::Ipv6, "ipv6", '6'),
    (FdType::Ipv4Server, "ipv4", '4'),
    (FdType::Ipv6Server, "ipv6", '6'),
    (FdType::Fifo, "pipe", 'p'),
    (FdType::Unix, "unix", 'u'),
    (FdType::Event, "event", 'e'),
    (FdType::Unsupported, "<NA>", 'X'),
    (FdType::Signal, "signalfd", 's'),
    (FdType::EventPoll, "eventpoll", 'l'),
    (FdType::Inotify, "inotify", 'i'),
    (FdType::Timer, "timerfd", 't'),
    (FdType::Netlink, "netlink", 'n'),
    (FdType::FileV2, "file", 'f'),
    (FdType::Bpf, "bpf", 'b'),
    (FdType::UserFault, "userfaultfd", 'u'),
    (FdType::IoUring, "io_uring", 'r'),
    (FdType::MemFd, "memfd", 'm'),
    (FdType::PidFd, "pidfd", 'P'),
];

impl FdType {
    /// Its name (`fd.type`); `<NA>` where there is none.
    #[must_use]
    pub fn name(self) -> &'static str {
        TYPES[self as usize].1
    }

    /// Its letter (`fd.typechar`).
    #[must_use]
    pub fn type_char(self) -> char {
        TYPES[self as usize].2
    }

    /// The type of a number in captures (`SCAP_FD_*`).
    #[must_use]
    pub fn from_scap(number: u8) -> Option<Self> {
        let index = usize::from(number).checked_add(1)?;
        TYPES.get(index).map(|(kind, ..)| *kind)
    }

    /// Its number in captures; `None` for what is not in them.
    #[must_use]
    pub fn to_scap(self) -> Option<u8> {
        (self as u8).checked_sub(1)
    }

    /// Whether it is a file, and no directory.
    #[must_use]
    pub fn is_file(self) -> bool {
        matches!(self, Self::File | Self::FileV2)
    }
}

/// Transport protocol (`SCAP_L4_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum L4 {
    #[default]
    Unknown,
    NotApplicable,
    Tcp,
    Udp,
    Icmp,
    Raw,
}

impl L4 {
    fn from_scap(number: u8) -> Self {
        match number {
            1 => Self::NotApplicable,
            2 => Self::Tcp,
            3 => Self::Udp,
            4 => Self::Icmp,
            5 => Self::Raw,
            _ => Self::Unknown,
        }
    }
}

/// The ends of a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// No socket of these kinds.
    #[default]
    None,
    /// Client (source) and server (destination). Both are zero until the
    /// socket is connected.
    Internet {
        /// The end that began the connection.
        source: End,
        /// The end that was called.
        destination: End,
    },
    /// A bound or listening socket.
    Server {
        /// Its address.
        local: End,
    },
    /// A Unix socket.
    Unix {
        /// Kernel address of this end.
        source: u64,
        /// Kernel address of the other end.
        destination: u64,
    },
}

/// A descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fd {
    /// Changes whenever something changes that `fd.*` fields show; unique over
    /// the run: descriptors of equal `id` look alike, whatever their numbers.
    pub id: u64,
    /// What it refers to.
    pub kind: FdType,
    /// Flags that it was opened with (`PPM_O_*`).
    pub open_flags: u32,
    /// What it is called (`fd.name`): a path, a tuple.
    pub name: Box<[u8]>,
    /// The path as the program gave it (`fd.nameraw`); empty for all but opened files.
    pub raw_name: Box<[u8]>,
    /// The ends of a socket.
    pub ends: Ends,
    /// The transport protocol of a socket, as far as it was told; see also [`Fd::l4proto`].
    pub l4: L4,
    /// See [`flags`].
    pub flags: u32,
    /// Device, as the kernel packs it.
    pub dev: u32,
    /// Inode.
    pub ino: u64,
    /// The process that a pidfd refers to.
    pub pid: i64,
    /// What `ends` and `l4` are read from.
    memory: SocketMemory,
}

/// Bits of [`Fd::flags`].
pub mod flags {
    /// The end of a connection that began it.
    pub const ROLE_CLIENT: u32 = 1;
    /// The end of a connection that was called.
    pub const ROLE_SERVER: u32 = 1 << 1;
    /// Connected. (Falco counts a connection that goes on in the background as connected.)
    pub const CONNECTED: u32 = 1 << 3;
    /// In the upper layer of an overlay.
    pub const OVERLAY_UPPER: u32 = 1 << 7;
    /// In a lower layer of an overlay.
    pub const OVERLAY_LOWER: u32 = 1 << 8;
}

impl Fd {
    /// A descriptor of a type, of which nothing else is known.
    pub(crate) fn new(kind: FdType) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    /// What it is called (`fd.name`).
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Whether it has all of some [`flags`].
    #[must_use]
    pub fn has(&self, flags: u32) -> bool {
        self.flags & flags == flags
    }

    /// Whether it is neither client nor server.
    #[must_use]
    pub fn has_no_role(&self) -> bool {
        self.flags & (flags::ROLE_CLIENT | flags::ROLE_SERVER) == 0
    }

    /// The transport protocol as `fd.l4proto` shows it: not for sockets that
    /// were not used yet, except raw ones.
    #[must_use]
    pub fn l4proto(&self) -> L4 {
        match self.kind {
            FdType::Ipv4Server | FdType::Ipv6Server => self.l4,
            FdType::Ipv4 | FdType::Ipv6 if self.l4 == L4::Raw || !self.has_no_role() => self.l4,
            _ => L4::NotApplicable,
        }
    }

    /// Whether it is closed when its process runs another program.
    #[must_use]
    pub fn is_close_on_exec(&self) -> bool {
        let other = matches!(self.kind, FdType::EventPoll | FdType::MemFd);
        self.open_flags & O_CLOEXEC != 0 || (other && self.open_flags & OTHER_CLOEXEC != 0)
    }

    /// A copy of a descriptor that is or is not closed on exec. It shows the
    /// same, so it keeps its id.
    pub(crate) fn duplicate(fd: &Arc<Self>, close_on_exec: bool) -> Arc<Self> {
        let mut open_flags = fd.open_flags & !(O_CLOEXEC | OTHER_CLOEXEC);
        if close_on_exec {
            open_flags |= O_CLOEXEC;
        }
        if open_flags == fd.open_flags {
            return Arc::clone(fd);
        }
        let mut copy = Self::clone(fd);
        copy.open_flags = open_flags;
        Arc::new(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_order() {
        for (index, (kind, ..)) in TYPES.iter().enumerate() {
            assert_eq!(*kind as usize, index);
        }
        assert_eq!(FdType::from_scap(0), Some(FdType::Unknown));
        assert_eq!(FdType::from_scap(21), Some(FdType::PidFd));
        assert_eq!(FdType::from_scap(22), None);
        assert_eq!(FdType::from_scap(255), None);
        assert_eq!(FdType::Signal.name(), "signalfd");
        assert_eq!(FdType::Uninitialized.type_char(), '?');
    }

    #[test]
    fn duplicates() {
        let fd = Arc::new(Fd::new(FdType::Fifo));
        assert!(Arc::ptr_eq(&fd, &Fd::duplicate(&fd, false)));
        let copy = Fd::duplicate(&fd, true);
        assert!(copy.is_close_on_exec());
        assert!(!Fd::duplicate(&copy, false).is_close_on_exec());
        assert!(!Arc::ptr_eq(&fd, &copy));
    }
}
