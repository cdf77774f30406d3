//! `evt.count.error`: failed calls, by what they were about.

use lanner_event::codes;
use lanner_state::fd::FdType;

use crate::SyscallEvent;

/// What the failed call was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCount {
    /// Anything.
    All,
    /// A file.
    File,
    /// A socket.
    Net,
    /// Memory.
    Memory,
    /// Anything else.
    Other,
}

impl ErrorCount {
    /// One for a failed call, zero for one that was not; `None` for calls about
    /// something else and events without a result.
    pub fn count(self, event: &SyscallEvent<'_>) -> Option<u64> {
        self.includes(event).then_some(())?;
        Some(u64::from(event.result()? < 0))
    }

    /// Whether an event is about this. One about a file's memory is about both.
    fn includes(self, event: &SyscallEvent<'_>) -> bool {
        let is_memory = event.kind.category == "memory";
        match self {
            Self::All => true,
            Self::Memory => is_memory,
            Self::File | Self::Net => medium(event) == Some(self),
            Self::Other => medium(event).is_none() && (event.fd.is_some() || !is_memory),
        }
    }
}

/// Whether an event is about a file or a socket: by its descriptor, or where
/// that is not known, by what would have made it.
fn medium(event: &SyscallEvent<'_>) -> Option<ErrorCount> {
    match event.fd.map(|fd| fd.kind) {
        Some(FdType::File | FdType::FileV2 | FdType::Directory) => Some(ErrorCount::File),
        Some(
            FdType::Ipv4 | FdType::Ipv6 | FdType::Ipv4Server | FdType::Ipv6Server | FdType::Unix,
        ) => Some(ErrorCount::Net),
        Some(_) => None,
        None => match event.raw.code {
            codes::SYSCALL_OPEN_X
            | codes::SYSCALL_CREAT_X
            | codes::SYSCALL_OPENAT_2_X
            | codes::SYSCALL_OPENAT2_X
            | codes::SYSCALL_OPEN_BY_HANDLE_AT_X => Some(ErrorCount::File),
            codes::SOCKET_ACCEPT_5_X | codes::SOCKET_ACCEPT4_6_X | codes::SOCKET_CONNECT_X => {
                Some(ErrorCount::Net)
            }
            _ => None,
        },
    }
}
