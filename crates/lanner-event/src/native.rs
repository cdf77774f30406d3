//! Flags and enumerated values of Linux, as captures number them: other numbers for some
//! (`tables/native_flags.tsv`).

use std::collections::HashMap;
use std::sync::LazyLock;

const NATIVE: &str = include_str!("tables/native_flags.tsv");

/// One flag or value.
#[derive(Clone, Copy, Debug)]
struct Pair {
    portable: u32,
    native: u32,
    mask: u32,
}

/// The numbers of a table of `flags.tsv`.
#[derive(Debug)]
pub struct Numbers {
    /// Each bit says something; else it is one of several values.
    are_bits: bool,
    pairs: Vec<Pair>,
}

impl Numbers {
    /// What Linux numbers so, as captures number it; what they do not have is left out.
    #[must_use]
    pub fn portable(&self, native: u32) -> u32 {
        let holds = |pair: &&Pair| native & pair.mask == pair.native;
        if self.are_bits {
            let found = self.pairs.iter().filter(holds);
            return found.fold(0, |flags, pair| flags | pair.portable);
        }
        let found = self.pairs.iter().find(holds);
        found.map_or(0, |pair| pair.portable)
    }
}

static TABLES: LazyLock<HashMap<&'static str, Numbers>> = LazyLock::new(|| {
    let lines = NATIVE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(row).collect()
});

/// The numbers of a table of `flags.tsv`; `None` where Linux has the same ones.
#[must_use]
pub fn numbers(table: &str) -> Option<&'static Numbers> {
    TABLES.get(table)
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn pair(text: &str) -> Option<Pair> {
    let (portable, native) = text.split_once('=')?;
    let (native, mask) = native.split_once('/').unwrap_or((native, native));
    Some(Pair {
        portable: number(portable)?,
        native: number(native)?,
        mask: number(mask)?,
    })
}

/// A row: the table's name and its numbers.
fn row(line: &'static str) -> Option<(&'static str, Numbers)> {
    let mut columns = line.split('\t');
    let (name, kind) = (columns.next()?, columns.next()?);
    let are_bits = kind == "flags";
    let mut pairs: Vec<Pair> = columns.next()?.split(' ').filter_map(pair).collect();
    if !are_bits {
        pairs.iter_mut().for_each(|pair| pair.mask = u32::MAX);
    }
    Some((name, Numbers { are_bits, pairs }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn every_row_is_of_a_table_and_has_only_numbers() {
        let known: Vec<_> = catalog::flag_tables()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        for line in NATIVE.lines().filter(|line| !line.starts_with('#')) {
            let (name, numbers) = row(line).unwrap();
            assert!(known.contains(&name), "{name}");
            let words = line.split('\t').nth(2).unwrap().split(' ').count();
            assert_eq!(numbers.pairs.len(), words, "{name}");
        }
    }

    #[test]
    fn flags_and_values() {
        let open = numbers("file_flags").unwrap();
        // O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC
        assert_eq!(open.portable(0o2_002_101), 2 | 4 | 8 | 4096);
        // PTRACE_ATTACH
        assert_eq!(numbers("ptrace_requests").unwrap().portable(16), 11);
        assert!(numbers("prot_flags").is_none());
    }
}
