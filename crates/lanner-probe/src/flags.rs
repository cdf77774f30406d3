//! Rewrites flags of the kernel as captures number them ([`lanner_event::native`]).

use lanner_event::catalog;
use lanner_event::native::{self, Numbers};

/// A parameter that is to be rewritten.
#[derive(Debug)]
struct Parameter {
    index: usize,
    numbers: &'static Numbers,
    /// The parameter behind these open flags is the mode of a file that is created; without the
    /// flags that create one, it means nothing.
    has_mode: bool,
}

/// How events are rewritten.
#[derive(Debug)]
pub(crate) struct Portable {
    /// By event code.
    parameters: Vec<Vec<Parameter>>,
}

/// `PPM_O_CREAT` and `PPM_O_TMPFILE`: a file is created.
const CREATES: u32 = 1 << 2 | 1 << 13;

impl Portable {
    pub(crate) fn new() -> Self {
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
                        numbers: native::numbers(table)?,
                        has_mode: table == "file_flags"
                            && next.is_some_and(|(name, _)| *name == "mode"),
                    })
                });
            parameters.resize_with(usize::from(event.code) + 1, Vec::new);
            if let Some(slot) = parameters.last_mut() {
                *slot = rows.collect();
            }
        }
        Self { parameters }
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
            let flags = parameter.numbers.portable(u32::from_le_bytes(native));
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
}
