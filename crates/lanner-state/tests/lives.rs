//! What becomes of threads: execs, ends, other parents.

mod common;

use common::{Clone, Event, START, THREAD, exec, exit, living, machine, name_of, nothing};
use lanner_event::codes;
use lanner_state::State;

fn run(state: &mut State, events: &[Event]) {
    for event in events {
        event.apply(state);
    }
}

#[test]
fn exec_sets_the_image() {
    let mut state = machine();
    let before = state.thread(10).unwrap().clone();
    exec(10, "ls", "-l\0/tmp\0").at(7).apply(&mut state);
    let thread = state.thread(10).unwrap();
    let image = &thread.image;
    assert_eq!(
        (&*image.comm, &*image.exepath),
        (&b"ls"[..], &b"/usr/bin/ls"[..])
    );
    assert_eq!(image.args.len(), 2);
    assert_eq!(&*image.env[1], b"B=2");
    assert!(image.file.writable && !image.file.upper_layer);
    assert_eq!((image.file.ino, image.file.ctime), (4711, START - 50));
    assert_eq!((thread.uid, thread.gid, thread.loginuid), (33, 44, 1000));
    assert_eq!((thread.tty, thread.vpgid, thread.pgid), (34816, 10, 10));
    assert_eq!(thread.capabilities.effective, 3);
    assert_eq!(thread.lastexec_ts, START + 7);
    assert_ne!(thread.image_id, before.image_id);
    assert_ne!(state.lineage_id(thread), before.lineage_id);
}

#[test]
fn parts_that_old_captures_lack_stay() {
    let mut state = machine();
    let mut event = exec(10, "ls", "");
    for index in [
        13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    ] {
        event = event.set(index, "");
    }
    event.apply(&mut state);
    let thread = state.thread(10).unwrap();
    assert_eq!(
        (&*thread.image.comm, &*thread.image.exepath),
        (&b"ls"[..], &b"/bin/bash"[..])
    );
    assert_eq!(&*thread.image.env[0], b"HOME=/root");
    assert_eq!((thread.uid, thread.pgid), (0, -1));
}

#[test]
fn a_failed_exec_changes_nothing() {
    let mut state = machine();
    let before = state.thread(10).unwrap().clone();
    exec(10, "ls", "")
        .set(0, (-2_i64).to_le_bytes())
        .apply(&mut state);
    let thread = state.thread(10).unwrap();
    assert_eq!(
        (thread.image_id, thread.lineage_id),
        (before.image_id, before.lineage_id)
    );
    assert_eq!(thread.image, before.image);
}

#[test]
fn paths_of_old_captures_come_from_the_enter_event() {
    let cases = [
        ("./a/../b", "/home/b"),
        ("/bin/ls", "/bin/ls"),
        ("<NA>", "<NA>"),
    ];
    for (name, expected) in cases {
        let mut state = machine();
        let enter = Event::new(codes::SYSCALL_EXECVE_19_E, 10).text(name);
        run(&mut state, &[enter, exec(10, "b", "").set(27, "")]);
        let path = &state.thread(10).unwrap().image.exepath;
        assert_eq!(String::from_utf8_lossy(path), expected, "{name}");
    }
    // execveat relative to the working directory (-100), and one that a
    // descriptor is not known of.
    for (dirfd, name, flags, expected) in [
        (-100_i64, "x", 0_u32, "/home/x"),
        (-100, "/x", 0, "/x"),
        (7, "x", 0, "<NA>"),
        (7, "/y/./x", 0, "/y/x"),
    ] {
        let mut state = machine();
        let enter = Event::new(codes::SYSCALL_EXECVEAT_E, 10)
            .i64(dirfd)
            .text(name)
            .u32(flags);
        run(&mut state, &[enter, exec(10, "x", "").set(27, "")]);
        let path = &state.thread(10).unwrap().image.exepath;
        assert_eq!(String::from_utf8_lossy(path), expected, "{dirfd} {name}");
    }
    // An enter event of something else in between.
    let mut state = machine();
    let enter = Event::new(codes::SYSCALL_EXECVE_19_E, 10).text("/bin/ls");
    let other = Event::new(codes::SYSCALL_GETUID_E, 10);
    run(&mut state, &[enter, other, exec(10, "ls", "").set(27, "")]);
    assert_eq!(&*state.thread(10).unwrap().image.exepath, b"/bin/bash");
}

#[test]
fn exec_ends_the_other_threads() {
    let mut state = machine();
    assert_eq!(living(&state, 20), 3);
    exec(20, "new", "").apply(&mut state);
    assert_eq!(living(&state, 20), 1);
    assert!(state.thread(21).is_none() && state.thread(22).is_none());
    assert_eq!(state.thread(1).unwrap().living_children, 2);

    // A thread runs exec after the leader has exited: the leader lives again.
    let mut state = machine();
    run(&mut state, &[exit(20, 0), nothing(10)]);
    assert_eq!(living(&state, 20), 2);
    assert!(state.thread(20).unwrap().is_dead());
    exec(20, "new", "").apply(&mut state);
    assert!(!state.thread(20).unwrap().is_dead());
    assert_eq!(living(&state, 20), 1);
}

#[test]
fn exec_completes_a_thread_of_which_nothing_was_known() {
    let mut state = machine();
    exec(99, "ls", "")
        .set(5, 10_i64.to_le_bytes())
        .apply(&mut state);
    assert_eq!(name_of(&state, 99), Some(("ls".into(), 10)));
    let thread = state.thread(99).unwrap();
    assert_eq!((thread.vtid, thread.vpid), (99, 99));
    assert_eq!(living(&state, 99), 1);
}

#[test]
fn a_leader_stays_until_its_last_thread() {
    let mut state = machine();
    run(&mut state, &[exit(20, 0), nothing(10)]);
    assert!(state.thread(20).is_some());
    run(&mut state, &[exit(21, 0), nothing(10)]);
    assert!(state.thread(21).is_none() && state.thread(20).is_some());
    run(&mut state, &[exit(22, 0), nothing(10)]);
    assert!(state.thread(22).is_none() && state.thread(20).is_none());
    assert_eq!(state.thread(1).unwrap().living_children, 1);
}

#[test]
fn an_exited_thread_has_its_names_in_its_last_event() {
    let mut state = machine();
    let context = exit(10, 0).apply(&mut state);
    assert_eq!(context.thread, Some(10));
    assert!(state.thread(10).unwrap().is_dead());
    nothing(20).apply(&mut state);
    assert!(state.thread(10).is_none());
}

#[test]
fn orphans_find_a_parent() {
    let fork = |parent, child| Clone::by_child(child, parent).event();
    // 10 -> 100 -> 101: 101 loses its parent.
    let subreaper = Event::new(codes::SYSCALL_PRCTL_X, 10)
        .i64(0)
        .u32(36)
        .text("")
        .i64(1);
    let cases: [(&str, Vec<Event>, i64); 6] = [
        ("init", vec![exit(100, 0)], 1),
        ("the kernel says", vec![exit(100, 20)], 20),
        ("it says one that is not known", vec![exit(100, 500)], 1),
        ("the kernel does not know", vec![exit(100, -1)], 1),
        ("a subreaper", vec![subreaper.clone(), exit(100, 0)], 10),
        (
            "a thread of the same process",
            vec![
                Clone {
                    pid: 100,
                    ptid: 10,
                    vpid: 100,
                    flags: THREAD,
                    ..Clone::by_child(105, 10)
                }
                .event(),
                exit(100, 0),
            ],
            105,
        ),
    ];
    for (what, events, parent) in cases {
        let mut state = machine();
        run(&mut state, &[fork(10, 100), fork(100, 101)]);
        let before = state.lineage_id(state.thread(101).unwrap());
        run(&mut state, &events);
        nothing(20).apply(&mut state);
        let orphan = state.thread(101).unwrap();
        assert_eq!(orphan.ptid, parent, "{what}");
        assert_ne!(state.lineage_id(orphan), before, "{what}");
    }
    // The kernel's reaper was not known: it is made up, but does not adopt.
    let mut state = machine();
    run(
        &mut state,
        &[fork(10, 100), fork(100, 101), exit(100, 500), nothing(20)],
    );
    assert!(state.thread(500).unwrap().is_invalid());
}

#[test]
fn no_reaper_is_left() {
    let mut state = State::default();
    run(
        &mut state,
        &[exec(10, "sh", ""), Clone::by_child(100, 10).event()],
    );
    assert_eq!(state.thread(100).unwrap().ptid, 10);
    run(&mut state, &[exit(10, 0), nothing(100)]);
    assert_eq!(state.thread(100).unwrap().ptid, 0);
    assert!(state.parent(state.thread(100).unwrap()).is_none());
}

#[test]
fn lineage_follows_ancestors() {
    let fork = |parent, child| Clone::by_child(child, parent).event();
    let setsid = Event::new(codes::SYSCALL_SETSID_X, 10).i64(10);
    let setsid_again = Event::new(codes::SYSCALL_SETSID_X, 10).i64(11);
    let setuid = |tid, uid| Event::new(codes::SYSCALL_SETUID_X, tid).i64(0).u32(uid);
    let cases: [(&str, Event, bool, bool); 7] = [
        ("an ancestor runs exec", exec(10, "zsh", ""), true, false),
        ("a stranger runs exec", exec(20, "zsh", ""), false, false),
        ("it runs exec", exec(101, "ls", ""), true, true),
        ("the same session", setsid, false, false),
        (
            "an ancestor gets another session",
            setsid_again,
            true,
            false,
        ),
        ("an ancestor changes its user", setuid(10, 5), false, false),
        ("it changes its user", setuid(101, 5), true, false),
    ];
    for (what, event, lineage, image) in cases {
        let mut state = machine();
        run(&mut state, &[fork(10, 100), fork(100, 101)]);
        let thread = state.thread(101).unwrap();
        let before = (state.lineage_id(thread), thread.image_id);
        event.apply(&mut state);
        let thread = state.thread(101).unwrap();
        assert_eq!(state.lineage_id(thread) != before.0, lineage, "{what}");
        assert_eq!(thread.image_id != before.1, image, "{what}");
    }
    // A large family: everyone's changes.
    let mut state = machine();
    for child in 1000..2000 {
        fork(10, child).apply(&mut state);
    }
    let before = state.lineage_id(state.thread(1999).unwrap());
    exec(10, "zsh", "").apply(&mut state);
    assert_ne!(state.lineage_id(state.thread(1999).unwrap()), before);
}

#[test]
fn loops_end() {
    // 100 and 101 are each other's parents.
    let mut state = machine();
    run(
        &mut state,
        &[
            Clone::by_child(100, 10).event(),
            Clone::by_child(101, 100).event(),
            exit(10, 101),
            nothing(20),
        ],
    );
    assert_eq!(state.thread(100).unwrap().ptid, 101);
    let thread = state.thread(100).unwrap();
    assert!(state.ancestor(thread, 1000).is_some());
    run(
        &mut state,
        &[
            exec(100, "a", ""),
            exit(100, 0),
            nothing(20),
            exit(101, 0),
            nothing(20),
        ],
    );
    assert!(state.thread(100).is_none() && state.thread(101).is_none());
}

#[test]
fn inactive_threads_are_purged_on_request() {
    let mut state = machine();
    run(&mut state, &[nothing(10), nothing(500)]);
    state.purge(START + 100, 50, |thread| thread.tid != 10);
    assert!(state.thread(10).is_none() && state.thread(500).is_none());
    assert!(state.thread(20).is_some());
    assert_eq!(state.counters.purged_threads, 2);
}

#[test]
fn threads_of_which_nothing_is_known_get_a_parent() {
    let mut state = machine();
    nothing(777).apply(&mut state);
    let before = state.lineage_id(state.thread(777).unwrap());
    assert!(state.thread(state.thread(777).unwrap().ptid).is_none());
    // Some events have no thread; for the table it is one like any other.
    nothing(-1).apply(&mut state);
    let thread = state.thread(777).unwrap();
    assert!(state.thread(thread.ptid).is_some());
    assert_ne!(state.lineage_id(thread), before);
}
