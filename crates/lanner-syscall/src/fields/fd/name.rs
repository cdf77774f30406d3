//! Names of descriptors: of the table, or where the descriptor is not known, of
//! the event.

use bumpalo::Bump;
use lanner_event::codes;

use crate::SyscallEvent;
use crate::params::{self, path};

/// The name of the descriptor that an event would have made, had it not failed.
/// Exit events that tell of none have an empty one.
pub(super) fn from_event<'a>(
    event: &SyscallEvent<'a>,
    is_raw: bool,
    arena: &'a Bump,
) -> Option<&'a [u8]> {
    let raw = &event.raw;
    match raw.code {
        code if code.is_multiple_of(2) => None,
        codes::SYSCALL_OPEN_X
        | codes::SYSCALL_CREAT_X
        | codes::SOCKET_ACCEPT_5_X
        | codes::SOCKET_ACCEPT4_6_X
        | codes::SOCKET_CONNECT_X => params::show(event, 1, arena).map(params::Shown::best),
        codes::SYSCALL_OPENAT_2_X | codes::SYSCALL_OPENAT2_X => {
            let name = raw.param(2).filter(|name| !name.is_empty())?;
            let name = params::text_of(name);
            if is_raw {
                return Some(name);
            }
            let base = path::directory(event, name, raw.i64(1)?, arena);
            Some(path::join(base, name, arena))
        }
        codes::SYSCALL_OPEN_BY_HANDLE_AT_X => raw.param(3).map(params::text_of),
        _ => Some(b""),
    }
}

/// The directory of a file's path.
pub(super) fn directory(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None | Some(0) => b"/",
        Some(at) if at + 1 < path.len() => path.get(..at).unwrap_or(path),
        Some(_) => path,
    }
}

/// The name of a file without its directory.
pub(super) fn file_name(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None => b"/",
        Some(at) => match path.get(at + 1..) {
            Some(name) if !name.is_empty() => name,
            _ => path,
        },
    }
}

/// A path with single slashes.
pub(super) fn without_double_slashes<'a>(path: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    let is_double = |pair: &[u8]| pair == b"//";
    if !path.windows(2).any(is_double) {
        return path;
    }
    let mut out = bumpalo::collections::Vec::with_capacity_in(path.len(), arena);
    for &byte in path {
        if byte != b'/' || out.last() != Some(&b'/') {
            out.push(byte);
        }
    }
    out.into_bump_slice()
}

/// A container's id (none for the host), a colon, and a text.
pub(super) fn in_container<'a>(
    event: &SyscallEvent<'a>,
    thread: &lanner_state::thread::Thread,
    text: &[u8],
    arena: &'a Bump,
) -> &'a [u8] {
    let container = if thread.container == lanner_state::container::ContainerId::HOST {
        None
    } else {
        event.state.containers.get(thread.container)
    };
    let id = container.map_or("", |container| &container.id);
    let mut out = bumpalo::collections::Vec::with_capacity_in(id.len() + 1 + text.len(), arena);
    out.extend_from_slice(id.as_bytes());
    out.push(b':');
    out.extend_from_slice(text);
    out.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let cases: &[(&[u8], &[u8], &[u8])] = &[
            (b"/etc/passwd", b"/etc", b"passwd"),
            (b"/etc", b"/", b"etc"),
            (b"/etc/x/", b"/etc/x/", b"/etc/x/"),
            (b"/", b"/", b"/"),
            (b"name", b"/", b"/"),
            (b"", b"/", b"/"),
        ];
        for (path, expected_directory, expected_name) in cases {
            assert_eq!(directory(path), *expected_directory, "{path:?}");
            assert_eq!(file_name(path), *expected_name, "{path:?}");
        }
    }

    #[test]
    fn slashes_are_single() {
        let arena = Bump::new();
        assert_eq!(without_double_slashes(b"//a///b/", &arena), b"/a/b/");
        assert_eq!(without_double_slashes(b"a/b", &arena), b"a/b");
    }
}
