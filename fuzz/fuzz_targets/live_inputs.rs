//! What live detection reads: records of the ring, and the files of `/proc`, `/sys` and `/etc`.
#![no_main]

use std::fs;
use std::path::PathBuf;

use lanner_probe::record::Records;
use lanner_proc::System;
use libfuzzer_sys::fuzz_target;

/// Each gets a part of the input.
const FILES: [&str; 17] = [
    "proc/7/stat",
    "proc/7/status",
    "proc/7/cmdline",
    "proc/7/environ",
    "proc/7/cgroup",
    "proc/7/limits",
    "proc/7/loginuid",
    "proc/7/mountinfo",
    "proc/7/fdinfo/3",
    "proc/7/net/tcp6",
    "proc/7/net/unix",
    "proc/7/net/netlink",
    "proc/net/fib_trie",
    "proc/net/route",
    "proc/net/if_inet6",
    "etc/passwd",
    "etc/group",
];

/// A machine in memory; the descriptors of its only process are there already.
fn root() -> PathBuf {
    let root = PathBuf::from(format!("/dev/shm/lanner-fuzz-{}", std::process::id()));
    if !root.exists() {
        for directory in [
            "proc/7/fdinfo",
            "proc/7/net",
            "proc/7/fd",
            "proc/7/ns",
            "proc/net",
            "etc",
            "sys",
        ] {
            fs::create_dir_all(root.join(directory)).expect("memory");
        }
        for (name, target) in [
            ("fd/3", "/etc/x"),
            ("fd/4", "socket:[12]"),
            ("ns/net", "net:[1]"),
        ] {
            std::os::unix::fs::symlink(target, root.join("proc/7").join(name)).expect("memory");
        }
    }
    root
}

fuzz_target!(|data: &[u8]| {
    if let Some(event) = Records::new().event(data, 7) {
        let size: usize = event.params().map(<[u8]>::len).sum();
        assert!(size <= data.len());
    }
    let root = root();
    let mut parts = data.split(|byte| *byte == 0xff);
    for name in FILES {
        fs::write(root.join(name), parts.next().unwrap_or_default()).expect("memory");
    }
    let system = System {
        proc: root.join("proc"),
        sys: root.join("sys"),
        etc: root.join("etc"),
    };
    let mut threads = 0;
    system
        .processes(&mut |_| threads += 1)
        .expect("the directory is there");
    assert!(threads <= 2);
    let _ = (
        system.machine(),
        system.interfaces(),
        system.users(),
        system.thread(7),
    );
});
