//! How threads come: by the parent's event, the child's, both in any order, or
//! one alone.

mod common;

use common::{
    BOOT, Clone, Event, IN_PIDNS, NEWPID, START, THREAD, VFORK, exec, exit, living, machine,
    name_of, nothing,
};
use lanner_event::codes;
use lanner_state::State;

const SECOND: u64 = 1_000_000_000;

fn run(state: &mut State, events: &[Event]) {
    for event in events {
        event.apply(state);
    }
}

#[test]
fn a_child_is_the_same_whichever_event_comes_first() {
    let parent = Clone::by_parent(10, 100).event();
    let child = Clone::by_child(100, 10).event();
    let orders: [&[&Event]; 4] = [
        &[&parent, &child],
        &[&child, &parent],
        &[&parent],
        &[&child],
    ];
    for (index, order) in orders.iter().enumerate() {
        let mut state = machine();
        for event in *order {
            event.apply(&mut state);
        }
        let thread = state.thread(100).unwrap();
        assert_eq!(
            (thread.pid, thread.ptid, thread.vtid),
            (100, 10, 100),
            "{index}"
        );
        assert_eq!((thread.vpid, thread.uid, thread.gid), (100, 1000, 100));
        assert_eq!(
            (thread.fdlimit, thread.vmswap_kb, thread.clone_ts),
            (1024, 5, START)
        );
        assert_eq!(thread.pidns_init_start_ts, BOOT);
        assert_eq!(&**state.cwd(thread), b"/home/");
        let shell = state.thread(10).unwrap();
        assert_eq!(
            thread.image_id, shell.image_id,
            "{index}: the image is shared"
        );
        assert_eq!(shell.living_children, 1, "{index}");
        assert_eq!(state.parent(thread).unwrap().tid, 10);
        assert_eq!(living(&state, 100), 1);
    }
}

#[test]
fn threads_join_their_process() {
    let parent = Clone {
        flags: THREAD,
        ..Clone::by_parent(20, 23)
    };
    let child = Clone {
        pid: 20,
        ptid: 1,
        flags: THREAD,
        comm: "other",
        ..Clone::by_child(23, 1)
    };
    for (index, event) in [parent.event(), child.event()].iter().enumerate() {
        let mut state = machine();
        assert_eq!(living(&state, 20), 3);
        event.apply(&mut state);
        let thread = state.thread(23).unwrap();
        assert_eq!((thread.pid, thread.ptid), (20, 1), "{index}");
        assert_eq!(state.leader(thread).unwrap().tid, 20);
        assert_eq!(living(&state, 23), 4);
        assert_eq!(state.secondary_threads(thread), 3);
        assert_eq!(&**state.cwd(thread), b"/home/");
        assert_eq!(&*state.env(thread)[0], b"HOME=/root");
    }
}

#[test]
fn only_the_child_tells_of_vforks_and_namespaces() {
    let cases = [
        ("vfork", VFORK, 10, false),
        ("first of a namespace", NEWPID, 10, false),
        ("in a namespace", IN_PIDNS, 10, false),
        ("shares its parent's parent", 1 << 8, 10, false),
        ("plain", 0, 10, true),
    ];
    for (what, flags, tid, expected) in cases {
        let mut state = machine();
        let clone = Clone {
            flags,
            ..Clone::by_parent(tid, 100)
        };
        clone.event().apply(&mut state);
        assert_eq!(state.thread(100).is_some(), expected, "{what}");
    }
    let mut state = machine();
    Event::new(codes::SYSCALL_VFORK_20_X, 10)
        .i64(100)
        .apply(&mut state);
    assert!(state.thread(100).is_none());
}

#[test]
fn init_of_a_namespace() {
    let mut state = machine();
    let init = Clone {
        flags: NEWPID,
        vtid: 1,
        vpid: 1,
        ..Clone::by_child(100, 10)
    };
    init.event().apply(&mut state);
    let inner = Clone {
        flags: IN_PIDNS,
        vtid: 2,
        vpid: 2,
        ..Clone::by_child(101, 100)
    };
    inner.event().apply(&mut state);
    // The result of a clone within a namespace is an id of the namespace.
    let by_parent = Clone {
        flags: IN_PIDNS,
        vtid: 1,
        vpid: 1,
        ..Clone::by_parent(100, 3)
    };
    by_parent.event().apply(&mut state);
    assert!(state.thread(3).is_none());
    let init = state.thread(100).unwrap();
    assert_eq!((init.vpid, init.pidns_init_start_ts), (1, BOOT + 77));
    assert!(state.group(init).unwrap().is_reaper);
    assert!(init.is_in_pid_namespace());
    // Orphans go to the namespace's init, not further.
    let inner = Clone {
        flags: IN_PIDNS,
        vtid: 4,
        vpid: 4,
        ..Clone::by_child(102, 101)
    };
    run(&mut state, &[inner.event(), exit(101, 0), nothing(10)]);
    assert_eq!(state.thread(102).unwrap().ptid, 100);
}

#[test]
fn unknown_relatives_are_made_up_and_completed() {
    // The parent is not known: its event tells of it.
    let mut state = machine();
    let clone = Clone {
        ptid: 10,
        ..Clone::by_parent(50, 51)
    };
    clone.event().apply(&mut state);
    assert_eq!(name_of(&state, 50), Some(("bash".into(), 10)));
    assert_eq!(name_of(&state, 51), Some(("bash".into(), 50)));
    let child = state.thread(51).unwrap();
    assert!(
        child.image.exepath.is_empty(),
        "nothing is known of the executable"
    );
    assert_eq!(state.counters.unknown_threads, 1);

    // The parent of a child's event is not known: it stays so.
    let mut state = machine();
    Clone::by_child(61, 60).event().apply(&mut state);
    assert_eq!(name_of(&state, 60), Some(("<NA>".into(), -1)));
    assert_eq!(name_of(&state, 61), Some(("bash".into(), 0)));

    // The leader of a thread is not known: its thread's event tells of it.
    let mut state = machine();
    let thread = Clone {
        pid: 70,
        ptid: 10,
        vtid: 71,
        vpid: 70,
        flags: THREAD,
        ..Clone::by_child(71, 10)
    };
    thread.event().apply(&mut state);
    assert_eq!(name_of(&state, 70), Some(("bash".into(), 10)));
    let leader = state.thread(70).unwrap();
    assert_eq!((leader.pid, leader.vtid, leader.vpid), (70, 70, 70));
    assert_eq!(living(&state, 71), 2);

    // Any other event brings in its thread.
    nothing(80).apply(&mut state);
    let unknown = state.thread(80).unwrap();
    assert!(unknown.is_invalid() && !unknown.is_main());
    assert_eq!((unknown.pid, unknown.vpid, unknown.uid), (-1, -1, u32::MAX));
    assert_eq!(&**state.cwd(unknown), b"./");
    // An end does not.
    exit(81, 0).apply(&mut state);
    assert!(state.thread(81).is_none());
}

#[test]
fn ids_are_used_again() {
    // The end of the thread before was lost; the parent's event replaces it.
    let mut state = machine();
    let first = Clone::by_parent(10, 100).event();
    run(&mut state, &[first.clone(), exec(100, "ls", "")]);
    first.clone().at(5 * SECOND).apply(&mut state);
    assert_eq!(name_of(&state, 100), Some(("bash".into(), 10)));
    assert_eq!(state.thread(100).unwrap().clone_ts, START + 5 * SECOND);
    assert_eq!(state.thread(10).unwrap().living_children, 1);

    // The child's own event replaces an old thread, and keeps a young one.
    for (age, replaced) in [(SECOND, false), (3 * SECOND, true)] {
        let mut state = machine();
        run(&mut state, &[first.clone(), exec(100, "ls", "")]);
        Clone::by_child(100, 10).event().at(age).apply(&mut state);
        let (name, _) = name_of(&state, 100).unwrap();
        assert_eq!(name, if replaced { "bash" } else { "ls" });
    }
}

#[test]
fn a_child_that_has_exited_does_not_come_back() {
    for (age, comes_back) in [(SECOND, false), (3 * SECOND, true)] {
        let mut state = machine();
        let child = Clone::by_child(100, 10).event();
        run(&mut state, &[child, exit(100, 0), nothing(20)]);
        assert!(state.thread(100).is_none());
        Clone::by_parent(10, 100).event().at(age).apply(&mut state);
        assert_eq!(state.thread(100).is_some(), comes_back, "{age}");
    }
}

#[test]
fn failed_clones_change_nothing() {
    let mut state = machine();
    Clone::by_parent(10, -11).event().apply(&mut state);
    assert_eq!(state.threads.len(), 5);
}

#[test]
fn a_full_table_takes_no_more() {
    let mut state = machine();
    state.max_threads = 6;
    Clone::by_parent(10, 100).event().apply(&mut state);
    let context = nothing(101).apply(&mut state);
    assert_eq!(context.thread, None);
    Clone::by_parent(10, 102).event().apply(&mut state);
    assert!(state.thread(102).is_none());
    assert_eq!(state.counters.dropped_threads, 2);
    assert_eq!(state.thread(10).unwrap().living_children, 1);
}

#[test]
fn a_child_of_a_secondary_thread() {
    let mut state = machine();
    Clone {
        pid: 20,
        exe: "server",
        comm: "worker",
        ..Clone::by_parent(21, 100)
    }
    .event()
    .apply(&mut state);
    let child = state.thread(100).unwrap();
    assert_eq!(child.ptid, 21);
    assert_eq!(
        state.parent(child).unwrap().tid,
        20,
        "the process, not the thread"
    );
    assert_eq!(&**state.cwd(child), b"/home/");
    assert!(state.env(child).is_empty(), "as in libs");
}
