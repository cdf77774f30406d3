mod descriptors;
mod paths;

use lanner_event::codes::*;
use lanner_event::schema;

use super::Extractor;
use crate::testing::{World, int, long};

/// Fields of one event: name with argument, and the values.
type Fields = &'static [(&'static str, &'static str)];

fn check(world: &World, code: u16, params: &[&[u8]], fields: Fields) {
    for (field, expected) in fields {
        assert_eq!(
            world.field(code, params, field),
            *expected,
            "{field} of {code}"
        );
    }
}

#[test]
fn all_fields_of_the_catalogue_are_known() {
    let classes = ["evt.", "fd.", "fdlist.", "fs.", "syscall."];
    for field in lanner_event::catalog::fields() {
        let is_ours = classes.iter().any(|class| field.name.starts_with(class));
        if !is_ours {
            continue;
        }
        let argument = match field.argument {
            "parameter!" => Some("res"),
            "number!" => Some("1"),
            "dotted!" => Some("openat"),
            _ => None,
        };
        let compiled = Extractor::compile(field.name, argument);
        assert!(compiled.is_ok(), "{}: {compiled:?}", field.name);
    }
    assert!(Extractor::compile("evt.arg", Some("nothing")).is_err());
    assert!(Extractor::compile("evt.arg", None).is_err());
    assert!(Extractor::compile("evt.type.is", Some("nothing")).is_err());
    assert!(Extractor::compile("evt.around", Some("noon")).is_err());
    assert!(Extractor::compile("evt.abspath", Some("other")).is_err());
    assert!(Extractor::compile("fd.types", Some("x")).is_err());
    assert!(Extractor::compile("fd.nothing", None).is_err());
}

#[test]
fn events_that_are_no_calls() {
    let world = World::new();
    check(
        &world,
        GENERIC_X,
        &[&[3, 0], &[0, 0]],
        &[
            ("evt.type", "read"),
            ("syscall.type", "read"),
            ("evt.args", ""),
            ("evt.arg ID", "read"),
            ("evt.rawres", "-"),
            ("evt.failed", "-"),
        ],
    );
    check(
        &world,
        GENERIC_X,
        &[&[0, 0], &[59, 0]],
        &[("evt.type", "execve")],
    );
    check(
        &world,
        GENERIC_X,
        &[&[0, 0], &[]],
        &[("evt.type", "unknown")],
    );
    check(
        &world,
        ASYNCEVENT_E,
        &[&int(0), b"container\0", b"{}"],
        &[
            ("evt.type", "container"),
            ("evt.asynctype", "container"),
            ("evt.is_async", "true"),
            ("evt.dir", ">"),
            ("syscall.type", "-"),
            ("evt.rawres", "-"),
            ("evt.count.exit", "-"),
        ],
    );
    check(
        &world,
        PROCINFO_E,
        &[],
        &[
            ("evt.count.procinfo", "1"),
            ("evt.count.threadinfo", "1"),
            ("evt.category", "internal"),
        ],
    );
    check(
        &world,
        SYSCALL_SEMOP_X,
        &[&long(0)],
        &[("evt.category", "process")],
    );
}

#[test]
fn no_event_breaks_a_field() {
    let classes = ["evt.", "fd.", "fdlist.", "fs.", "syscall."];
    let fields: Vec<_> = lanner_event::catalog::fields()
        .into_iter()
        .filter(|field| classes.iter().any(|class| field.name.starts_with(class)))
        .filter(|field| field.argument == "-")
        .map(|field| field.name)
        .collect();
    for world in [World::new(), World::about(3), World::about(5)] {
        for kind in schema::event_types() {
            for filler in [&[][..], &[0xff], &[0xff; 40], &[0; 40]] {
                let params = vec![filler; kind.params.len()];
                for field in &fields {
                    world.field(kind.code, &params, field);
                }
            }
        }
    }
}
