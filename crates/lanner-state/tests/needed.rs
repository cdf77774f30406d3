//! Which events change what later events show.

mod common;
#[path = "common/fds.rs"]
mod fds;

use common::{Clone, Event, exec, exit, machine};
use fds::{TID, close, event, open, read};
use lanner_event::codes;

/// A read from a thread of which nothing is known.
fn stranger() -> Event {
    Event::new(codes::SYSCALL_READ_X, 4711)
        .i64(1)
        .text("x")
        .i64(3)
        .u32(1)
}

fn asks_to_open() -> Event {
    event(codes::SYSCALL_OPEN_E)
        .text("/etc/shadow")
        .u32(1)
        .u32(0)
}

fn switch() -> Event {
    event(codes::SCHEDSWITCH_6_E)
        .i64(1)
        .u64(1)
        .u64(1)
        .u32(1)
        .u32(1)
        .u32(1)
}

#[test]
fn events_that_others_need() {
    let fails = |event: Event| event.set(0, (-2_i64).to_le_bytes());
    let page_fault = || event(codes::PAGE_FAULT_E).u64(1).u64(2).u32(3);
    let cases: [(&str, Event, bool); 22] = [
        ("the first of all", read(3), true),
        ("of a known thread", read(3), false),
        ("tells of a thread", stranger(), true),
        ("of that thread", stranger(), false),
        ("opens", open(3, "/a", 1), true),
        ("uses what is open", read(3), false),
        ("opens nothing", open(-2, "/a", 1), false),
        ("tells what is asked for", asks_to_open(), true),
        ("comes between", page_fault(), false),
        ("ends that", open(-2, "/etc/shadow", 1), true),
        ("nothing to end", open(-2, "/etc/shadow", 1), false),
        ("closes", close(3), true),
        ("closes nothing", fails(close(3)), false),
        ("has no meaning", page_fault(), false),
        ("tells of memory", switch(), true),
        ("runs a program", exec(TID, "a", ""), true),
        ("runs nothing", fails(exec(TID, "a", "")), false),
        ("makes a process", Clone::by_parent(TID, 77).event(), true),
        ("ends a thread", exit(TID, 1), true),
        ("then it is gone", stranger(), true),
        ("and that is all", stranger(), false),
        ("a new one of that id", read(3), true),
    ];
    let mut state = machine();
    for (what, event, expected) in cases {
        assert_eq!(event.apply(&mut state).changes_state, expected, "{what}");
    }
}
