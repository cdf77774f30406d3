//! The event table (`tables/events.tsv`), ready for looking up by code.

use std::sync::LazyLock;

use crate::catalog;

/// An event type in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// Its code.
    pub code: u16,
    /// The name that rules use: `openat`. Several codes can share it.
    pub name: &'static str,
    /// Whether it is recorded when a system call is entered, not when it returns.
    pub is_enter: bool,
    /// What it is about: `file`, `net`, `process` …
    pub category: &'static str,
    /// Where it comes from: `syscall`, `tracepoint` or empty.
    pub kind: &'static str,
    /// What it does, as [`Flags`].
    pub flags: Flags,
    /// Its parameters, in order.
    pub params: Box<[Param]>,
}

/// A parameter of an event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name, as in `evt.arg.name`.
    pub name: &'static str,
    /// Falco's parameter type in lower case: `fd`, `charbuf`, `flags32` …
    pub ty: &'static str,
    /// How a number is shown.
    pub format: Format,
    /// What else is known of the type.
    pub detail: Detail,
}

/// How a number is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// In decimal.
    Decimal,
    /// In hexadecimal, capital digits.
    Hexadecimal,
    /// In octal, with a leading zero.
    Octal,
    /// In decimal, padded with zeros to ten digits.
    Padded,
}

/// What is known of a parameter besides its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    None,
    /// Names of flags or values, in the order in which they are looked for.
    Names(&'static [(&'static str, u32)]),
    /// For a path: the index of the parameter that holds its directory.
    Directory(usize),
    /// For a parameter whose type its first byte chooses: the types.
    Dynamic(&'static [(&'static str, Format)]),
}

/// The types that the first byte of a dynamic parameter chooses from
/// (`dynamic_params_table.c`).
const DYNAMIC: [(&str, &[(&str, Format)]); 4] = [
    (
        "sockopt_dynamic_param",
        &[
            ("bytebuf", Format::Hexadecimal),
            ("errno", Format::Decimal),
            ("uint32", Format::Decimal),
            ("uint64", Format::Decimal),
            ("reltime", Format::Decimal),
        ],
    ),
    (
        "ptrace_dynamic_param",
        &[
            ("uint64", Format::Hexadecimal),
            ("sigtype", Format::Decimal),
        ],
    ),
    (
        "bpf_dynamic_param",
        &[("fd", Format::Decimal), ("errno", Format::Decimal)],
    ),
    (
        "keyctl_dynamic_param",
        &[("int64", Format::Decimal), ("charbuf", Format::Decimal)],
    ),
];

fn param(name: &'static str, ty: &'static str, shown: &'static str) -> Param {
    let (format, detail) = shown.split_once(':').unwrap_or((shown, ""));
    let names = || NAMES.iter().find(|(table, _)| *table == detail);
    let dynamic = || DYNAMIC.iter().find(|(kind, _)| *kind == detail);
    Param {
        name,
        ty,
        format: match format {
            "hex" => Format::Hexadecimal,
            "oct" => Format::Octal,
            "10_padded_dec" => Format::Padded,
            _ => Format::Decimal,
        },
        detail: if let Ok(index) = detail.parse() {
            Detail::Directory(index)
        } else if let Some((_, names)) = names() {
            Detail::Names(names)
        } else if let Some((_, types)) = dynamic() {
            Detail::Dynamic(types)
        } else {
            Detail::None
        },
    }
}

type Names = Vec<(&'static str, Vec<(&'static str, u32)>)>;
static NAMES: LazyLock<Names> = LazyLock::new(catalog::flag_tables);
static SYSCALLS: LazyLock<Vec<&'static str>> = LazyLock::new(catalog::syscalls);
static NATIVES: LazyLock<Vec<(u16, &'static str)>> = LazyLock::new(catalog::native_syscalls);

/// Properties of an event type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    /// Makes a descriptor.
    pub const CREATES_FD: Self = Self(1);
    /// Closes a descriptor.
    pub const DESTROYS_FD: Self = Self(1 << 1);
    /// Has a descriptor among its parameters.
    pub const USES_FD: Self = Self(1 << 2);
    /// Reads from a descriptor.
    pub const READS_FROM_FD: Self = Self(1 << 3);
    /// Writes to a descriptor.
    pub const WRITES_TO_FD: Self = Self(1 << 4);
    /// Changes processes, descriptors or what belongs to them.
    pub const MODIFIES_STATE: Self = Self(1 << 5);
    /// Can make the thread wait.
    pub const WAITS: Self = Self(1 << 6);
    /// Only in older captures.
    pub const OLD_VERSION: Self = Self(1 << 7);
    /// Older captures have it in another shape, which is converted.
    pub const CONVERTER_MANAGED: Self = Self(1 << 8);
    /// No event has this code.
    pub const UNUSED: Self = Self(1 << 9);
    /// Lengths of its parameters take 32 bits.
    pub const LARGE_PAYLOAD: Self = Self(1 << 10);
    /// Does not count as the last event of its thread.
    pub const SKIPPARSERESET: Self = Self(1 << 11);

    const NAMES: [(&'static str, Self); 12] = [
        ("creates_fd", Self::CREATES_FD),
        ("destroys_fd", Self::DESTROYS_FD),
        ("uses_fd", Self::USES_FD),
        ("reads_from_fd", Self::READS_FROM_FD),
        ("writes_to_fd", Self::WRITES_TO_FD),
        ("modifies_state", Self::MODIFIES_STATE),
        ("waits", Self::WAITS),
        ("old_version", Self::OLD_VERSION),
        ("converter_managed", Self::CONVERTER_MANAGED),
        ("unused", Self::UNUSED),
        ("large_payload", Self::LARGE_PAYLOAD),
        ("skipparsereset", Self::SKIPPARSERESET),
    ];

    /// Whether it has all of `other`.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn parse(text: &str) -> Self {
        let named = |word| Self::NAMES.iter().find(|(name, _)| *name == word);
        Self(
            text.split('|')
                .filter_map(named)
                .fold(0, |bits, (_, flag)| bits | flag.0),
        )
    }
}

static TYPES: LazyLock<Vec<EventType>> = LazyLock::new(|| {
    let rows = catalog::events().into_iter();
    rows.map(|row| {
        let (category, kind) = row.category.split_once('|').unwrap_or((row.category, ""));
        let params = row.parameters.iter();
        EventType {
            code: row.code,
            name: row.name,
            is_enter: row.direction == ">",
            category,
            kind,
            flags: Flags::parse(row.flags),
            params: params
                .zip(row.formats.iter())
                .map(|(&(name, ty), shown)| param(name, ty, shown))
                .collect(),
        }
    })
    .collect()
});

/// The event type of a code; `None` when it is newer than the table.
#[must_use]
pub fn event_type(code: u16) -> Option<&'static EventType> {
    TYPES.get(usize::from(code))
}

/// All event types, by code.
pub fn event_types() -> impl Iterator<Item = &'static EventType> {
    TYPES.iter()
}

/// The name of a system call, by Falco's number for it.
#[must_use]
pub fn syscall_name(number: usize) -> Option<&'static str> {
    SYSCALLS.get(number).copied()
}

/// The name of a system call, by its number on x86-64.
#[must_use]
pub fn native_syscall_name(number: u16) -> Option<&'static str> {
    let index = NATIVES.binary_search_by_key(&number, |row| row.0).ok()?;
    NATIVES.get(index).map(|row| row.1)
}

/// The names of a table of `flags.tsv`: that of a parameter, `errno` or `signal`.
#[must_use]
pub fn names(table: &str) -> &'static [(&'static str, u32)] {
    let found = NAMES.iter().find(|(name, _)| *name == table);
    found.map_or(&[], |(_, names)| names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes;

    #[test]
    fn codes_and_table_agree() {
        let openat = event_type(codes::SYSCALL_OPENAT_2_X).unwrap();
        assert_eq!((openat.name, openat.is_enter), ("openat", false));
        assert_eq!((openat.params[0].name, openat.params[0].ty), ("fd", "fd"));
        assert_eq!(openat.params[2].detail, Detail::Directory(1));
        let Detail::Names(flags) = openat.params[3].detail else {
            panic!("the flags have names");
        };
        assert!(flags.contains(&("O_CLOEXEC", 1 << 12)));
        assert_eq!(syscall_name(3), Some("read"));
        assert_eq!(native_syscall_name(59), Some("execve"));
        assert_eq!(native_syscall_name(60_000), None);
        assert!(names("errno").contains(&("ENOENT", 2)));
        assert!(names("signal").contains(&("SIGKILL", 9)));
        assert!(names("nothing").is_empty());
        assert!(openat.flags.has(Flags::CREATES_FD));
        assert!(event_type(9999).is_none());
    }
}
