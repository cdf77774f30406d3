use lanner_event::codes::*;

use super::check;
use crate::testing::{World, int, long};

#[test]
fn fields_of_opens() {
    let opened: &[&[u8]] = &[
        &long(3),
        &long(4),
        b"sub/../f\0",
        &int(0b111 | 1 << 14),
        &int(0o755),
        &int(0),
        &long(0),
    ];
    check(
        &World::about(3),
        SYSCALL_OPENAT_2_X,
        opened,
        &[
            ("evt.is_open_read", "true"),
            ("evt.is_open_write", "true"),
            ("evt.is_open_create", "true"),
            ("evt.is_open_exec", "true"),
            ("evt.abspath", "/srv/f"),
            ("evt.abspath src", "/srv/f"),
            ("evt.arg name", "/srv/f"),
            ("evt.rawarg name", "sub/../f"),
            ("evt.category", "file"),
            ("fs.path.name", "/etc/passwd"),
            ("fs.path.nameraw", "sub/../f"),
            ("fs.path.source", "-"),
        ],
    );
    let failed: &[&[u8]] = &[&long(-2), &long(-100), b"x//f\0", &int(0), &int(0)];
    check(
        &World::about(-1),
        SYSCALL_OPENAT_2_X,
        failed,
        &[
            ("evt.res", "ENOENT"),
            ("evt.rawres", "-2"),
            ("evt.failed", "true"),
            ("evt.count.error", "1"),
            ("evt.count.error.file", "1"),
            ("evt.count.error.other", "-"),
            ("evt.is_open_read", "false"),
            ("evt.is_open_exec", "false"),
            ("fd.num", "-1"),
            ("fd.type", "-"),
            ("fd.typechar", "f"),
            ("fd.name", "/home/u/x/f"),
            ("fd.nameraw", "x/f"),
            ("fd.directory", "/home/u/x"),
            ("fd.filename", "-"),
            ("evt.abspath", "/home/u/x/f"),
            ("fs.path.name", "<UNKNOWN>"),
        ],
    );
    let created: &[&[u8]] = &[&long(3), b"/f\0", &int(0o100)];
    check(
        &World::about(3),
        SYSCALL_CREAT_X,
        created,
        &[("evt.is_open_exec", "true"), ("evt.is_open_write", "false")],
    );
    let by_handle: &[&[u8]] = &[&long(3), &long(4), &int(1), b"/a/../f\0"];
    check(
        &World::about(3),
        SYSCALL_OPEN_BY_HANDLE_AT_X,
        by_handle,
        &[("evt.is_open_read", "true"), ("evt.abspath", "/f")],
    );
}

#[test]
fn failed_calls_are_counted() {
    let mapped: &[&[u8]] = &[&long(-12)];
    check(
        &World::about(3),
        SYSCALL_MMAP_X,
        mapped,
        &[
            ("evt.count.error", "1"),
            ("evt.count.error.file", "1"),
            ("evt.count.error.memory", "1"),
            ("evt.count.error.other", "-"),
            ("evt.category", "memory"),
        ],
    );
    check(
        &World::new(),
        SYSCALL_MMAP_X,
        mapped,
        &[
            ("evt.count.error.file", "-"),
            ("evt.count.error.memory", "1"),
            ("evt.count.error.other", "-"),
        ],
    );
    check(
        &World::new(),
        SOCKET_CONNECT_X,
        mapped,
        &[("evt.count.error.net", "1"), ("evt.count.error.other", "-")],
    );
    check(
        &World::new(),
        SYSCALL_KILL_X,
        mapped,
        &[("evt.count.error.other", "1")],
    );
}

#[test]
fn paths_of_system_calls() {
    let renamed: &[&[u8]] = &[&long(0), &long(-100), b"a\0", &long(4), b"../b\0", &int(0)];
    check(
        &World::new(),
        SYSCALL_RENAMEAT2_X,
        renamed,
        &[
            ("fs.path.source", "/home/u/a"),
            ("fs.path.sourceraw", "a"),
            ("fs.path.target", "/b"),
            ("fs.path.targetraw", "../b"),
            ("fs.path.name", "-"),
            ("evt.abspath", "/home/u/a"),
            ("evt.abspath dst", "/b"),
        ],
    );
    let linked: &[&[u8]] = &[&long(0), b"/old\0", b"new\0"];
    check(
        &World::new(),
        SYSCALL_LINK_2_X,
        linked,
        &[
            ("fs.path.source", "/home/u/new"),
            ("fs.path.target", "/old"),
        ],
    );
    let unlinked: &[&[u8]] = &[&long(0), &long(4), b"f\0", &int(0)];
    check(
        &World::about(4),
        SYSCALL_UNLINKAT_2_X,
        unlinked,
        &[("fs.path.name", "/srv/f")],
    );
    check(
        &World::new(),
        SYSCALL_UNLINKAT_2_X,
        unlinked,
        &[("fs.path.name", "<UNKNOWN>f"), ("evt.abspath", "/srv/f")],
    );
    let denied: &[&[u8]] = &[&long(-13), b"/f\0"];
    check(
        &World::new(),
        SYSCALL_UNLINK_2_X,
        denied,
        &[
            ("fs.path.name", "-"),
            ("evt.res", "EACCES"),
            ("fd.name", "-"),
            ("fd.num", "-"),
        ],
    );
    let removed: &[&[u8]] = &[&long(0), b"\0"];
    check(
        &World::new(),
        SYSCALL_RMDIR_2_X,
        removed,
        &[("fs.path.name", "")],
    );
    let changed: &[&[u8]] = &[&long(0), &long(3), &int(0o600)];
    check(
        &World::about(3),
        SYSCALL_FCHMOD_X,
        changed,
        &[("fs.path.name", "/etc/passwd")],
    );
}
