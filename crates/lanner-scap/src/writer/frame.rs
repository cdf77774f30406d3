//! The frame of a block, around its content.

use std::io;

use crate::block::{HEADER, TRAILER};

/// A block that is being put together. Its memory is used again for the next one.
#[derive(Default)]
pub(super) struct Frame {
    bytes: Vec<u8>,
}

impl Frame {
    /// Begins a block; its content is to be appended.
    pub(super) fn begin(&mut self, kind: u32) -> &mut Vec<u8> {
        self.bytes.clear();
        self.bytes.resize(HEADER, 0);
        self.set_kind(kind);
        &mut self.bytes
    }

    /// Sets the type of the block.
    pub(super) fn set_kind(&mut self, kind: u32) {
        self.bytes[..4].copy_from_slice(&kind.to_le_bytes());
    }

    /// The whole block, padded, with its length at both ends.
    pub(super) fn end(&mut self) -> io::Result<&[u8]> {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let total = u32::try_from(self.bytes.len() + TRAILER).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, "a block is longer than 4 GB")
        })?;
        let total = total.to_le_bytes();
        self.bytes[4..HEADER].copy_from_slice(&total);
        self.bytes.extend_from_slice(&total);
        Ok(&self.bytes)
    }
}
