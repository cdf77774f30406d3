//! `evt.is_open_…`: what a file was opened for.

use lanner_event::codes;

use crate::SyscallEvent;

/// Portable open flags (`PPM_O_*`, `ppm_events_public.h`).
mod flags {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 1 << 1;
    pub const CREATE: u32 = 1 << 2;
    pub const TMPFILE: u32 = 1 << 13;
    pub const CREATED: u32 = 1 << 14;
}

/// Execute permission for user, group and others.
const EXECUTABLE: u32 = 0o111;

/// What a file may be opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Creating it as an executable.
    Exec,
    /// Creating it, and it was not there.
    Create,
}

impl Open {
    /// Whether the event opens a file for this.
    pub fn holds(self, event: &SyscallEvent<'_>) -> bool {
        let raw = &event.raw;
        let (flags, mode) = match raw.code {
            codes::SYSCALL_OPEN_X => (2, Some(3)),
            codes::SYSCALL_OPENAT_2_X | codes::SYSCALL_OPENAT2_X => (3, Some(4)),
            codes::SYSCALL_OPEN_BY_HANDLE_AT_X => (2, None),
            codes::SYSCALL_CREAT_X => return self == Self::Exec && is_executable(raw.u32(2)),
            _ => return false,
        };
        let flags = raw.u32(flags).unwrap_or(0);
        let has = |flag| flags & flag != 0;
        match self {
            Self::Read => has(flags::READ),
            Self::Write => has(flags::WRITE),
            Self::Create => {
                let succeeded = event.result().is_some_and(|result| result >= 0);
                has(flags::CREATED) || (has(flags::TMPFILE) && succeeded)
            }
            Self::Exec => {
                has(flags::TMPFILE | flags::CREATE)
                    && mode.is_some_and(|mode| is_executable(raw.u32(mode)))
            }
        }
    }
}

fn is_executable(mode: Option<u32>) -> bool {
    mode.is_some_and(|mode| mode & EXECUTABLE != 0)
}
