//! The part of the decompressed capture that is in memory.

use std::io;

use crate::ahead::{Ahead, Chunk};

/// Gives bytes, some at a time.
pub(crate) trait Source: Send {
    /// Puts bytes into the buffer from `at` on and says how many; 0 at the end.
    /// The [`HISTORY`] bytes before `at` are those that came before (or zeros).
    fn fill(&mut self, buffer: &mut [u8], at: usize) -> io::Result<usize>;
}

/// How far back compressed data refers.
pub(crate) const HISTORY: usize = 32 << 10;
/// How much fits into the buffer besides: all of it stays near the processor.
const ROOM: usize = 128 << 10;

/// Where the bytes come from.
pub(crate) enum Feed {
    /// Made here, when they are needed.
    Here(Box<dyn Source>),
    /// Made on another thread.
    Ahead(Ahead),
}

/// A buffer over a source. What is consumed makes room for more; what is not
/// stays in one piece, so that blocks can be read in place.
pub(crate) struct Window {
    feed: Feed,
    buffer: Vec<u8>,
    /// Unread bytes are `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Offset of `buffer[start]` in the capture.
    offset: u64,
    /// The source has ended, or failed.
    over: bool,
    /// Why it failed.
    fault: Option<io::Error>,
}

impl Window {
    pub(crate) fn new(feed: Feed) -> Self {
        Self {
            feed,
            buffer: vec![0; HISTORY + ROOM],
            start: HISTORY,
            end: HISTORY,
            offset: 0,
            over: false,
            fault: None,
        }
    }

    /// Offset of the next byte in the capture.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes that are in memory.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes note that `count` bytes have been read; they stay where they are
    /// until more are needed.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Where the unread bytes begin in [`Window::buffer`].
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.start
    }

    /// All bytes in memory, read ones included.
    #[inline]
    pub(crate) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Brings `count` bytes into memory; false where the capture ends before
    /// (then [`Window::take_fault`] says why). Memory grows with what is
    /// really there, not with what is asked for.
    #[inline]
    pub(crate) fn need(&mut self, count: usize) -> bool {
        self.end - self.start >= count || self.need_more(count)
    }

    #[cold]
    fn need_more(&mut self, count: usize) -> bool {
        while self.end - self.start < count {
            if self.over {
                return false;
            }
            let got = match &mut self.feed {
                Feed::Here(_) => self.fill(),
                Feed::Ahead(ahead) => match ahead.next() {
                    Some(Ok(chunk)) => Ok(self.append(chunk)),
                    Some(Err(fault)) => Err(fault),
                    None => Ok(0),
                },
            };
            match got {
                Ok(0) => self.over = true,
                Ok(_) => {}
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => {
                    self.over = true;
                    self.fault = Some(fault);
                }
            }
        }
        true
    }

    /// Has the source add bytes; how many.
    fn fill(&mut self) -> io::Result<usize> {
        let Feed::Here(source) = &mut self.feed else {
            return Ok(0);
        };
        if self.end == self.buffer.len() {
            let unread = self.end - self.start;
            let kept = unread.max(HISTORY);
            self.buffer.copy_within(self.end - kept..self.end, 0);
            (self.start, self.end) = (kept - unread, kept);
            if kept > self.buffer.len() / 2 {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let got = source.fill(&mut self.buffer, self.end)?;
        self.end = self.buffer.len().min(self.end + got);
        Ok(got)
    }

    /// Goes on with bytes that were made on another thread; how many.
    fn append(&mut self, chunk: Chunk) -> usize {
        let unread = self.end - self.start;
        let got = chunk.end.saturating_sub(HISTORY);
        let spent = if unread <= HISTORY {
            // The chunk begins with what came before it, the unread bytes among that.
            (self.start, self.end) = (HISTORY - unread, chunk.end);
            std::mem::replace(&mut self.buffer, chunk.bytes)
        } else {
            self.buffer.truncate(self.end);
            self.buffer.drain(..self.start);
            self.buffer
                .extend_from_slice(chunk.bytes.get(HISTORY..chunk.end).unwrap_or_default());
            (self.start, self.end) = (0, self.buffer.len());
            chunk.bytes
        };
        if let Feed::Ahead(ahead) = &self.feed {
            ahead.give_back(spent);
        }
        got
    }

    /// Whether reading failed.
    pub(crate) fn has_fault(&self) -> bool {
        self.fault.is_some()
    }

    /// Why there are no more bytes, if not because all have been read.
    pub(crate) fn take_fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    /// Drops `count` bytes; false where the capture ends before.
    pub(crate) fn skip(&mut self, mut count: u64) -> bool {
        while count > 0 {
            if !self.need(1) {
                return false;
            }
            let step = (self.end - self.start).min(usize::try_from(count).unwrap_or(usize::MAX));
            self.consume(step);
            count -= step as u64;
        }
        true
    }
}
