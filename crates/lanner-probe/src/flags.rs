//! Flags and enumerated values as captures number them: Linux has other numbers for some
//! (`tables/native_flags.tsv`).

use std::collections::HashMap;

use lanner_event::catalog;

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
struct Numbers {
    /// Each bit says something; else it is one of several values.
    are_bits: bool,
    pairs: Vec<Pair>,
}

impl Numbers {
    fn portable(&self, native: u32) -> u32 {
        let holds = |pair: &&Pair| native & pair.mask == pair.native;
        if self.are_bits {
            let found = self.pairs.iter().filter(holds);
            return found.fold(0, |flags, pair| flags | pair.portable);
        }
        let found = self.pairs.iter().find(holds);
        found.map_or(0, |pair| pair.portable)
    }
}

/// A parameter that is to be rewritten.
#[derive(Debug)]
struct Parameter {
    index: usize,
    /// Among the tables.
    numbers: usize,
    /// The parameter behind these open flags is the mode of a file that is created; without the
    /// flags that create one, it means nothing.
    has_mode: bool,
}

/// How events are rewritten.
#[derive(Debug)]
pub(crate) struct Portable {
    tables: Vec<Numbers>,
    /// By event code.
    parameters: Vec<Vec<Parameter>>,
}

/// `PPM_O_CREAT` and `PPM_O_TMPFILE`: a file is created.
const CREATES: u32 = 1 << 2 | 1 << 13;

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

impl Portable {
    pub(crate) fn new() -> Self {
        let lines = NATIVE.lines().filter(|line| !line.starts_with('#'));
        let (names, tables): (Vec<_>, Vec<_>) = lines.filter_map(row).unzip();
        let places: HashMap<_, _> = names.into_iter().zip(0..).collect();
        let mut parameters = Vec::new();
        for event in catalog::events() {
            let rows = event
                .formats
                .iter()
                .enumerate()
                .filter_map(|(index, format)| {
                    let table = format.split(':').nth(1)?;
                    let next = event.parameters.get(index + 1);
                    Some(Parameter {
                        index,
                        numbers: *places.get(table)?,
                        has_mode: table == "file_flags"
                            && next.is_some_and(|(name, _)| *name == "mode"),
                    })
                });
            parameters.resize_with(usize::from(event.code) + 1, Vec::new);
            if let Some(slot) = parameters.last_mut() {
                *slot = rows.collect();
            }
        }
        Self { tables, parameters }
    }

    /// Whether events of a type have something to be rewritten.
    pub(crate) fn concerns(&self, code: u16) -> bool {
        self.parameters
            .get(usize::from(code))
            .is_some_and(|list| !list.is_empty())
    }

    /// Rewrites the parameters of an event in their place.
    pub(crate) fn rewrite(&self, code: u16, lengths: &[[u8; 2]], data: &mut [u8]) {
        let Some(list) = self.parameters.get(usize::from(code)) else {
            return;
        };
        for parameter in list {
            let Some(bytes) = at(lengths, data, parameter.index) else {
                continue;
            };
            let mut native = [0; 4];
            let size = bytes.len().min(4);
            native[..size].copy_from_slice(&bytes[..size]);
            let flags = self.tables[parameter.numbers].portable(u32::from_le_bytes(native));
            bytes[..size].copy_from_slice(&flags.to_le_bytes()[..size]);
            if parameter.has_mode
                && flags & CREATES == 0
                && let Some(mode) = at(lengths, data, parameter.index + 1)
            {
                mode.fill(0);
            }
        }
    }
}

/// The bytes of a parameter.
fn at<'d>(lengths: &[[u8; 2]], data: &'d mut [u8], index: usize) -> Option<&'d mut [u8]> {
    let size = |length: &[u8; 2]| usize::from(u16::from_le_bytes(*length));
    let start = lengths.get(..index)?.iter().map(size).sum::<usize>();
    data.get_mut(start..start + size(lengths.get(index)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lanner_event::codes;

    #[test]
    fn open_flags() {
        let portable = Portable::new();
        let rewritten = |native: u32| {
            let lengths = [[8, 0], [8, 0], [0, 0], [4, 0], [4, 0]];
            let mut data = vec![0; 16];
            data.extend(native.to_le_bytes());
            data.extend(0o644_u32.to_le_bytes());
            portable.rewrite(codes::SYSCALL_OPENAT_2_X, &lengths, &mut data);
            let word = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
            (word(16), word(20))
        };
        // O_RDONLY|O_CLOEXEC; O_WRONLY|O_CREAT|O_TRUNC, and the file was created
        assert_eq!(rewritten(0o2_000_000), (1 | 4096, 0));
        assert_eq!(
            rewritten(0o1101 | 0x1000_0000),
            (2 | 4 | 256 | 16384, 0o644)
        );
        assert!(portable.concerns(codes::SYSCALL_OPENAT_2_X));
        assert!(!portable.concerns(codes::SYSCALL_CLOSE_X));
    }

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
}
