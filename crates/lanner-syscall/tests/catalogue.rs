//! Every field that the catalogue has for system calls is there, takes the
//! argument that it says, and has values of its type.

mod common;

use std::collections::BTreeMap;

use bumpalo::Bump;
use common::{Extractor, names, play};
use lanner_event::catalog::{self, Field};
use lanner_event::{EventSource, Value, Values};
use lanner_syscall::SyscallSource;
use lanner_testing::scap_folder;

/// An argument of the kind that a field takes.
fn argument(field: &Field) -> Option<&'static str> {
    match field.argument {
        "key!" | "key?" => Some("name"),
        "dotted!" if field.name == "evt.type.is" => Some("open"),
        "dotted!" => Some("cpu"),
        "parameter!" => Some("res"),
        "number?" | "number!" | "both!" => Some("1"),
        _ => None,
    }
}

/// Whether a value can be of a type.
fn is_of_type(value: &Value<'_>, ty: &str) -> bool {
    // The parameter has the type.
    if ty == "dynamic" {
        return true;
    }
    match value {
        Value::Str(_) => matches!(ty, "charbuf" | "fspath" | "fsrelpath" | "fsname"),
        Value::Bytes(_) => ty == "bytebuf",
        Value::U64(_) => ty.starts_with("uint") || ty.ends_with("time") || ty == "port",
        Value::I64(_) => ty.starts_with("int") || matches!(ty, "pid" | "fd" | "errno"),
        Value::F64(_) => ty == "double",
        Value::Bool(_) => ty == "bool",
        Value::Ip(_) => ty.starts_with("ip"),
    }
}

/// Fields that rules can use.
fn syscall_fields() -> impl Iterator<Item = Field> {
    let fields = catalog::fields().into_iter();
    fields.filter(|field| {
        matches!(field.source, "syscall" | "any") && !field.flags.contains(&"table_only")
    })
}

fn extractors() -> Vec<(Field, Extractor)> {
    let mut extractors = Vec::new();
    let mut refused = Vec::new();
    for field in syscall_fields() {
        let is_required = field.argument.ends_with('!');
        let without = (!is_required).then_some(None);
        let with = argument(&field).map(Some);
        for argument in without.into_iter().chain(with) {
            match SyscallSource::compile(field.name, argument) {
                Ok(extractor) => extractors.push((field.clone(), extractor)),
                Err(error) => refused.push(error.message),
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    extractors
}

#[test]
fn fields_that_need_an_argument_say_so() {
    for field in syscall_fields().filter(|field| field.argument.ends_with('!')) {
        assert!(
            SyscallSource::compile(field.name, None).is_err(),
            "{}",
            field.name
        );
    }
}

#[test]
fn values_have_the_type_of_their_field() {
    let extractors = extractors();
    let Some(folder) = scap_folder() else {
        return;
    };
    let mut wrong = BTreeMap::new();
    let mut arena = Bump::new();
    let small = names(&folder, ".scap").into_iter();
    // The large ones hold the same kinds of events, over and over; one is broken.
    let small = small.filter(|name| !name.starts_with("mix") && name != "curl_google_comments");
    for name in small {
        play(&folder.join(format!("{name}.scap")), |event| {
            arena.reset();
            for (field, extractor) in &extractors {
                let mut values = Values::new_in(&arena);
                SyscallSource::extract(extractor, event, &arena, &mut values);
                for value in &values {
                    if !is_of_type(value, field.ty) {
                        wrong.insert(field.name, format!("{}: {value:?}", field.ty));
                    }
                }
                if field.flags.contains(&"always") && values.is_empty() {
                    wrong.insert(field.name, "is always there".to_owned());
                }
            }
        });
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
