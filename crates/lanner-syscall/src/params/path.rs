//! Paths of events: clean, absolute, and as Falco shows them
//! (`sinsp_utils::concatenate_paths` of libs 0.25.4).

use bumpalo::Bump;
use bumpalo::collections::Vec;
use lanner_state::path::{AT_FDCWD, UNKNOWN_DIRECTORY};
use lanner_state::thread::Thread;

use crate::SyscallEvent;

/// Longer paths are left to [`lanner_state::path::join`], which has a limit.
const MAX_PLAIN: usize = 512;

/// A path as seen from a directory, as [`lanner_state::path::join`] gives it.
pub(crate) fn join<'a>(base: &[u8], path: &'a [u8], arena: &'a Bump) -> &'a [u8] {
    if is_plain(path) {
        return path;
    }
    arena.alloc_slice_copy(&lanner_state::path::join(base, path))
}

/// Whether a path is absolute and needs no changes, told cheaply.
fn is_plain(path: &[u8]) -> bool {
    if path.first() != Some(&b'/') || path.len() > MAX_PLAIN {
        return false;
    }
    let is_ascii = path.iter().all(|byte| (0x20..0x7f).contains(byte));
    let has_dots = path
        .windows(2)
        .any(|pair| pair[0] == b'/' && matches!(pair[1], b'/' | b'.'));
    is_ascii && !has_dots && (path.len() < 2 || path.last() != Some(&b'/'))
}

/// The directory that a descriptor of a thread stands for, with a final slash.
fn of_descriptor<'a>(
    event: &SyscallEvent<'a>,
    thread: &'a Thread,
    fd: i64,
    arena: &'a Bump,
) -> Option<&'a [u8]> {
    if fd == AT_FDCWD {
        return Some(event.state.cwd(thread));
    }
    let name = &event.state.fd(thread, fd)?.name;
    Some(match name.last() {
        None | Some(b'/') => name,
        Some(_) => with_slash(name, arena),
    })
}

/// A path and a slash behind it.
pub(crate) fn with_slash<'a>(path: &[u8], arena: &'a Bump) -> &'a [u8] {
    let mut copy = Vec::with_capacity_in(path.len() + 1, arena);
    copy.extend_from_slice(path);
    copy.push(b'/');
    copy.into_bump_slice()
}

/// Where a path of a system call that takes a directory starts.
pub(crate) fn directory<'a>(
    event: &SyscallEvent<'a>,
    path: &[u8],
    fd: i64,
    arena: &'a Bump,
) -> &'a [u8] {
    if path.first() == Some(&b'/') {
        return b".";
    }
    let found = event
        .thread
        .and_then(|thread| of_descriptor(event, thread, fd, arena));
    found.unwrap_or(UNKNOWN_DIRECTORY)
}

/// Where a path parameter starts; nothing when its directory is not known.
pub(crate) fn base<'a>(
    event: &SyscallEvent<'a>,
    thread: &'a Thread,
    directory: Option<usize>,
    arena: &'a Bump,
) -> &'a [u8] {
    match directory.and_then(|index| event.raw.i64(index)) {
        None => event.state.cwd(thread),
        Some(fd) => of_descriptor(event, thread, fd, arena).unwrap_or(b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_those_that_joining_leaves_alone() {
        let paths: [&[u8]; 10] = [
            b"/",
            b"/etc/passwd",
            b"/a//b",
            b"/a/../b",
            b"/.hidden",
            b"/a/",
            b"/a\n",
            b"",
            b"a",
            b"//",
        ];
        let arena = Bump::new();
        for path in paths {
            let joined = lanner_state::path::join(b"/base/", path);
            assert!(!is_plain(path) || joined == path, "{path:?}");
            assert_eq!(join(b"/base/", path, &arena), joined);
        }
        assert!(is_plain(b"/etc/passwd"));
    }
}
