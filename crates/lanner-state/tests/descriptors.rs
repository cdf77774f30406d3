//! Files and other descriptors: what calls make of them.

mod common;
#[path = "common/fds.rs"]
mod fds;

use common::{Clone, Event, exec, machine};
use fds::{TID, close, event, open, openat, play, read, shown};
use lanner_event::codes;
use lanner_state::path::AT_FDCWD;

const DIRECTORY: u32 = 1 << 10;
const CLOEXEC: u32 = 1 << 12;
const UPPER: u32 = 1 << 15;
const LOWER: u32 = 1 << 16;

#[test]
fn files() {
    let mut state = machine();
    play(
        &mut state,
        &[
            (open(3, "/a//b/../c", 1), "3 file /a/c changed"),
            (open(4, "x", 1 | CLOEXEC), "4 file /home/x cloexec changed"),
            (open(-2, "gone", 1), "-1 unknown"),
            (
                openat(5, AT_FDCWD, "./d/", 1 | DIRECTORY),
                "5 directory /home/d changed",
            ),
            (
                openat(6, 5, "e", 1 | UPPER),
                "6 file /home/d/e upper changed",
            ),
            (
                openat(6, 5, "../e", 1 | LOWER),
                "6 file /home/e lower changed",
            ),
            (openat(7, 77, "e", 1), "7 file <UNKNOWN>e changed"),
            (openat(7, 77, "/e", 1), "7 file /e changed"),
            (openat(300, 5, "/e", 1), "300 file /e changed"),
            (
                openat(8, AT_FDCWD, "", 1).set(2, ""),
                "8 file /home/<NA> changed",
            ),
            (openat(8, AT_FDCWD, "e", 1).set(1, ""), "8 file e changed"),
            (
                event(codes::SYSCALL_CREAT_X)
                    .i64(9)
                    .text("new")
                    .u32(0)
                    .u32(1)
                    .u64(2)
                    .param([2, 0]),
                "9 file /home/new lower changed",
            ),
            (
                event(codes::SYSCALL_OPEN_BY_HANDLE_AT_X)
                    .i64(9)
                    .i64(5)
                    .u32(1)
                    .text("/mnt/x")
                    .u32(1)
                    .u64(2),
                "9 file /mnt/x changed",
            ),
            (read(3), "3 file /a/c"),
            (read(33), "33 unknown"),
        ],
    );
    let thread = state.thread(TID).unwrap();
    let fd = state.fd(thread, 3).unwrap();
    assert_eq!(&*fd.raw_name, b"/a//b/../c");
    assert_eq!((fd.dev, fd.ino), (0x0080_0001, 4711));
}

#[test]
fn close_waits_until_the_event_was_seen() {
    let mut state = machine();
    play(&mut state, &[(open(3, "/a", 1), "3 file /a changed")]);
    // Applying an event ends it, too.
    play(&mut state, &[(close(3), "3 unknown")]);
    play(&mut state, &[(open(3, "/a", 1), "3 file /a changed")]);
    let failed = event(codes::SYSCALL_CLOSE_X).i64(-5).i64(3);
    play(&mut state, &[(failed, "3 file /a")]);
    let context = close(3).apply_before(&mut state);
    assert_eq!(shown(&state, &context), "3 file /a");
}

#[test]
fn close_range() {
    let mut state = machine();
    for number in [3, 4, 5, 300] {
        open(number, "/a", 1).apply(&mut state);
    }
    let range = |first: u32, last: u32, flags: u32| {
        event(codes::SYSCALL_CLOSE_RANGE_X)
            .i64(0)
            .u32(first)
            .u32(last)
            .u32(flags)
    };
    play(
        &mut state,
        &[
            (range(4, 4, 0), "none"),
            (read(4), "4 unknown"),
            (range(5, u32::MAX, 4), "none"),
            (read(5), "5 file /a cloexec"),
            (read(300), "300 file /a cloexec"),
            (range(9, 8, 0), "none"),
            (read(3), "3 file /a"),
            (range(0, u32::MAX, 0), "none"),
            (read(3), "3 unknown"),
        ],
    );
}

#[test]
fn duplicates() {
    let mut state = machine();
    let dup3 = |to: i64, flags: u32| {
        event(codes::SYSCALL_DUP3_X)
            .i64(to)
            .i64(3)
            .i64(to)
            .u32(flags)
    };
    let fcntl = |result: i64, command: u8, argument: u64| {
        event(codes::SYSCALL_FCNTL_X)
            .i64(result)
            .i64(3)
            .u8(command)
            .u64(argument)
    };
    play(
        &mut state,
        &[
            (open(3, "/a", 1 | CLOEXEC), "3 file /a cloexec changed"),
            (event(codes::SYSCALL_DUP_1_X).i64(4).i64(3), "4 file /a"),
            (dup3(5, CLOEXEC), "5 file /a cloexec"),
            (dup3(5, 0), "5 file /a"),
            (
                event(codes::SYSCALL_DUP2_X).i64(-9).i64(3).i64(6),
                "3 file /a cloexec",
            ),
            (fcntl(7, 1, 0), "7 file /a"),
            (fcntl(8, 26, 0), "8 file /a cloexec"),
            (fcntl(0, 3, 0), "3 file /a"),
            (fcntl(0, 3, 1), "3 file /a cloexec"),
            (fcntl(0, 9, 1), "3 file /a cloexec"),
        ],
    );
    let thread = state.thread(TID).unwrap();
    let id = |number| state.fd(thread, number).unwrap().id;
    assert_eq!(id(3), id(4));
    assert_ne!(id(3), 0);
}

#[test]
fn special_descriptors() {
    let one = |code: u16, number: i64| event(code).i64(number);
    let mut state = machine();
    play(
        &mut state,
        &[
            (one(codes::SYSCALL_EVENTFD_X, 3).u64(0).u32(0), "3 event "),
            (
                one(codes::SYSCALL_EVENTFD2_X, 3).param([0, 0x10]).u64(0),
                "3 event  cloexec",
            ),
            (
                one(codes::SYSCALL_SIGNALFD4_X, 3).param([0, 0]),
                "3 signalfd ",
            ),
            (
                one(codes::SYSCALL_TIMERFD_CREATE_X, 3).u8(0).u8(0),
                "3 timerfd ",
            ),
            (one(codes::SYSCALL_INOTIFY_INIT_X, 3).u8(0), "3 inotify "),
            (one(codes::SYSCALL_BPF_2_X, 3).u32(0), "3 bpf "),
            (
                one(codes::SYSCALL_USERFAULTFD_X, 3).u32(0),
                "3 userfaultfd ",
            ),
            (one(codes::SYSCALL_IO_URING_SETUP_X, 3), "3 io_uring "),
            (one(codes::SYSCALL_EPOLL_CREATE_X, 3).u32(0), "3 eventpoll "),
            (
                one(codes::SYSCALL_EPOLL_CREATE1_X, 3).u32(1),
                "3 eventpoll  cloexec",
            ),
            (
                one(codes::SYSCALL_EPOLL_CREATE1_X, -24).u32(1),
                "-1 unknown",
            ),
            (
                one(codes::SYSCALL_MEMFD_CREATE_X, 4).text("code").u32(1),
                "4 memfd code cloexec changed",
            ),
            (
                one(codes::SYSCALL_MEMFD_CREATE_X, -22).text("code").u32(0),
                "-22 <NA> ",
            ),
            (
                one(codes::SYSCALL_PIPE2_X, 0)
                    .i64(5)
                    .i64(6)
                    .u64(99)
                    .u32(CLOEXEC),
                "6 pipe  cloexec",
            ),
            (read(5), "5 pipe  cloexec"),
            (
                one(codes::SYSCALL_PIDFD_OPEN_X, 7).i64(20).u32(0),
                "7 pidfd /proc/20 changed",
            ),
        ],
    );
}

#[test]
fn descriptors_of_other_processes() {
    let mut state = machine();
    let other = open(9, "/secret", 1);
    Event::new(codes::SYSCALL_OPEN_X, 20)
        .i64(9)
        .text("/secret")
        .u32(1)
        .apply(&mut state);
    let pidfd = event(codes::SYSCALL_PIDFD_OPEN_X).i64(7).i64(20).u32(0);
    pidfd.apply(&mut state);
    let get = |number: i64, pidfd: i64, target: i64| {
        event(codes::SYSCALL_PIDFD_GETFD_X)
            .i64(number)
            .i64(pidfd)
            .i64(target)
            .u32(0)
    };
    play(
        &mut state,
        &[
            (get(8, 7, 9), "8 file /secret cloexec"),
            (get(8, 7, 10), "-1 unknown"),
            (other, "9 file /secret changed"),
            (get(10, 9, 9), "-1 unknown"),
        ],
    );
}

#[test]
fn threads_and_children_have_the_descriptors_of_their_process() {
    let mut state = machine();
    let by = |tid: i64, number: i64| {
        Event::new(codes::SYSCALL_OPEN_X, tid)
            .i64(number)
            .text("/a")
            .u32(1)
    };
    by(20, 3).apply(&mut state);
    by(21, 4).apply(&mut state);
    let leader = state.thread(20).unwrap();
    assert_eq!(leader.fds.len(), 2);
    assert!(state.fd(state.thread(22).unwrap(), 4).is_some());

    open(3, "/kept", 1).apply(&mut state);
    open(4, "/closed", 1 | CLOEXEC).apply(&mut state);
    Clone::by_child(30, TID).event().apply(&mut state);
    let child = state.thread(30).unwrap();
    assert_eq!(state.fds(child).unwrap().len(), 2);
    exec(30, "ls", "").apply(&mut state);
    let child = state.thread(30).unwrap();
    assert!(state.fd(child, 3).is_some() && state.fd(child, 4).is_none());
    assert!(state.fd(state.thread(TID).unwrap(), 4).is_some());
}

/// Old captures have what counts in the enter event.
#[test]
fn enter_events() {
    let enter = |name: &str| {
        event(codes::SYSCALL_OPENAT_2_E)
            .i64(AT_FDCWD)
            .text(name)
            .u32(2)
            .u32(0)
    };
    let mut state = machine();
    play(
        &mut state,
        &[
            (enter("asked"), "-1 unknown"),
            (
                openat(3, 77, "changed", UPPER),
                "3 file /home/asked upper changed",
            ),
            (enter("<NA>"), "-1 unknown"),
            (
                openat(3, AT_FDCWD, "known", 1),
                "3 file /home/known changed",
            ),
            (
                event(codes::SYSCALL_READ_E).i64(3).u32(1),
                "3 file /home/known",
            ),
            // The exit event is of the descriptor that the enter event named.
            (read(3).set(2, ""), "3 file /home/known"),
            (
                event(codes::SYSCALL_WRITE_X)
                    .i64(1)
                    .param("x")
                    .param("")
                    .u32(1),
                "-1 unknown",
            ),
        ],
    );
}

#[test]
fn broken_events_do_no_harm() {
    let mut state = machine();
    for code in 0..500 {
        if lanner_event::schema::event_type(code).is_none() {
            continue;
        }
        for length in [0_usize, 1, 4, 8, 20] {
            for count in 0..9 {
                for byte in [0, 1, 2, 10, 0xff] {
                    let mut event = event(code);
                    for _ in 0..count {
                        event = event.param(vec![byte; length]);
                    }
                    event.apply(&mut state);
                }
            }
        }
    }
}
