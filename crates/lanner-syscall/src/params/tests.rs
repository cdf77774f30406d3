use bumpalo::Bump;
use lanner_event::codes;

use super::show_all;
use crate::testing::{TID, World, int, long};

fn args(world: &World, code: u16, params: &[&[u8]]) -> String {
    world.event(code, params, |event| {
        let arena = Bump::new();
        String::from_utf8(show_all(event, &arena).to_vec()).unwrap()
    })
}

#[test]
fn parameters_are_shown() {
    let world = World::new();
    let long_fd = |fd: i64| long(fd);
    let poll = [
        &2_u16.to_le_bytes()[..],
        &long(3),
        &1_u16.to_le_bytes(),
        &long(99),
        &0x8001_u16.to_le_bytes(),
    ]
    .concat();
    let tuple = [&[2, 10, 0, 0, 1, 34, 0, 10, 0, 0, 2, 80, 0][..]].concat();
    let dynamic = |choice: u8, rest: &[u8]| [&[choice], rest].concat();
    let cases: &[(u16, &[&[u8]], &str)] = &[
        (
            codes::SYSCALL_OPENAT_2_X,
            &[
                &long_fd(3),
                &long(4),
                b"a/../b\0",
                &int(1 | 1 << 12),
                &int(0o644),
                &int(0xfe00),
                &long(77),
            ],
            "fd=3(<f>/etc/passwd) dirfd=4(<d>/srv) name=a/../b(/srv/b) \
             flags=4097(O_RDONLY|O_CLOEXEC) mode=0644 dev=FE00 ino=77",
        ),
        (
            codes::SYSCALL_OPENAT_2_X,
            &[&long(-2), &long(-100), b"/x\xff\0", &[], &[], &[], &[]],
            "fd=-2(ENOENT) dirfd=-100(AT_FDCWD) name=/x\u{fffd} flags=<NA> mode=<NA> dev=<NA> ino=<NA>",
        ),
        (
            codes::SYSCALL_OPENAT_2_X,
            &[&long(-2), &long(99), b"x\0"],
            "fd=-2(ENOENT) dirfd=99 name=x(x)",
        ),
        (
            codes::SYSCALL_RENAMEAT2_X,
            &[&long(0), &long(-100), b"(NULL)\0", &long(4), b"", &int(0)],
            "res=0 olddirfd=-100(AT_FDCWD) oldpath=<NA> newdirfd=4(<d>/srv) newpath=<NA> flags=0",
        ),
        (
            codes::SYSCALL_KILL_X,
            &[&long(-1), &long(TID), &[9]],
            "res=-1(EPERM) pid=10(cat) sig=9(SIGKILL)",
        ),
        (
            codes::SYSCALL_KILL_X,
            &[&long(0), &long(5), &[99]],
            "res=0 pid=5 sig=99",
        ),
        (
            codes::SYSCALL_SETUID_X,
            &[&long(0), &int(0)],
            "res=0 uid=0(root)",
        ),
        (
            codes::SYSCALL_SETUID_X,
            &[&long(0), &int(8)],
            "res=0 uid=8(<NA>)",
        ),
        (
            codes::SYSCALL_SETUID_X,
            &[&long(0), &int(u32::MAX)],
            "res=0 uid=-1(<NONE>)",
        ),
        (
            codes::SYSCALL_SETGID_X,
            &[&long(0), &int(5)],
            "res=0 gid=5(<NA>)",
        ),
        (
            codes::SYSCALL_POLL_X,
            &[&long(1), &poll, &long(-1)],
            "res=1 fds=3:f1 99:?ffff8001 timeout=-1",
        ),
        (
            codes::SYSCALL_POLL_X,
            &[&long(1), &[], &long(5)],
            "res=1 fds=NULL timeout=5",
        ),
        (
            codes::SYSCALL_PPOLL_X,
            &[&long(1), &[9, 9, 1], &long(1_500_000_000), &int(0b11)],
            "res=1 fds= timeout=1500000000(1.5s) sigmask=SIGHUP SIGINT",
        ),
        (
            codes::SYSCALL_NANOSLEEP_X,
            &[&long(0), &long(-1)],
            "res=0 interval=none",
        ),
        (
            codes::SYSCALL_CHMOD_X,
            &[&long(0), b"f\0", &int(0o644)],
            "res=0 filename=f(/home/u/f) mode=0644(S_IROTH|S_IRGRP|S_IWUSR|S_IRUSR)",
        ),
        (
            codes::SOCKET_CONNECT_X,
            &[&long(0), &tuple, &long(5), b"\x01/run/s\0"],
            "res=0 tuple=10.0.0.1:34->10.0.0.2:80 fd=5(<4t>10.0.0.1:4444->10.0.0.2:80) addr=/run/s",
        ),
        (
            codes::SOCKET_CONNECT_X,
            &[&long(-111), &[], &long(6), &[]],
            "res=-111(ECONNREFUSED) tuple=NULL fd=6(<u>/run/dev/log) addr=<NA>",
        ),
        (
            codes::SOCKET_SOCKET_X,
            &[&long(8), &int(1), &int(2), &int(u32::MAX), &int(0)],
            "fd=8(<4>) domain=1(AF_LOCAL|AF_UNIX) type=2 proto=-1 flags=0(O_NONE)",
        ),
        (
            codes::SYSCALL_WRITE_X,
            &[&long(3), b"a\n\xffb", &long(7), &int(4)],
            "res=3 data=a..b fd=7(<6t>:::22) size=4",
        ),
        (
            codes::SYSCALL_PTRACE_X,
            &[&long(0), &dynamic(0, &long(0xabc)), &dynamic(1, &[9])],
            "res=0 addr=ABC data=9(SIGKILL)",
        ),
        (
            codes::SOCKET_SETSOCKOPT_X,
            &[
                &long(0),
                &long(5),
                &[1],
                &[2],
                &dynamic(2, &int(7)),
                &int(4),
            ],
            "res=0 fd=5(<4t>10.0.0.1:4444->10.0.0.2:80) level=1(SOL_SOCKET) optname=2(SO_REUSEADDR) val=7 optlen=4",
        ),
        (
            codes::SOCKET_SETSOCKOPT_X,
            &[&long(0), &long(99), &[1], &[2], &dynamic(9, &[]), &int(4)],
            "res=0 fd=99 level=1(SOL_SOCKET) optname=2(SO_REUSEADDR) val=INVALID DYNAMIC PARAMETER optlen=4",
        ),
        (
            codes::SYSCALL_KEYCTL_X,
            &[
                &long(0),
                &int(3),
                &dynamic(0, &long(-2)),
                &dynamic(1, b"a\0"),
                &dynamic(1, b""),
                &[],
            ],
            "res=0 operation=3(KEYCTL_REVOKE) arg2=-2 arg3=a arg4= arg5=NULL",
        ),
        (
            codes::GENERIC_X,
            &[&[3, 0], &[0, 0]],
            "ID=3(read) nativeID=0",
        ),
        (codes::GENERIC_X, &[&[255, 255]], "ID=<unknown syscall>"),
        // Cut short.
        (codes::SYSCALL_CLOSE_X, &[&[1, 2]], "res=<NA>"),
        (codes::SYSCALL_CLOSE_X, &[], ""),
    ];
    for (code, params, expected) in cases {
        assert_eq!(args(&world, *code, params), *expected);
    }
}

#[test]
fn events_without_thread_show_numbers_only() {
    let mut world = World::new();
    world.context.thread = None;
    let shown = args(
        &world,
        codes::SYSCALL_OPENAT_2_X,
        &[&long(3), &long(4), b"f\0"],
    );
    assert_eq!(shown, "fd=3 dirfd=4 name=f");
}
