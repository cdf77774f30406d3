//! `stat` and `status` of a thread (proc_pid_stat(5), proc_pid_status(5)).

use lanner_event::inventory::Capabilities;

/// What `stat` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stat {
    pub ppid: i64,
    pub pgrp: i64,
    pub session: i64,
    /// As `new_encode_dev` of the kernel has it.
    pub tty: u32,
    pub minor_faults: u64,
    pub major_faults: u64,
    /// When the thread began, in clock ticks since boot.
    pub start_ticks: u64,
}

/// The command stands in brackets and may hold any bytes: what comes behind the last one counts.
pub(crate) fn stat(bytes: &[u8]) -> Option<Stat> {
    let end = bytes.iter().rposition(|byte| *byte == b')')?;
    let text = std::str::from_utf8(bytes.get(end + 1..)?).ok()?;
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    // The third field of the file is the first here.
    let field = |number: usize| fields.get(number - 3)?.parse::<i64>().ok();
    Some(Stat {
        ppid: field(4)?,
        pgrp: field(5)?,
        session: field(6)?,
        tty: field(7)? as u32,
        minor_faults: field(10)?.try_into().ok()?,
        major_faults: field(12)?.try_into().ok()?,
        start_ticks: field(22)?.try_into().ok()?,
    })
}

/// What `status` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub tgid: i64,
    /// Effective.
    pub uid: u32,
    /// Effective.
    pub gid: u32,
    pub vm_size_kb: u32,
    pub vm_rss_kb: u32,
    pub vm_swap_kb: u32,
    /// Ids of the thread, its process and its process group in each pid namespace, the innermost
    /// last.
    pub ns_tid: Vec<i64>,
    pub ns_tgid: Vec<i64>,
    pub ns_pgid: Vec<i64>,
    pub capabilities: Capabilities,
}

pub(crate) fn status(bytes: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    let mut has_tgid = false;
    for line in bytes.split(|byte| *byte == b'\n') {
        // The name of the command may hold any bytes; it is of no interest here.
        let Some((key, value)) = std::str::from_utf8(line)
            .ok()
            .and_then(|l| l.split_once(':'))
        else {
            continue;
        };
        let mut words = value.split_ascii_whitespace();
        let ids = || {
            value
                .split_ascii_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect()
        };
        let set = || u64::from_str_radix(value.trim(), 16).unwrap_or(0);
        let mut number = |index| {
            words
                .nth(index)
                .and_then(|word| word.parse::<u32>().ok())
                .unwrap_or(0)
        };
        match key {
            "Tgid" => {
                status.tgid = number(0).into();
                has_tgid = true;
            }
            // Real, effective, saved, of file systems.
            "Uid" => status.uid = number(1),
            "Gid" => status.gid = number(1),
            "VmSize" => status.vm_size_kb = number(0),
            "VmRSS" => status.vm_rss_kb = number(0),
            "VmSwap" => status.vm_swap_kb = number(0),
            "NSpid" => status.ns_tid = ids(),
            "NStgid" => status.ns_tgid = ids(),
            "NSpgid" => status.ns_pgid = ids(),
            "CapInh" => status.capabilities.inheritable = set(),
            "CapPrm" => status.capabilities.permitted = set(),
            "CapEff" => status.capabilities.effective = set(),
            _ => {}
        }
    }
    has_tgid.then_some(status)
}

/// `cgroup` as captures hold it: `subsystem=path` pairs, each ended by a NUL, of those that captures
/// name (`scap_cgroup.c`); under the unified hierarchy, all have its path.
pub(crate) fn cgroups(bytes: &[u8]) -> Vec<u8> {
    const SUBSYSTEMS: [&[u8]; 5] = [b"cpuset", b"cpu", b"cpuacct", b"io", b"memory"];
    let mut unified = None;
    let mut paths = [None; SUBSYSTEMS.len()];
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(3, |byte| *byte == b':');
        let (Some(_), Some(names), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if names.is_empty() {
            unified = Some(path);
        }
        for name in names.split(|byte| *byte == b',') {
            // It is called so in the first version.
            let name = if name == b"blkio" { b"io" } else { name };
            if let Some(at) = SUBSYSTEMS.iter().position(|one| *one == name) {
                paths[at] = Some(path);
            }
        }
    }
    let mut list = Vec::new();
    for (name, path) in SUBSYSTEMS.iter().zip(paths) {
        if let Some(path) = path.or(unified) {
            list.extend([name, &b"="[..], path, b"\0"].concat());
        }
    }
    list
}

/// The soft limit of open files, of `limits`; -1 when it is unlimited or not told.
pub(crate) fn file_limit(bytes: &[u8]) -> i64 {
    let text = String::from_utf8_lossy(bytes);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let limit = line.and_then(|rest| rest.split_ascii_whitespace().next());
    limit.and_then(|limit| limit.parse().ok()).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_may_hold_anything() {
        let text = b"12 (a) R (b)) S 1 12 7 34816 12 0 5 0 6 0 0 0 0 0 20 0 1 0 99 0 0";
        let expected = Stat {
            ppid: 1,
            pgrp: 12,
            session: 7,
            tty: 34816,
            minor_faults: 5,
            major_faults: 6,
            start_ticks: 99,
        };
        assert_eq!(stat(text), Some(expected));
        for bad in [
            &b""[..],
            b"12 (a",
            b"12 (a) S 1",
            b"12 (a) S x 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        ] {
            assert_eq!(stat(bad), None);
        }
    }

    #[test]
    fn statuses() {
        let text = b"Name:\t\xff\nTgid:\t5\nUid:\t0\t7\t0\t0\nGid:\t1\t2\t3\t4\nVmRSS:\t  12 kB\nNSpid:\t5\t1\nCapEff:\t00000000000000ff\nCapPrm:\tzz\n";
        let status = status(text).unwrap();
        assert_eq!((status.tgid, status.uid, status.gid), (5, 7, 2));
        assert_eq!((status.vm_rss_kb, &*status.ns_tid), (12, &[5, 1][..]));
        assert_eq!(status.capabilities.effective, 0xff);
        assert_eq!(super::status(b"Name: x\n"), None);
    }

    #[test]
    fn control_groups() {
        let hybrid = b"5:devices:/\n4:memory:/m\n2:cpu,cpuacct:/c\n0::/u:x\n";
        assert_eq!(
            cgroups(hybrid),
            b"cpuset=/u:x\0cpu=/c\0cpuacct=/c\0io=/u:x\0memory=/m\0"
        );
        assert_eq!(cgroups(b"nonsense\n\n"), b"");
    }

    #[test]
    fn limits() {
        let text = b"Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 4096                 files\n";
        assert_eq!(file_limit(text), 1024);
        assert_eq!(
            file_limit(b"Max open files            unlimited x files"),
            -1
        );
        assert_eq!(file_limit(b""), -1);
    }
}
