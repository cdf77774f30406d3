//! Descriptors of a process: `fd` and `fdinfo` (proc_pid_fd(5), proc_pid_fdinfo(5)).

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use lanner_event::inventory::{Descriptor, Target};
use lanner_event::native;

use crate::Counters;
use crate::read::{link, some_of};
use crate::sockets::{self, Sockets};

/// Of a process, so many descriptors are looked at; the rest is counted.
const MOST: usize = 4096;

/// `SCAP_FD_*`.
mod kind {
    pub const DIRECTORY: u8 = 2;
    pub const FIFO: u8 = 7;
    pub const EVENT: u8 = 9;
    pub const UNSUPPORTED: u8 = 10;
    pub const SIGNAL: u8 = 11;
    pub const EVENT_POLL: u8 = 12;
    pub const INOTIFY: u8 = 13;
    pub const TIMER: u8 = 14;
    pub const BPF: u8 = 17;
    pub const USER_FAULT: u8 = 18;
    pub const IO_URING: u8 = 19;
    pub const MEM_FD: u8 = 20;
    pub const PID_FD: u8 = 21;
}

/// What stands behind `anon_inode:`, with or without brackets.
const ANONYMOUS: [(&[u8], u8); 11] = [
    (b"eventfd", kind::EVENT),
    (b"signalfd", kind::SIGNAL),
    (b"eventpoll", kind::EVENT_POLL),
    (b"inotify", kind::INOTIFY),
    (b"timerfd", kind::TIMER),
    (b"bpf-map", kind::BPF),
    (b"bpf-prog", kind::BPF),
    (b"bpf_link", kind::BPF),
    (b"userfaultfd", kind::USER_FAULT),
    (b"io_uring", kind::IO_URING),
    (b"pidfd", kind::PID_FD),
];

/// Tables of sockets, by network namespace.
#[derive(Default)]
pub(crate) struct Namespaces {
    read: HashMap<Box<[u8]>, Sockets>,
}

impl Namespaces {
    /// A socket of a process, by its inode.
    fn find(&mut self, process: &Path, inode: u64) -> Option<Target> {
        let name = link(&process.join("ns/net"))?;
        let sockets = self
            .read
            .entry(name)
            .or_insert_with(|| sockets::read(&process.join("net")));
        sockets.get(&inode).cloned()
    }
}

/// The descriptors of a process (a directory of `/proc`).
pub(crate) fn descriptors(
    process: &Path,
    namespaces: &mut Namespaces,
    counters: &mut Counters,
) -> Vec<Descriptor> {
    let Ok(entries) = fs::read_dir(process.join("fd")) else {
        return Vec::new();
    };
    let mut list = Vec::new();
    let mut mounts = None;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(fd) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if list.len() >= MOST {
            counters.truncated += 1;
            continue;
        }
        let Some(path) = link(&entry.path()) else {
            continue;
        };
        let place = Place {
            process,
            link: &entry.path(),
            info: &process.join("fdinfo").join(&name),
        };
        if let Some((ino, target)) = place.target(path, namespaces, &mut mounts) {
            list.push(Descriptor { fd, ino, target });
        }
    }
    counters.descriptors += list.len();
    list
}

/// Device numbers of mounts, by their ids.
type Mounts = HashMap<u64, u32>;

/// Where a descriptor is told of.
struct Place<'p> {
    process: &'p Path,
    link: &'p Path,
    info: &'p Path,
}

/// The number in brackets: `socket:[12]`.
fn inode(path: &[u8], prefix: &[u8]) -> Option<u64> {
    let number = path.strip_prefix(prefix)?.strip_prefix(b"[")?;
    std::str::from_utf8(number.strip_suffix(b"]")?)
        .ok()?
        .parse()
        .ok()
}

impl Place<'_> {
    fn target(
        &self,
        path: Box<[u8]>,
        namespaces: &mut Namespaces,
        mounts: &mut Option<Mounts>,
    ) -> Option<(u64, Target)> {
        let other = |kind, name| Target::Other { kind, name };
        if let Some(ino) = inode(&path, b"socket:") {
            let found = namespaces.find(self.process, ino);
            return Some((ino, found.unwrap_or_else(|| other(kind::UNSUPPORTED, path))));
        }
        if let Some(ino) = inode(&path, b"pipe:") {
            return Some((ino, other(kind::FIFO, Box::default())));
        }
        if let Some(name) = path.strip_prefix(b"anon_inode:") {
            let bare = name
                .strip_prefix(b"[")
                .and_then(|name| name.strip_suffix(b"]"));
            let bare = bare.unwrap_or(name);
            let known = ANONYMOUS.iter().find(|(known, _)| bare.starts_with(known));
            return Some((
                0,
                other(
                    known.map_or(kind::UNSUPPORTED, |(_, kind)| *kind),
                    bare.into(),
                ),
            ));
        }
        let info = Info::of(&some_of(self.info)?);
        if let Some(name) = path.strip_prefix(b"/memfd:") {
            let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
            return Some((info.ino, other(kind::MEM_FD, name.into())));
        }
        let file_type = fs::metadata(self.link).ok().map(|found| found.file_type());
        if file_type.is_some_and(|kind| kind.is_dir()) {
            return Some((info.ino, other(kind::DIRECTORY, path)));
        }
        if file_type.is_some_and(|kind| kind.is_fifo()) {
            return Some((info.ino, other(kind::FIFO, path)));
        }
        let mounts = mounts.get_or_insert_with(|| {
            mounts_of(&some_of(&self.process.join("mountinfo")).unwrap_or_default())
        });
        let flags = native::numbers("file_flags").map_or(0, |numbers| numbers.portable(info.flags));
        let dev = mounts.get(&info.mount).copied().unwrap_or(0);
        Some((info.ino, Target::File { path, flags, dev }))
    }
}

/// What `fdinfo` tells of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Info {
    flags: u32,
    mount: u64,
    /// Told since Linux 5.19.
    ino: u64,
}

impl Info {
    fn of(bytes: &[u8]) -> Self {
        let mut info = Self::default();
        for line in String::from_utf8_lossy(bytes).lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key {
                "flags" => info.flags = u32::from_str_radix(value, 8).unwrap_or(0),
                "mnt_id" => info.mount = value.parse().unwrap_or(0),
                "ino" => info.ino = value.parse().unwrap_or(0),
                _ => {}
            }
        }
        info
    }
}

/// `mountinfo`: the id of each mount, and its device as `major << 20 | minor`.
fn mounts_of(bytes: &[u8]) -> Mounts {
    let mount = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let mut fields = text.split(' ');
        let id = fields.next()?.parse().ok()?;
        let (major, minor) = fields.nth(1)?.split_once(':')?;
        let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
        Some((id, major.checked_shl(20)? | minor))
    };
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(mount)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infos_and_mounts() {
        let info = Info::of(b"pos:\t0\nflags:\t0102001\nmnt_id:\t24\nino:\t3\neventfd-count: x\n");
        let expected = Info {
            flags: 0o102_001,
            mount: 24,
            ino: 3,
        };
        assert_eq!(info, expected);
        assert_eq!(Info::of(b"flags: 9\n\xff"), Info::default());
        let mounts = mounts_of(b"24 1 8:3 / / rw - ext4 x rw\nx\n25 24 0:5 / /dev rw - t t rw\n");
        assert_eq!(
            (mounts[&24], mounts[&25], mounts.len()),
            (8 << 20 | 3, 5, 2)
        );
    }

    #[test]
    fn numbers_in_brackets() {
        assert_eq!(inode(b"socket:[12]", b"socket:"), Some(12));
        for bad in [
            &b"socket:12"[..],
            b"socket:[",
            b"socket:[x]",
            b"/socket:[1]",
        ] {
            assert_eq!(inode(bad, b"socket:"), None);
        }
    }
}
