//! What can be wrong with a capture.

use std::error::Error;
use std::fmt;

/// What sort of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// It is not a capture, or not one that can be read here.
    NotACapture,
    /// It is a capture, but there is no event in it.
    NoEvents,
    /// Bytes inside contradict each other.
    Damaged,
    /// It ends in the middle of something.
    Truncated,
    /// The input could not be read.
    Io,
}

/// Why a capture could not be read on, in words for people.
///
/// All that stood complete before the damage has been returned by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScapError {
    /// What sort of thing is wrong.
    pub kind: ErrorKind,
    /// Where: bytes from the start, after decompression.
    pub offset: u64,
    /// What is wrong and what can be done.
    pub message: String,
}

impl ScapError {
    pub(crate) fn new(kind: ErrorKind, offset: u64, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            offset,
            message,
        }
    }
}

impl fmt::Display for ScapError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (at byte {})", self.message, self.offset)
    }
}

impl Error for ScapError {}
