//! A thread, from its directory.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use lanner_event::inventory::{Capabilities, ExeFile, Process};

use crate::read::{at_most, link, some_of};
use crate::status::{Status, cgroups, file_limit, stat, status};

/// Captures hold so much of arguments and of the environment, in bytes.
const STRINGS: u64 = 4096;
/// Clock ticks are of 10 ms in all that the kernel tells user space (`USER_HZ`).
const TICK_NS: u64 = 10_000_000;

/// `PPM_CL_*`: it shares the descriptors of its process; it is one of its threads; its ids are
/// others in its pid namespace.
mod flags {
    pub const FILES: u32 = 1;
    pub const THREAD: u32 = 1 << 13;
    pub const CHILD_IN_PIDNS: u32 = 1 << 29;
}

/// `CAP_DAC_OVERRIDE`: may write whatever the mode says.
const MAY_WRITE_ALL: u64 = 1 << 1;
/// Behind the path of a file that was removed.
const DELETED: &[u8] = b" (deleted)";

/// A thread; `None` when it is gone, or not told of.
pub(crate) fn process(directory: &Path, tid: i64, boot_ns: u64) -> Option<Process> {
    let stat = stat(&some_of(&directory.join("stat"))?)?;
    let status = status(&some_of(&directory.join("status"))?)?;
    let text = |name: &str, most: u64| at_most(&directory.join(name), most).unwrap_or_default();
    let (exe, args) = command_line(text("cmdline", STRINGS));
    let clone_ts = boot_ns.saturating_add(stat.start_ticks.saturating_mul(TICK_NS));
    let innermost = |ids: &[i64], own: i64| ids.last().copied().unwrap_or(own);
    let mut marks = 0;
    if tid != status.tgid {
        marks |= flags::THREAD | flags::FILES;
    }
    if status.ns_tid.len() > 1 {
        marks |= flags::CHILD_IN_PIDNS;
    }
    let mut comm = text("comm", 64);
    comm.truncate(comm.trim_ascii_end().len());
    Some(Process {
        tid,
        pid: status.tgid,
        ptid: stat.ppid,
        sid: stat.session,
        vpgid: innermost(&status.ns_pgid, stat.pgrp),
        pgid: stat.pgrp,
        vtid: innermost(&status.ns_tid, tid),
        vpid: innermost(&status.ns_tgid, status.tgid),
        comm: comm.into(),
        exe,
        exepath: program_path(directory),
        args,
        env: with_end(text("environ", STRINGS)),
        cwd: link(&directory.join("cwd")).unwrap_or_default(),
        root: link(&directory.join("root")).unwrap_or_default(),
        cgroups: cgroups(&text("cgroup", 64 << 10)).into(),
        fdlimit: file_limit(&text("limits", 64 << 10)),
        flags: marks,
        uid: status.uid,
        gid: status.gid,
        loginuid: String::from_utf8_lossy(&text("loginuid", 32))
            .trim()
            .parse()
            .unwrap_or(u32::MAX),
        vmsize_kb: status.vm_size_kb,
        vmrss_kb: status.vm_rss_kb,
        vmswap_kb: status.vm_swap_kb,
        pfmajor: stat.major_faults,
        pfminor: stat.minor_faults,
        pidns_init_start_ts: 0,
        clone_ts,
        tty: stat.tty,
        exe_file: program_file(directory, &status),
        capabilities: status.capabilities,
    })
}

/// `argv[0]`, and the other arguments, each ended by a NUL.
fn command_line(bytes: Vec<u8>) -> (Box<[u8]>, Box<[u8]>) {
    let bytes = with_end(bytes);
    match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => (bytes[..end].into(), bytes[end + 1..].into()),
        None => (bytes, Box::default()),
    }
}

/// The last text of a list has its NUL, too, where it was cut.
fn with_end(mut bytes: Vec<u8>) -> Box<[u8]> {
    if bytes.last().is_some_and(|last| *last != 0) {
        if bytes.len() as u64 >= STRINGS {
            bytes.pop();
        }
        bytes.push(0);
    }
    bytes.into()
}

/// The path of the program; one in memory is called `memfd:name`.
fn program_path(directory: &Path) -> Box<[u8]> {
    let path = link(&directory.join("exe")).unwrap_or_default();
    let path = path.strip_suffix(DELETED).unwrap_or(&path);
    if path.starts_with(b"/memfd:") {
        return path[1..].into();
    }
    path.into()
}

fn program_file(directory: &Path, status: &Status) -> ExeFile {
    let path = directory.join("exe");
    // Through the link, so that it is the file even where it has no name any longer.
    let Ok(file) = fs::metadata(&path) else {
        return ExeFile::default();
    };
    let name = link(&path).unwrap_or_default();
    ExeFile {
        writable: may_write(&file, status),
        from_memfd: name.starts_with(b"/memfd:"),
        ino: file.ino(),
        ctime: nanoseconds(file.ctime(), file.ctime_nsec()),
        mtime: nanoseconds(file.mtime(), file.mtime_nsec()),
        // User space is not told which layer of an overlay a file is in.
        ..ExeFile::default()
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> u64 {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(rest.unsigned_abs())
}

fn may_write(file: &Metadata, status: &Status) -> bool {
    let Capabilities { effective, .. } = status.capabilities;
    let mode = file.mode();
    effective & MAY_WRITE_ALL != 0
        || mode & 0o002 != 0
        || (mode & 0o200 != 0 && file.uid() == status.uid)
        || (mode & 0o020 != 0 && file.gid() == status.gid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        for (line, exe, args) in [
            (&b"a\0b\0c\0"[..], &b"a"[..], &b"b\0c\0"[..]),
            (b"a", b"a", b""),
            (b"a\0b", b"a", b"b\0"),
            (b"", b"", b""),
            (b"\0x\0", b"", b"x\0"),
        ] {
            let (found, rest) = command_line(line.to_vec());
            assert_eq!((&*found, &*rest), (exe, args));
        }
        let long = with_end(vec![b'x'; STRINGS as usize]);
        assert_eq!((long.len(), long.last()), (STRINGS as usize, Some(&0)));
    }
}
