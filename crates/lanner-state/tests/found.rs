//! What the running system is asked: threads that are not known, containers that are new.

mod common;

use std::sync::{Arc, Mutex};

use common::{Event, machine};
use lanner_event::codes;
use lanner_event::inventory::{Descriptor, Process, Target};
use lanner_state::container::NewContainer;
use lanner_state::{Finder, State};

const ID: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";

fn process(tid: i64, pid: i64) -> Process {
    Process {
        tid,
        pid,
        ptid: 1,
        comm: (*b"found").into(),
        cgroups: format!("pids=/docker/{ID}\0").into_bytes().into(),
        ..Process::default()
    }
}

fn event(state: &mut State, tid: i64) {
    let event = Event::new(codes::SYSCALL_CLOSE_X, tid).i64(0).i64(9);
    event.apply(state);
}

#[test]
fn unknown_threads_are_looked_for_once_with_their_leader() {
    let mut state = machine();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    state.finder = Some(Finder(Box::new(move |tid| {
        log.lock().unwrap().push(tid);
        let target = Target::Other {
            kind: 0,
            name: (*b"/x").into(),
        };
        let fd = Descriptor {
            fd: 3,
            ino: 0,
            target,
        };
        matches!(tid, 700 | 701).then(|| (process(tid, 700), vec![fd]))
    })));
    for tid in [701, 701, 700, 800, 800] {
        event(&mut state, tid);
    }
    assert_eq!(*asked.lock().unwrap(), [701, 700, 800]);
    let thread = state.thread(701).unwrap();
    assert_eq!(&*thread.image.comm, b"found");
    assert_eq!(state.leader(thread).map(|leader| leader.tid), Some(700));
    assert_eq!(state.counters.found_threads, 2);
    assert_eq!(state.counters.unknown_threads, 1);
    let container = state.containers.get(thread.container).unwrap();
    assert_eq!(&*container.id, &ID[..12]);
    let new = NewContainer {
        id: ID[..12].into(),
        full_id: ID.into(),
    };
    assert_eq!(state.containers.take_new(), [new]);
    assert_eq!(state.containers.take_new(), []);
}
