//! Names of flags, enumerated values, errors and signals.

use bumpalo::Bump;
use bumpalo::collections::Vec;
use lanner_event::schema::{self, Detail};

type Table = &'static [(&'static str, u32)];

fn table(detail: Detail) -> Table {
    match detail {
        Detail::Names(names) => names,
        _ => &[],
    }
}

fn find(table: &str, value: u32) -> Option<&'static str> {
    let mut names = schema::names(table).iter();
    names.find(|(_, of)| *of == value).map(|(name, _)| *name)
}

/// The name of an error: `ENOENT` for -2. Results are taken modulo 2^32.
pub(crate) fn errno(result: i64) -> Option<&'static str> {
    find("errno", (result as u32).wrapping_neg())
}

/// The name of a signal.
pub(crate) fn signal(number: u8) -> Option<&'static str> {
    find("signal", u32::from(number))
}

/// Names with something between them.
struct Joined<'a> {
    text: Vec<'a, u8>,
    separator: u8,
}

impl<'a> Joined<'a> {
    fn new(separator: u8, arena: &'a Bump) -> Self {
        Self {
            text: Vec::new_in(arena),
            separator,
        }
    }

    fn add(&mut self, name: &str) {
        if !self.text.is_empty() {
            self.text.push(self.separator);
        }
        self.text.extend_from_slice(name.as_bytes());
    }

    fn finish(self) -> &'a [u8] {
        self.text.into_bump_slice()
    }
}

/// A name is one of a number's if it has all bits of the name that no name
/// before has taken; that of zero is one of zero only.
fn takes(name: u32, value: u32, rest: u32) -> bool {
    if name == 0 {
        value == 0
    } else {
        rest & name == name
    }
}

/// The names of the bits of a number: `O_RDONLY|O_CLOEXEC`.
pub(crate) fn flags(value: u32, detail: Detail, arena: &Bump) -> &[u8] {
    let mut joined = Joined::new(b'|', arena);
    let mut rest = value;
    for &(name, bits) in table(detail) {
        if takes(bits, value, rest) {
            rest &= !bits;
            joined.add(name);
            if bits == value {
                break;
            }
        }
    }
    joined.finish()
}

/// The names of permission bits. A name of the whole number comes last, behind
/// those of its bits.
pub(crate) fn mode(value: u32, detail: Detail, arena: &Bump) -> &[u8] {
    let mut joined = Joined::new(b'|', arena);
    let mut rest = value;
    for &(name, bits) in table(detail) {
        if bits == value {
            joined.add(name);
            break;
        }
        if takes(bits, value, rest) {
            rest &= !bits;
            joined.add(name);
        }
    }
    joined.finish()
}

/// All names of a value: `AF_LOCAL|AF_UNIX`.
pub(crate) fn enumeration(value: u32, detail: Detail, arena: &Bump) -> &[u8] {
    let mut joined = Joined::new(b'|', arena);
    for (name, of) in table(detail) {
        if *of == value {
            joined.add(name);
        }
    }
    joined.finish()
}

/// The names of a set of signals; bit 0 is signal 1.
pub(crate) fn signals(set: u32, arena: &Bump) -> &[u8] {
    let mut joined = Joined::new(b' ', arena);
    let members = (0..32_u8).filter(|bit| set >> bit & 1 == 1);
    for name in members.filter_map(|bit| signal(bit + 1)) {
        joined.add(name);
    }
    joined.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(table: &str) -> Detail {
        Detail::Names(schema::names(table))
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn flags_have_names() {
        let arena = Bump::new();
        let cases = [
            ("file_flags", 1, "O_RDONLY"),
            ("file_flags", 3, "O_RDWR"),
            ("file_flags", 0, "O_NONE"),
            ("file_flags", 1 | 1 << 12, "O_RDONLY|O_CLOEXEC"),
            ("file_flags", 4 | 2 | 256, "O_TRUNC|O_CREAT|O_WRONLY"),
            ("prot_flags", 0, "PROT_NONE"),
            ("access_flags", 5, "R_OK|X_OK"),
            ("access_flags", 0, "F_OK"),
            ("unlinkat_flags", 1, ""),
        ];
        for (table, value, expected) in cases {
            assert_eq!(text(flags(value, detail(table), &arena)), expected);
        }
        assert_eq!(flags(1, Detail::None, &arena), b"");
    }

    #[test]
    fn values_have_all_their_names() {
        let arena = Bump::new();
        let families = detail("socket_families");
        assert_eq!(text(enumeration(2, families, &arena)), "AF_INET");
        assert_eq!(text(enumeration(1, families, &arena)), "AF_LOCAL|AF_UNIX");
        assert_eq!(enumeration(999, families, &arena), b"");
    }

    #[test]
    fn modes_have_names() {
        let arena = Bump::new();
        let modes = detail("chmod_mode");
        assert_eq!(
            text(mode(0o644, modes, &arena)),
            "S_IROTH|S_IRGRP|S_IWUSR|S_IRUSR"
        );
        assert_eq!(text(mode(0o1, modes, &arena)), "S_IXOTH");
        assert_eq!(mode(0, modes, &arena), b"");
        let kinds = detail("mknod_mode");
        assert_eq!(text(mode(0o100_644, kinds, &arena)).matches('|').count(), 4);
    }

    #[test]
    fn errors_and_signals_have_names() {
        let arena = Bump::new();
        assert_eq!(errno(-2), Some("ENOENT"));
        assert_eq!(errno(-11), Some("EAGAIN"));
        assert_eq!(errno(-9999), None);
        assert_eq!(errno(i64::MIN), None);
        assert_eq!(signal(9), Some("SIGKILL"));
        assert_eq!(signal(0), None);
        assert_eq!(text(signals(0b1_0000_0010, &arena)), "SIGINT SIGKILL");
    }
}
