//! What the inputs of all sources have in common: how compressed ones begin, and
//! how much was read of them.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How an input is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compressed {
    /// gzip, of one member or several.
    Gzip,
    /// Zstandard, of one frame or several.
    Zstd,
}

impl Compressed {
    /// So many bytes tell.
    pub const HEAD_BYTES: usize = 4;

    /// By the first bytes of an input (RFC 1952, RFC 8878); `None` for others.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or one that holds no data and may come first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Counts what is read, before it is decompressed.
pub struct Counting<R> {
    reader: R,
    bytes: Arc<AtomicU64>,
}

impl<R> Counting<R> {
    /// Counts what is read of `reader` into `bytes`.
    pub fn new(reader: R, bytes: Arc<AtomicU64>) -> Self {
        Self { reader, bytes }
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_inputs_are_told_by_how_they_begin() {
        for (head, kind) in [
            (&[0x1f, 0x8b, 8, 0][..], Some(Compressed::Gzip)),
            (&[0x1f, 0x8b], Some(Compressed::Gzip)),
            (&[0x28, 0xb5, 0x2f, 0xfd], Some(Compressed::Zstd)),
            (&[0x53, 0x2a, 0x4d, 0x18, 1], Some(Compressed::Zstd)),
            (&[0x28, 0xb5, 0x2f], None),
            (b"{\"ki", None),
            (b"", None),
        ] {
            assert_eq!(Compressed::of(head), kind, "{head:?}");
        }
    }

    #[test]
    fn bytes_are_counted() {
        let bytes = Arc::default();
        let mut counting = Counting::new(&b"12345"[..], Arc::clone(&bytes));
        let mut text = String::new();
        counting.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), bytes.load(Ordering::Relaxed)), ("12345", 5));
    }
}
