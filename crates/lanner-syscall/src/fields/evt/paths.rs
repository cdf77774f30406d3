//! `evt.abspath`: the path that an `…at` call names, made absolute.

use bumpalo::Bump;
use lanner_event::codes;
use lanner_state::path::AT_FDCWD;

use crate::SyscallEvent;
use crate::params::{self, path};

/// Which of the paths of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbsPath {
    /// The first.
    Default,
    /// The first of two.
    Source,
    /// The second of two.
    Destination,
}

impl AbsPath {
    /// The parameters that hold the directory and the path.
    fn params(self, code: u16) -> Option<(&'static str, &'static str)> {
        let is_second = self == Self::Destination;
        Some(match code {
            codes::SYSCALL_RENAMEAT_X | codes::SYSCALL_RENAMEAT2_X if is_second => {
                ("newdirfd", "newpath")
            }
            codes::SYSCALL_RENAMEAT_X | codes::SYSCALL_RENAMEAT2_X => ("olddirfd", "oldpath"),
            codes::SYSCALL_LINKAT_2_X if is_second => ("newdir", "newpath"),
            codes::SYSCALL_LINKAT_2_X => ("olddir", "oldpath"),
            codes::SYSCALL_SYMLINKAT_X => ("linkdirfd", "linkpath"),
            codes::SYSCALL_OPENAT_2_X | codes::SYSCALL_OPENAT2_X | codes::SYSCALL_UNLINKAT_2_X => {
                ("dirfd", "name")
            }
            codes::SYSCALL_MKDIRAT_X => ("dirfd", "path"),
            codes::SYSCALL_FCHMODAT_X => ("dirfd", "filename"),
            codes::SYSCALL_FCHOWNAT_X => ("dirfd", "pathname"),
            _ => return None,
        })
    }

    /// The path; `None` for other events.
    pub fn resolve<'a>(self, event: &SyscallEvent<'a>, arena: &'a Bump) -> Option<&'a [u8]> {
        let thread = event.thread?;
        let raw = &event.raw;
        if raw.code == codes::SYSCALL_OPEN_BY_HANDLE_AT_X {
            // Only of a file that was opened is the path known.
            event.result().filter(|fd| *fd > 0)?;
            return Some(path::join(b"", params::text_of(raw.param(3)?), arena));
        }
        let (directory, name) = self.params(raw.code)?;
        let directory = raw.i64(params::index_of(raw.code, directory)?)?;
        let name = raw.param(params::index_of(raw.code, name)?)?;
        let name = Some(name).filter(|name| !name.is_empty())?;
        let name = params::text_of(name);
        let base = if name.first() == Some(&b'/') {
            b"."
        } else if directory == AT_FDCWD {
            event.state.cwd(thread).as_ref()
        } else {
            let fd = event.state.fd(thread, directory);
            path::with_slash(fd.map_or(b"<UNKNOWN>", |fd| &fd.name), arena)
        };
        Some(path::join(base, name, arena))
    }
}
