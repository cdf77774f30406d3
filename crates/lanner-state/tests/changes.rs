//! Events that change what is known of a thread, of users and of containers.

mod common;

use common::{Clone, Event, exec, machine, nothing};
use lanner_event::codes;
use lanner_state::State;
use lanner_state::container::ContainerId;
use lanner_state::thread::{Category, Thread};

const OK: i64 = 0;
const FAILED: i64 = -1;

/// Each event is applied as it is, and with an error for its result.
#[test]
fn identity() {
    type Case = (&'static str, Event, fn(&Thread) -> i64, i64);
    let cases: [Case; 12] = [
        (
            "setuid",
            Event::new(codes::SYSCALL_SETUID_X, 10).i64(OK).u32(7),
            |t| t.uid.into(),
            7,
        ),
        (
            "setresuid",
            Event::new(codes::SYSCALL_SETRESUID_X, 10)
                .i64(OK)
                .u32(6)
                .u32(7)
                .u32(8),
            |t| t.uid.into(),
            7,
        ),
        (
            "setreuid",
            Event::new(codes::SYSCALL_SETREUID_X, 10)
                .i64(OK)
                .u32(6)
                .u32(7),
            |t| t.uid.into(),
            7,
        ),
        (
            "setgid",
            Event::new(codes::SYSCALL_SETGID_X, 10).i64(OK).u32(7),
            |t| t.gid.into(),
            7,
        ),
        (
            "setresgid",
            Event::new(codes::SYSCALL_SETRESGID_X, 10)
                .i64(OK)
                .u32(6)
                .u32(7)
                .u32(8),
            |t| t.gid.into(),
            7,
        ),
        (
            "setregid",
            Event::new(codes::SYSCALL_SETREGID_X, 10)
                .i64(OK)
                .u32(6)
                .u32(7),
            |t| t.gid.into(),
            7,
        ),
        (
            "capset",
            Event::new(codes::SYSCALL_CAPSET_X, 10)
                .i64(OK)
                .u64(1)
                .u64(2)
                .u64(3),
            |t| t.capabilities.effective as i64,
            3,
        ),
        (
            "unshare of users",
            Event::new(codes::SYSCALL_UNSHARE_X, 10)
                .i64(OK)
                .u32(1 << 20),
            |t| t.capabilities.effective as i64,
            (1 << 41) - 1,
        ),
        (
            "setns of users",
            Event::new(codes::SYSCALL_SETNS_X, 10)
                .i64(OK)
                .i64(3)
                .u32(1 << 20),
            |t| t.capabilities.effective as i64,
            (1 << 41) - 1,
        ),
        (
            "setrlimit",
            Event::new(codes::SYSCALL_SETRLIMIT_X, 10)
                .i64(OK)
                .i64(99)
                .i64(99)
                .u8(7),
            |t| t.fdlimit,
            99,
        ),
        (
            "prlimit",
            Event::new(codes::SYSCALL_PRLIMIT_X, 20)
                .i64(OK)
                .i64(99)
                .i64(99)
                .i64(1)
                .i64(1)
                .i64(10)
                .u8(7),
            |t| t.fdlimit,
            99,
        ),
        (
            "chroot",
            Event::new(codes::SYSCALL_CHROOT_X, 10)
                .i64(OK)
                .text("/jail"),
            |t| t.root.len() as i64,
            5,
        ),
    ];
    for (what, event, value, expected) in cases {
        let mut state = machine();
        let before = value(state.thread(10).unwrap());
        assert_ne!(before, expected, "{what}");
        event.clone().set(0, FAILED.to_le_bytes()).apply(&mut state);
        assert_eq!(value(state.thread(10).unwrap()), before, "{what} failed");
        event.apply(&mut state);
        assert_eq!(value(state.thread(10).unwrap()), expected, "{what}");
    }
}

#[test]
fn working_directories() {
    let chdir = |tid, path: &str| Event::new(codes::SYSCALL_CHDIR_X, tid).i64(OK).text(path);
    let cases = [
        (10, "/a/b/../c", "/a/c/"),
        (10, "sub", "/home/sub/"),
        (10, "..", "/"),
        (10, "/", "/"),
        // A thread changes the directory of its process. In libs it does not
        // start at that of its process.
        (21, "/x", "/x/"),
        (21, "x", "x/"),
    ];
    for (tid, path, expected) in cases {
        let mut state = machine();
        let before = state.lineage_id(state.thread(tid).unwrap());
        chdir(tid, path).apply(&mut state);
        let thread = state.thread(tid).unwrap();
        assert_eq!(
            String::from_utf8_lossy(state.cwd(thread)),
            expected,
            "{path}"
        );
        assert_ne!(state.lineage_id(thread), before);
    }
}

#[test]
fn roots() {
    for (path, expected) in [
        ("/jail", "/jail"),
        ("a/../jail", "/home/jail"),
        ("<NA>", "<NA>"),
    ] {
        let mut state = machine();
        Event::new(codes::SYSCALL_CHROOT_X, 10)
            .i64(OK)
            .text(path)
            .apply(&mut state);
        let root = &state.thread(10).unwrap().root;
        assert_eq!(String::from_utf8_lossy(root), expected);
    }
}

#[test]
fn memory_and_times() {
    let mut state = machine();
    let switch = Event::new(codes::SCHEDSWITCH_6_E, 21)
        .i64(0)
        .u64(11)
        .u64(12)
        .u32(13)
        .u32(14)
        .u32(15);
    switch.apply(&mut state);
    let (thread, leader) = (state.thread(21).unwrap(), state.thread(20).unwrap());
    assert_eq!(
        (thread.pfmajor, thread.pfminor, thread.last_event_ts),
        (11, 12, 0)
    );
    assert_eq!(
        (leader.vmsize_kb, leader.vmrss_kb, leader.vmswap_kb),
        (13, 14, 15)
    );
    Event::new(codes::SYSCALL_BRK_4_X, 10)
        .u64(0)
        .u32(1)
        .u32(2)
        .u32(3)
        .apply(&mut state);
    nothing(10).at(5).apply(&mut state);
    let thread = state.thread(10).unwrap();
    assert_eq!((thread.vmsize_kb, thread.vmswap_kb), (1, 3));
    assert_eq!(thread.last_event_ts - thread.previous_event_ts, 5);
    // An unknown thread is not made up by a switch.
    Event::new(codes::SCHEDSWITCH_6_E, 400)
        .i64(0)
        .apply(&mut state);
    assert!(state.thread(400).is_none());
}

fn user_event(code: u16, container: &str) -> Event {
    Event::new(code, -1)
        .u32(5)
        .u32(6)
        .text("amy")
        .text("/home/amy")
        .text("/bin/sh")
        .text(container)
}

#[test]
fn users_and_groups() {
    let mut state = machine();
    let host = ContainerId::HOST;
    user_event(codes::USER_ADDED_E, "").apply(&mut state);
    let group = Event::new(codes::GROUP_ADDED_E, -1)
        .u32(6)
        .text("staff")
        .text("");
    group.apply(&mut state);
    assert_eq!(&*state.users.user(host, 5).unwrap().name, b"amy");
    assert_eq!(&*state.users.group(host, 6).unwrap().name, b"staff");
    user_event(codes::USER_DELETED_E, "").apply(&mut state);
    Event::new(codes::GROUP_DELETED_E, -1)
        .u32(6)
        .text("staff")
        .text("")
        .apply(&mut state);
    assert!(state.users.user(host, 5).is_none() && state.users.group(host, 6).is_none());
    // As in libs, users of containers and those of name services are not learned.
    user_event(codes::USER_ADDED_E, "0123456789ab").apply(&mut state);
    user_event(codes::USER_ADDED_E, "")
        .set(2, "+amy\0")
        .apply(&mut state);
    assert!(state.users.user(host, 5).is_none());
    // Such events make up no thread.
    assert!(state.thread(-1).is_none());
}

const HEX: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";

fn container_of(state: &State, tid: i64) -> String {
    let container = state.thread(tid).unwrap().container;
    state.containers.get(container).unwrap().id.to_string()
}

fn in_docker(tid: i64, name: &str) -> Event {
    let cgroups = format!("cpuset=/\0memory=/docker/{HEX}\0");
    exec(tid, name, "").set(14, cgroups)
}

fn container_event(name: &str, json: &str) -> Event {
    Event::new(codes::ASYNCEVENT_E, 0)
        .u32(0)
        .text(name)
        .text(json)
}

const JSON: &str = r#"{"container":{"id":"3ad7b26ded6d","type":0,"name":"web",
    "Healthcheck":{"exe":"probe","args":["-x"]}}}"#;

#[test]
fn containers_of_threads() {
    let mut state = machine();
    assert_eq!(container_of(&state, 10), "host");
    in_docker(10, "sh").apply(&mut state);
    assert_eq!(container_of(&state, 10), "3ad7b26ded6d");
    let container = state
        .containers
        .get(state.thread(10).unwrap().container)
        .unwrap();
    assert!(container.metadata.is_none());
    // The child is in the container once its own event came.
    let lists = format!("memory=/docker/{HEX}\0");
    Clone::by_parent(10, 100)
        .event()
        .set(14, &lists)
        .apply(&mut state);
    assert_eq!(container_of(&state, 100), "host");
    Clone::by_child(100, 10)
        .event()
        .set(14, &lists)
        .apply(&mut state);
    assert_eq!(container_of(&state, 100), "3ad7b26ded6d");
    // And leaves it with an exec elsewhere.
    exec(100, "ls", "")
        .set(14, "memory=/user.slice\0")
        .apply(&mut state);
    assert_eq!(container_of(&state, 100), "host");
}

#[test]
fn containers_are_told_of() {
    let mut state = machine();
    in_docker(10, "sh").apply(&mut state);
    let id = state.thread(10).unwrap().container;
    let generation = state.containers.get(id).unwrap().generation;
    let context = container_event("container", JSON).apply(&mut state);
    assert_eq!(&*context.container.unwrap().id, "3ad7b26ded6d");
    let container = state.containers.get(id).unwrap();
    assert_eq!(
        (
            container.kind.name(),
            &*container.metadata.as_ref().unwrap().name
        ),
        ("docker", "web")
    );
    assert_ne!(container.generation, generation);
    // Its health check, and a program of the same name.
    exec(10, "probe", "-x\0").apply(&mut state);
    in_docker(10, "probe").set(2, "-x\0").apply(&mut state);
    assert_eq!(state.thread(10).unwrap().category, Category::Healthcheck);
    // The container goes; the event still tells what it was.
    let context = container_event("container_removed", JSON).apply(&mut state);
    assert_eq!(
        context.container.unwrap().metadata.as_ref().unwrap().name,
        "web"
    );
    assert!(state.containers.get(id).unwrap().metadata.is_none());
    // Older captures.
    Event::new(codes::CONTAINER_JSON_2_E, -1)
        .text(JSON)
        .apply(&mut state);
    assert!(state.containers.get(id).unwrap().metadata.is_some());
    Event::new(codes::CONTAINER_E, -1)
        .text("3ad7b26ded6d")
        .u32(1)
        .text("old")
        .text("alpine")
        .apply(&mut state);
    assert_eq!(state.containers.get(id).unwrap().kind.name(), "lxc");
    // Others are ignored, and counted.
    container_event("container", "{").apply(&mut state);
    container_event("other", JSON).apply(&mut state);
    assert_eq!(state.counters.bad_containers, 1);
}

#[test]
fn lists_go_on_with_events() {
    use lanner_event::inventory::Process;
    let mut state = State::default();
    state.seed_process(Process {
        tid: 7,
        pid: 7,
        vtid: 7,
        vpid: 1,
        cgroups: format!("memory=/docker/{HEX}\0").into_bytes().into(),
        ..Process::default()
    });
    state.finish_seeding();
    container_event("container", JSON).apply(&mut state);
    nothing(10).apply(&mut state);
    assert_eq!(container_of(&state, 7), "3ad7b26ded6d");
    assert_eq!(state.thread(7).unwrap().category, Category::Container);
}

/// Every event type with no parameters, empty ones, and short ones.
#[test]
fn poor_events_do_no_harm() {
    for code in 0..454 {
        for fill in [None, Some(0), Some(1), Some(3)] {
            let mut state = machine();
            for tid in [10, 21, 77, 0, -1, i64::MIN] {
                let mut event = Event::new(code, tid);
                for _ in 0..if fill.is_some() { 31 } else { 0 } {
                    event = event.param(vec![0xff; fill.unwrap_or(0)]);
                }
                event.apply(&mut state);
                let mut event = Event::new(code, tid).i64(0);
                for _ in 0..31 {
                    event = event.i64(0);
                }
                event.apply(&mut state);
            }
        }
    }
}
