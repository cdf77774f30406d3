//! Section headers, blocks to skip, and what to say when a frame is wrong.

use std::io;

use super::{BYTE_ORDER, Reader, SECTION, head, trailer};
use crate::block::{Block, HEADER, TRAILER};
use crate::error::{ErrorKind, ScapError};
use crate::parse::cursor::Cursor;
use crate::parse::event::Absent;

impl Reader {
    /// The section header that must come first.
    pub(super) fn first_section(&mut self) -> Result<(), ScapError> {
        const NOT: &str = "this is not a system call capture (.scap): ";
        let not = |why: &str| {
            Err(ScapError::new(
                ErrorKind::NotACapture,
                0,
                format!("{NOT}{why}"),
            ))
        };
        if !self.window.need(HEADER) {
            return if self.window.has_fault() {
                Err(self.cut_short())
            } else if self.window.bytes().is_empty() {
                not("it is empty")
            } else {
                not("it is too short")
            };
        }
        let (number, total) = head(self.window.bytes());
        if Block::of(number) != Block::Section {
            return not("it does not begin with a section header");
        }
        self.counters.blocks += 1;
        self.section(total)
    }

    /// The section header block that begins here. Options (comments) are skipped.
    pub(super) fn section(&mut self, total: u32) -> Result<(), ScapError> {
        if !self.window.need(SECTION) {
            return Err(self.cut_short());
        }
        let not = |reader: &Self, why: &str| {
            Err(ScapError::new(
                ErrorKind::NotACapture,
                reader.window.offset(),
                why,
            ))
        };
        let mut cursor = Cursor::new(&self.window.bytes()[HEADER..]);
        let order = cursor.u32().unwrap_or_default();
        let version = cursor.u16().unwrap_or_default();
        if order == BYTE_ORDER.swap_bytes() {
            return not(
                self,
                "the capture was recorded on a big-endian machine, which cannot be read here",
            );
        }
        if order != BYTE_ORDER {
            return not(self, "the section header is not one of a capture");
        }
        if version > 1 {
            return not(
                self,
                "the capture has a newer format; a newer version of this program may read it",
            );
        }
        if (total as usize) < SECTION {
            return Err(
                self.damaged("the section header is too short: the capture is damaged here")
            );
        }
        self.skip_block(crate::block::SECTION, total)
    }

    /// Goes behind the block that begins here.
    pub(super) fn skip_block(&mut self, number: u32, total: u32) -> Result<(), ScapError> {
        let start = self.window.offset();
        if !self.window.skip(u64::from(total) - TRAILER as u64) {
            let mut error = self.cut_short();
            if Block::of(number) == Block::Unknown && error.kind == ErrorKind::Truncated {
                error = ScapError::new(
                    ErrorKind::Damaged,
                    start,
                    format!("there is no block of type {number:#x}: the capture is damaged here"),
                );
            }
            return Err(error);
        }
        self.trailer(total)
    }

    /// The length at the end of a block, which must be the one at its start.
    pub(super) fn trailer(&mut self, total: u32) -> Result<(), ScapError> {
        if !self.window.need(TRAILER) {
            return Err(self.cut_short());
        }
        if trailer(&self.window.bytes()[..TRAILER]) != total {
            return Err(self.wrong_trailer(total as usize));
        }
        self.window.consume(TRAILER);
        Ok(())
    }

    pub(super) fn damaged(&self, message: impl Into<String>) -> ScapError {
        ScapError::new(ErrorKind::Damaged, self.window.offset(), message)
    }

    #[cold]
    pub(super) fn too_short(&self, number: u32, total: u32) -> ScapError {
        self.damaged(format!(
            "a block of type {number:#x} says that it has {total} bytes, less than its own frame: \
             the capture is damaged here"
        ))
    }

    #[cold]
    pub(super) fn no_event(&self, absent: Absent) -> ScapError {
        self.damaged(match absent {
            Absent::Uncountable => {
                "the lengths of an event's parameters do not add up to its own: \
                 the capture is damaged here"
            }
            Absent::TooShort | Absent::NewCode => {
                "an event block is shorter than any event: the capture is damaged here"
            }
        })
    }

    #[cold]
    pub(super) fn wrong_trailer(&self, total: usize) -> ScapError {
        self.damaged(format!(
            "a block's length is {total} at its start and another at its end: the capture is damaged here"
        ))
    }

    #[cold]
    pub(super) fn too_long(&self, large: bool, total: usize) -> ScapError {
        if large {
            let limit = self.options.max_block_bytes;
            self.damaged(format!(
                "an event has {total} bytes, more than the {limit} that are allowed: \
                 the capture is damaged here, or the limit (max_block_bytes) is too low"
            ))
        } else {
            self.damaged(format!(
                "an event has {total} bytes, more than normal events can have: the capture is damaged here"
            ))
        }
    }

    /// The capture ends in the middle of a block.
    #[cold]
    pub(super) fn cut_short(&mut self) -> ScapError {
        let offset = self.window.offset() + self.window.bytes().len() as u64;
        let Some(fault) = self.window.take_fault() else {
            return ScapError::new(
                ErrorKind::Truncated,
                offset,
                "the capture ends in the middle of a block: it was cut off",
            );
        };
        match fault.kind() {
            io::ErrorKind::UnexpectedEof => ScapError::new(
                ErrorKind::Truncated,
                offset,
                "the compressed data ends too early: the capture was cut off, or is still being written",
            ),
            io::ErrorKind::InvalidData => {
                ScapError::new(ErrorKind::Damaged, offset, fault.to_string())
            }
            _ => ScapError::new(ErrorKind::Io, offset, format!("cannot read on: {fault}")),
        }
    }
}
