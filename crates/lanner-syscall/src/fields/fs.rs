//! `fs.path.*`: the paths that an event works on (`sinsp_filtercheck_fspath.cpp`
//! of libs 0.25.4).

use bumpalo::Bump;
use lanner_event::{ExtractorError, Value, Values, codes};
use lanner_state::fd::FdType;
use lanner_state::path::UNKNOWN_DIRECTORY;
use lanner_state::thread::Thread;

use super::fd::FdField;
use crate::SyscallEvent;
use crate::params::{self, path};

/// Which path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The only one.
    Name,
    /// Of two: what is copied, linked or moved.
    Source,
    /// Of two: where to.
    Target,
}

/// A field of class `fs.path`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FsPath {
    role: Role,
    /// As the program gave it.
    is_raw: bool,
}

impl FsPath {
    /// The field of a name; `None` for fields of other classes.
    pub fn compile(field: &str, _argument: Option<&str>) -> Option<Result<Self, ExtractorError>> {
        let name = field.strip_prefix("fs.path.")?;
        let (name, is_raw) = match name.strip_suffix("raw") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let role = match name {
            "name" => Role::Name,
            "source" => Role::Source,
            "target" => Role::Target,
            _ => return None,
        };
        Some(Ok(Self { role, is_raw }))
    }
}

/// When a system call has worked.
#[derive(Clone, Copy)]
enum Success {
    /// Its result is zero.
    Zero(&'static str),
    /// Its descriptor is not -1: also of most calls that failed, as in Falco.
    Descriptor,
}

/// Where the path of an event is.
#[derive(Clone, Copy)]
enum Place {
    /// In a parameter.
    Param(&'static str),
    /// In the name of its descriptor.
    Descriptor,
}

const RES: Success = Success::Zero("res");

/// How the paths of an event are found.
fn rule(code: u16, role: Role) -> Option<(Success, Place)> {
    use Place::{Descriptor, Param};
    let one = |success, place| (role == Role::Name).then_some((success, place));
    let two = |source, target| match role {
        Role::Name => None,
        Role::Source => Some((RES, Param(source))),
        Role::Target => Some((RES, Param(target))),
    };
    match code {
        codes::SYSCALL_MKDIR_2_X
        | codes::SYSCALL_MKDIRAT_X
        | codes::SYSCALL_RMDIR_2_X
        | codes::SYSCALL_UNLINK_2_X
        | codes::SYSCALL_CHOWN_X
        | codes::SYSCALL_LCHOWN_X => one(RES, Param("path")),
        codes::SYSCALL_UNLINKAT_2_X | codes::SYSCALL_UMOUNT_1_X | codes::SYSCALL_UMOUNT2_X => {
            one(RES, Param("name"))
        }
        codes::SYSCALL_OPEN_X | codes::SYSCALL_OPENAT_2_X | codes::SYSCALL_OPENAT2_X => {
            one(Success::Descriptor, Param("name"))
        }
        codes::SYSCALL_FCHMODAT_X | codes::SYSCALL_CHMOD_X => one(RES, Param("filename")),
        codes::SYSCALL_FCHMOD_X | codes::SYSCALL_FCHOWN_X => one(RES, Descriptor),
        codes::SYSCALL_FCHOWNAT_X => one(RES, Param("pathname")),
        codes::SYSCALL_QUOTACTL_X => one(RES, Param("special")),
        codes::SYSCALL_RENAME_X | codes::SYSCALL_RENAMEAT_X | codes::SYSCALL_RENAMEAT2_X => {
            two("oldpath", "newpath")
        }
        codes::SYSCALL_LINK_2_X | codes::SYSCALL_LINKAT_2_X => two("newpath", "oldpath"),
        codes::SYSCALL_SYMLINK_X | codes::SYSCALL_SYMLINKAT_X => two("linkpath", "target"),
        codes::SYSCALL_MOUNT_X => two("dev", "dir"),
        _ => None,
    }
}

/// The number in a parameter, by name.
fn number(event: &SyscallEvent<'_>, name: &str) -> Option<i64> {
    match params::value(event, params::index_of(event.raw.code, name)?)? {
        Value::I64(number) => Some(number),
        _ => None,
    }
}

impl FsPath {
    /// Appends the value of the field.
    pub fn extract<'a>(self, event: &SyscallEvent<'a>, arena: &'a Bump, out: &mut Values<'a>) {
        out.extend(self.path(event, arena).map(Value::Str));
    }

    fn path<'a>(self, event: &SyscallEvent<'a>, arena: &'a Bump) -> Option<&'a [u8]> {
        let (success, place) = rule(event.raw.code, self.role)?;
        let has_worked = match success {
            Success::Zero(name) => number(event, name)? == 0,
            Success::Descriptor => number(event, "fd")? != -1,
        };
        if !has_worked {
            return None;
        }
        let given = match place {
            Place::Param(name) => {
                let index = params::index_of(event.raw.code, name)?;
                params::text_of(event.raw.param(index)?)
            }
            Place::Descriptor => {
                let mut names = Values::new_in(arena);
                FdField::Name.extract(event, arena, &mut names);
                match names.into_iter().next()? {
                    Value::Str(name) => name,
                    _ => return None,
                }
            }
        };
        let given = params::clean(given, arena);
        if self.is_raw {
            return Some(given);
        }
        let thread = event.thread?;
        if given.first() == Some(&b'/') {
            return Some(path::join(b"", given, arena));
        }
        Some(self.absolute(event, thread, given, arena))
    }

    /// A relative path from where it starts.
    fn absolute<'a>(
        self,
        event: &SyscallEvent<'a>,
        thread: &'a Thread,
        given: &'a [u8],
        arena: &'a Bump,
    ) -> &'a [u8] {
        let base = match event.raw.code {
            codes::SYSCALL_OPENAT_2_X | codes::SYSCALL_OPENAT2_X => {
                let name = event.fd.map_or(UNKNOWN_DIRECTORY, |fd| &fd.name);
                return path::join(b"", name, arena);
            }
            codes::SYSCALL_FCHOWNAT_X
            | codes::SYSCALL_FCHMODAT_X
            | codes::SYSCALL_MKDIRAT_X
            | codes::SYSCALL_UNLINKAT_2_X => of_directory(event, arena),
            codes::SYSCALL_SYMLINKAT_X if self.role == Role::Source => of_directory(event, arena),
            codes::SYSCALL_SYMLINKAT_X => UNKNOWN_DIRECTORY,
            codes::SYSCALL_RENAMEAT2_X => {
                let index = if self.role == Role::Target { 3 } else { 1 };
                let fd = event.raw.i64(index).unwrap_or(-1);
                path::directory(event, given, fd, arena)
            }
            _ => event.state.cwd(thread),
        };
        path::join(base, given, arena)
    }
}

/// The name of the event's descriptor, if that is a directory, with a final
/// slash.
fn of_directory<'a>(event: &SyscallEvent<'a>, arena: &'a Bump) -> &'a [u8] {
    match event.fd.filter(|fd| fd.kind == FdType::Directory) {
        None => UNKNOWN_DIRECTORY,
        Some(fd) if matches!(fd.name.last(), None | Some(b'/')) => &fd.name,
        Some(fd) => path::with_slash(&fd.name, arena),
    }
}
