//! The two tables that everything above reads: the fields that conditions and outputs can use, and
//! the event types. Each is declared once, as a text table beside this file.

use serde::Serialize;

/// `fields.tsv`: one field a line.
const FIELDS: &str = include_str!("tables/fields.tsv");
/// `events.tsv`: one event code a line.
const EVENTS: &str = include_str!("tables/events.tsv");
/// `flags.tsv`: one table of names a line.
const FLAGS: &str = include_str!("tables/flags.tsv");
/// `syscalls.txt`: names of system calls.
const SYSCALLS: &str = include_str!("tables/syscalls.txt");
/// `natives.tsv`: numbers of system calls on x86-64.
const NATIVES: &str = include_str!("tables/natives.tsv");

/// A field of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name: `proc.aname`.
    pub name: &'static str,
    /// Falco's parameter type, in lower case: `charbuf`, `uint64`, …
    #[serde(rename = "type")]
    pub ty: &'static str,
    /// The event source that has it: `syscall`, `k8s_audit` or `any`.
    pub source: &'static str,
    /// Which argument it takes; `-` for none.
    pub argument: &'static str,
    /// What its value depends on: `event`, `fd`, `process`, `container` or `capture`.
    pub lifetime: &'static str,
    /// Properties: `list`, `few` (distinct values), `always` (present), `deprecated`,
    /// `table_only`, `print_only`, `filter_only`, `no_rhs`, `no_transformer`.
    pub flags: Vec<&'static str>,
    /// What it is, for people.
    pub doc: &'static str,
    /// A condition that uses it; empty for fields that no rule should use.
    pub example: &'static str,
}

/// One event code: a version of an event type in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The code in captures.
    pub code: u16,
    /// The event type: `openat`.
    pub name: &'static str,
    /// `>` for enter, `<` for exit.
    pub direction: &'static str,
    /// Category and kind, separated by `|`.
    pub category: &'static str,
    /// Flags, separated by `|`.
    pub flags: &'static str,
    /// Parameters with their types.
    pub parameters: Vec<(&'static str, &'static str)>,
    /// How each parameter is shown: a number format, and behind a `:` a table of
    /// `flags.tsv`, a kind of dynamic parameter, or the index of the parameter
    /// that holds the directory of a path.
    #[serde(skip)]
    pub formats: Vec<&'static str>,
}

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

fn dashed(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(',').filter(|item| *item != "-")
}

/// All fields, in the order of the table.
#[must_use]
pub fn fields() -> Vec<Field> {
    rows(FIELDS)
        .filter_map(|row| {
            let [name, ty, source, argument, lifetime, flags, doc, example] = row[..] else {
                return None;
            };
            let flags = dashed(flags).collect();
            Some(Field {
                name,
                ty,
                source,
                argument,
                lifetime,
                flags,
                doc,
                example: if example == "-" { "" } else { example },
            })
        })
        .collect()
}

/// All event codes, in order.
#[must_use]
pub fn events() -> Vec<Event> {
    rows(EVENTS)
        .filter_map(|row| {
            let [code, name, direction, category, flags, parameters] = row[..] else {
                return None;
            };
            let parameters = dashed(parameters).filter_map(|item| {
                let (name, rest) = item.split_once(':')?;
                let (ty, format) = rest.split_once(':')?;
                Some(((name, ty), format))
            });
            let (parameters, formats) = parameters.unzip();
            let code = code.parse().ok()?;
            Some(Event {
                code,
                name,
                direction,
                category,
                flags,
                parameters,
                formats,
            })
        })
        .collect()
}

/// Names of system calls that events can carry, by Falco's number for them.
#[must_use]
pub fn syscalls() -> Vec<&'static str> {
    SYSCALLS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Names of system calls by their number on x86-64, in the order of the numbers.
#[must_use]
pub fn native_syscalls() -> Vec<(u16, &'static str)> {
    rows(NATIVES)
        .filter_map(|row| {
            let [number, name] = row[..] else {
                return None;
            };
            Some((number.parse().ok()?, name))
        })
        .collect()
}

/// Tables of names for flags and enumerated values (`flags.tsv`), each in the
/// order in which values are looked for.
#[must_use]
pub fn flag_tables() -> Vec<(&'static str, Vec<(&'static str, u32)>)> {
    rows(FLAGS)
        .filter_map(|row| {
            let [name, values] = row[..] else {
                return None;
            };
            let values = values.split(' ').filter_map(|item| {
                let (name, value) = item.split_once('=')?;
                Some((name, value.parse().ok()?))
            });
            Some((name, values.collect()))
        })
        .collect()
}

#[derive(Serialize)]
struct Catalog {
    fields: Vec<Field>,
    events: Vec<Event>,
    syscalls: Vec<&'static str>,
}

/// Fields, events and system calls as JSON, for Python.
#[must_use]
pub fn catalog_json() -> Vec<u8> {
    let catalog = Catalog {
        fields: fields(),
        events: events(),
        syscalls: syscalls(),
    };
    // plain strings and numbers always serialise
    serde_json::to_vec(&catalog).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn lines(table: &str) -> usize {
        table
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .count()
    }

    #[test]
    fn every_row_of_the_tables_is_read() {
        assert_eq!(fields().len(), lines(FIELDS));
        assert_eq!(events().len(), lines(EVENTS));
        assert_eq!(native_syscalls().len(), lines(NATIVES));
        assert!(native_syscalls().is_sorted());
        assert_eq!(flag_tables().len(), lines(FLAGS));
        assert!(!catalog_json().is_empty());
    }

    #[test]
    fn names_are_unique_and_documented() {
        let fields = fields();
        let names: HashSet<_> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), fields.len());
        assert!(fields.iter().all(|field| field.doc.ends_with('.')));
    }

    #[test]
    fn event_codes_are_dense() {
        for (index, event) in events().iter().enumerate() {
            assert_eq!(usize::from(event.code), index);
        }
    }
}
