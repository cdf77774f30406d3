//! The part of an input that is in memory, with its place in the whole.

use std::io;

use super::source::Opened;

/// How much is read at a time.
const READ_BYTES: usize = 256 * 1024;

/// Where something stands in an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes before it (decompressed).
    pub offset: u64,
    /// Its line, from 1.
    pub line: u64,
    /// Offset of that line's first byte.
    pub line_start: u64,
}

/// A window over an input: `bytes()` is what was read and not yet let go.
pub(super) struct Window {
    source: Opened,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Nothing more will come.
    pub at_end: bool,
    /// Place of `bytes()[0]`.
    pub place: Place,
}

impl Window {
    pub fn new(source: Opened, buffer: Vec<u8>) -> Self {
        let place = Place {
            offset: 0,
            line: 1,
            line_start: 0,
        };
        Self {
            source,
            buffer,
            start: 0,
            end: 0,
            at_end: false,
            place,
        }
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Bytes read as they are stored.
    pub fn stored_bytes(&self) -> u64 {
        self.source
            .stored_bytes
            .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Reads more behind what is there.
    pub fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() < self.end + READ_BYTES {
            self.buffer
                .resize((self.end + READ_BYTES).next_multiple_of(READ_BYTES), 0);
        }
        let space = &mut self.buffer[self.end..];
        let count = loop {
            match self.source.reader.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.at_end = true;
                    return Err(error);
                }
                Ok(count) => break count,
            }
        };
        self.end += count;
        self.at_end = count == 0;
        Ok(())
    }

    /// Lets go of the first `count` bytes, which end a line iff `ends_line`
    /// and hold no other line break.
    #[inline]
    pub fn take(&mut self, count: usize, ends_line: bool) {
        self.start += count;
        self.place.offset += count as u64;
        if ends_line {
            self.place.line += 1;
            self.place.line_start = self.place.offset;
        }
    }

    /// Lets go of the first `count` bytes, which lead to `place`.
    pub fn take_to(&mut self, count: usize, place: Place) {
        self.start += count;
        self.place = place;
    }

    /// Gives the memory back for the next input. A buffer that one huge
    /// record blew up is not kept.
    pub fn into_buffer(self) -> Vec<u8> {
        if self.buffer.len() > 8 * READ_BYTES {
            Vec::new()
        } else {
            self.buffer
        }
    }
}
