//! What the probe makes of each system call: `tables/calls.tsv`, as the kernel side takes it
//! (`probe/lib/call.h`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use lanner_event::schema::{self, EventType, Flags};
use lanner_event::{catalog, codes};

use crate::places::places;

const CALLS: &str = include_str!("tables/calls.tsv");
/// A parameter as the kernel side takes it (`struct parameter`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameter {
    source: u8,
    argument: u8,
    length: u8,
    offset: u8,
    flags: u8,
    unused: u8,
}

/// At most so many parameters come from the table.
const MOST_PARAMETERS: usize = 10;

/// A call as the kernel side takes it (`struct call`); all zeros: nothing is told of it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    code: u16,
    parameters: u8,
    program: u8,
    list: [Parameter; MOST_PARAMETERS],
}

/// Where a parameter comes from (`enum source`).
mod source {
    pub const NOTHING: u8 = 0;
    pub const S32: u8 = 1;
    pub const U64: u8 = 2;
    pub const U32: u8 = 3;
    pub const U16: u8 = 4;
    pub const U8: u8 = 5;
    pub const CONSTANT: u8 = 6;
    pub const OPEN_FLAGS: u8 = 7;
    pub const STRING: u8 = 8;
    pub const BYTES: u8 = 9;
    pub const BUFFERS: u8 = 10;
    pub const BUFFERS_SIZE: u8 = 11;
    pub const ADDRESS: u8 = 12;
    pub const TUPLE: u8 = 13;
    pub const PLACE: u8 = 14;
    pub const INODE: u8 = 15;
    pub const SOCKET: u8 = 16;
    pub const DONE: u8 = 17;
}

/// `enum parameter_flag`.
mod flag {
    pub const BEHIND: u8 = 1;
    pub const IN: u8 = 2;
    pub const NAMED: u8 = 4;
    pub const MESSAGE: u8 = 8;
}

/// The number of the result among the arguments.
const RESULT: u8 = 6;

/// Programs that calls can have of their own, and the numbers under which they are found.
pub(crate) const PROGRAMS: [(&str, &str); 5] = [
    ("exec", "on_exec"),
    ("clone", "on_clone"),
    ("prctl", "on_prctl"),
    ("capset", "on_capset"),
    ("open_by_handle", "on_open_by_handle"),
];

/// Shapes for which the kernel side has straight code (`probe/lib/quick.h`), by the number of the
/// first: those of the most frequent calls.
const QUICK: u8 = 32;
const QUICK_SHAPES: [&str; 3] = ["r 0", "r 0 o1 2 dev ino", "r 0 1 o2 3 dev ino"];

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The system call.
    pub name: &'static str,
    /// The type of its exit event.
    pub event: &'static EventType,
    sources: &'static str,
}

/// All calls that have an event type of their own.
pub static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let lines = CALLS.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.filter_map(|line| {
        let mut columns = line.split('\t');
        let (name, event) = (columns.next()?, columns.next()?);
        Some(Row {
            name,
            event: newest(event)?,
            sources: columns.next()?,
        })
    });
    rows.collect()
});

/// The newest exit event type of a name.
fn newest(name: &str) -> Option<&'static EventType> {
    let is_it = |kind: &&EventType| {
        kind.name == name && !kind.is_enter && !kind.flags.has(Flags::OLD_VERSION)
    };
    schema::event_types().filter(is_it).last()
}

/// How a parameter of a type is taken from a register.
fn of_type(ty: &str) -> u8 {
    match ty {
        "fd" | "pid" => source::S32,
        "errno" | "int64" | "uint64" | "abstime" | "reltime" => source::U64,
        "int8" | "uint8" | "flags8" | "enumflags8" | "sigtype" => source::U8,
        "int16" | "uint16" | "flags16" | "enumflags16" => source::U16,
        "int32" | "uint32" | "flags32" | "enumflags32" | "mode" | "uid" | "gid" | "sigset" => {
            source::U32
        }
        "charbuf" | "fspath" | "fsrelpath" => source::STRING,
        "bytebuf" => source::BYTES,
        _ => source::NOTHING,
    }
}

/// An argument's number; `r` is the result.
fn argument(text: &str) -> Option<u8> {
    if text == "r" {
        return Some(RESULT);
    }
    text.parse().ok().filter(|&number| number < RESULT)
}

/// A parameter of the table: what it says, and the parameter's type.
fn parameter(text: &str, ty: &str) -> Option<Parameter> {
    let mut made = Parameter::default();
    let word = match text {
        "-" => return Some(made),
        "dev" | "ino" => {
            made.source = if text == "dev" {
                source::PLACE
            } else {
                source::DONE
            };
            return Some(made);
        }
        // Results are wider than most parameters that hold them.
        "r" => {
            made.source = if ty == "fd" { source::U64 } else { of_type(ty) };
            made.argument = RESULT;
            return Some(made);
        }
        "inr" => "r",
        _ => text.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
    };
    let kind = &text[..text.len() - word.len()];
    let (word, offset) = match word.split_once('+') {
        Some((word, offset)) => {
            made.flags |= flag::BEHIND;
            (word, offset.parse().ok()?)
        }
        None => (word, 0),
    };
    made.offset = offset;
    let (word, length) = match word.split_once(':') {
        Some((word, length)) => (word, Some(argument(length.trim_start_matches('n'))?)),
        None => (word, None),
    };
    made.argument = argument(word)?;
    made.length = length.unwrap_or(0);
    made.source = match kind {
        "" | "u" => of_type(ty),
        "o" => source::OPEN_FLAGS,
        "b" => source::BYTES,
        "v" | "m" => source::BUFFERS,
        "l" | "n" => source::BUFFERS_SIZE,
        "a" => source::ADDRESS,
        "in" | "out" => source::TUPLE,
        "i" => source::INODE,
        "k" => source::SOCKET,
        _ => return None,
    };
    if matches!(kind, "m" | "n") || text.contains(":n") {
        made.flags |= flag::MESSAGE;
    }
    if kind == "in" {
        made.flags |= flag::IN;
    }
    if made.source == source::TUPLE && length.is_some() {
        made.flags |= flag::NAMED;
    }
    Some(made)
}

impl Row {
    /// The row as the kernel side takes it; `None` when the table is wrong.
    fn call(&self) -> Option<Call> {
        let mut call = Call {
            code: self.event.code,
            parameters: u8::try_from(self.event.params.len()).ok()?,
            ..Call::default()
        };
        if let Some(at) = PROGRAMS.iter().position(|(name, _)| *name == self.sources) {
            // 0 is none.
            call.program = at as u8 + 1;
            return Some(call);
        }
        let sources: Vec<&str> = self.sources.split_whitespace().collect();
        if sources.len() > MOST_PARAMETERS || sources.len() > self.event.params.len() {
            return None;
        }
        call.parameters = sources.len() as u8;
        let shape = QUICK_SHAPES.iter().position(|shape| *shape == self.sources);
        let types: Vec<&str> = self.event.params.iter().map(|param| param.ty).collect();
        // The first one is of numbers of 64 bits, of which the argument is a descriptor or the like.
        if let Some(shape) =
            shape.filter(|shape| *shape > 0 || matches!(types[..], [_, "fd" | "pid"]))
        {
            call.program = QUICK + shape as u8;
        }
        for ((slot, text), param) in call.list.iter_mut().zip(&sources).zip(&self.event.params) {
            *slot = parameter(text, param.ty)?;
        }
        Some(call)
    }
}

/// A call without an event type of its own: by Falco's number and the machine's.
fn generic(name: &str, native: u32) -> Call {
    let known = catalog::syscalls().iter().position(|one| *one == name);
    let constant = |number: usize| Parameter {
        source: source::CONSTANT,
        argument: number as u8,
        length: (number >> 8) as u8,
        ..Parameter::default()
    };
    let mut call = Call {
        code: codes::GENERIC_X,
        parameters: 2,
        ..Call::default()
    };
    call.list[0] = constant(known.unwrap_or(0));
    call.list[1] = constant(native as usize);
    call
}

/// What the kernel side is told, by place, so that it tells of the calls that are named: these, and
/// those that have the same event type (of other widths and versions).
pub(crate) fn table(wanted: &HashSet<&str>) -> BTreeMap<u32, Call> {
    let rows: HashMap<&str, &Row> = ROWS.iter().map(|row| (row.name, row)).collect();
    let events: HashSet<&str> = wanted
        .iter()
        .filter_map(|name| rows.get(name))
        .map(|row| row.event.name)
        .collect();
    let mut table = BTreeMap::new();
    for (place, native, name) in places() {
        let call = match rows.get(name) {
            Some(row) if wanted.contains(name) || events.contains(row.event.name) => row.call(),
            None if wanted.contains(name) => Some(generic(name, native)),
            _ => None,
        };
        if let Some(call) = call {
            table.insert(place, call);
        }
    }
    table
}

/// All calls that can be watched, by name, with the event type that they have of their own.
#[must_use]
pub fn all() -> BTreeMap<&'static str, Option<&'static str>> {
    let names = places()
        .map(|(.., name)| name)
        .filter(|name| !name.is_empty());
    let mut all: BTreeMap<_, _> = names.map(|name| (name, None)).collect();
    all.extend(ROWS.iter().map(|row| (row.name, Some(row.event.name))));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::{I386, PLACES, SOCKETCALLS};

    #[test]
    fn every_row_of_the_table_can_be_told_to_the_kernel() {
        let lines = CALLS.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(
            ROWS.len(),
            lines.count(),
            "a row whose event type is not known"
        );
        let placed: HashSet<&str> = places().map(|(.., name)| name).collect();
        for row in ROWS.iter() {
            assert!(row.call().is_some(), "{row:?}");
            assert!(
                placed.contains(row.name),
                "{}: no machine has such a call",
                row.name
            );
        }
    }

    #[test]
    fn calls_of_all_widths_are_watched_together() {
        let table = table(&HashSet::from(["openat", "accept4", "chown", "sysinfo"]));
        let of = |place: u32| table.get(&place).map(|call| call.code);
        assert_eq!(of(257), Some(codes::SYSCALL_OPENAT_2_X));
        assert_eq!(of(I386 + 295), of(257));
        // chown, and chown32 of i386
        assert!(of(92).is_some() && of(I386 + 212) == of(92));
        // accept4, alone and as a socketcall
        assert!(of(288).is_some() && of(SOCKETCALLS + 18) == of(288));
        assert_eq!(of(99), Some(codes::GENERIC_X));
        assert_eq!(of(2), None);
        assert!(table.keys().all(|place| *place < PLACES));
    }

    #[test]
    fn words_of_the_table() {
        let made = |text, ty| parameter(text, ty).unwrap();
        assert_eq!(
            made("out0:n1", "socktuple"),
            Parameter {
                source: source::TUPLE,
                length: 1,
                flags: flag::NAMED | flag::MESSAGE,
                ..Parameter::default()
            }
        );
        assert_eq!(made("u1+16", "uint32").offset, 16);
        assert_eq!(made("r", "uid").source, source::U32);
        for bad in ["x1", "u", "7", "b1:9"] {
            assert_eq!(parameter(bad, "uint32"), None, "{bad}");
        }
    }
}
