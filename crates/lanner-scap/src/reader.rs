//! Reading a capture from start to end.

mod frame;
mod lists;

use std::cell::Cell;
use std::io::Read;

use lanner_event::{Lengths, RawEvent};

use crate::ahead::Ahead;
use crate::block::{Block, EventBlock, HEADER, TRAILER};
use crate::convert::{Class, Converter, Verdict};
use crate::error::{ErrorKind, ScapError};
use crate::input;
use crate::item::{Counters, Item};
use crate::parse::event::{Absent, Layout, SHAPES, Shape};
use crate::window::{Feed, Window};

/// How a capture is read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The longest event that is taken, in bytes. Only blocks for large events
    /// can be longer than 64 kB. Memory for it is taken only where there is one.
    pub max_block_bytes: usize,
    /// Bring events of older schemas into today's: parameters of enter events go into exit
    /// events, and most enter events are not returned. Without it, events are as recorded.
    pub convert: bool,
    /// Read and inflate on a thread of its own, ahead of the caller. For files: what comes
    /// through a pipe slowly arrives later with it.
    pub thread: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_block_bytes: 64 << 20,
            convert: true,
            thread: false,
        }
    }
}

/// Reads a capture, plain or compressed with gzip or zstd, in constant memory.
pub struct Reader {
    window: Window,
    options: Options,
    counters: Counters,
    shapes: &'static [Shape],
    converter: Converter,
    /// What was found last.
    place: Place,
    item: Option<Item<'static>>,
    list: Option<List>,
    /// What stopped a list of descriptors whose first part had to be returned.
    held_back: Option<ScapError>,
    /// An event block was there.
    events_seen: bool,
    /// Counted where the event is only looked at.
    malformed_events: Cell<u64>,
    done: bool,
}

/// A list that is being read, entry by entry.
struct List {
    block: Block,
    /// The block's length as its head says.
    total: u32,
    /// Where its content ends.
    end: u64,
    /// Whose descriptors they are.
    tid: i64,
}

/// What the next thing is. The thing itself is in the reader: large values that are handed from
/// one function to the next cost more than all the rest of an event.
#[derive(Clone, Copy)]
enum Found {
    End,
    /// [`Reader::item`].
    Item,
    /// The event at [`Reader::place`].
    Event,
    /// The event that the converter holds.
    Converted,
}

/// An event, and where its block begins in the buffer, and how long it is.
#[derive(Clone, Copy, Default)]
struct Place {
    layout: Layout,
    start: usize,
    total: usize,
}

/// Normal events are not longer (`READER_BUF_SIZE`), without the block's header.
const NORMAL_EVENT: usize = 64 << 10;
/// How many descriptors come in one item.
const DESCRIPTORS: usize = 4096;
/// Bytes of a section header block without options.
const SECTION: usize = HEADER + 16 + TRAILER;
/// Says that numbers are little endian.
pub(crate) const BYTE_ORDER: u32 = 0x1A2B_3C4D;

impl Reader {
    /// Begins with a capture: looks at its first block.
    ///
    /// # Errors
    /// When it is not a capture, or not one that can be read here.
    pub fn new(input: Box<dyn Read + Send>, options: Options) -> Result<Self, ScapError> {
        let feed = input::open(input).and_then(|source| {
            Ok(if options.thread {
                Feed::Ahead(Ahead::new(source)?)
            } else {
                Feed::Here(source)
            })
        });
        let feed = feed
            .map_err(|fault| ScapError::new(ErrorKind::Io, 0, format!("cannot read: {fault}")))?;
        let mut reader = Self {
            window: Window::new(feed),
            options,
            counters: Counters::default(),
            shapes: &SHAPES,
            converter: Converter::default(),
            place: Place::default(),
            item: None,
            list: None,
            held_back: None,
            events_seen: false,
            malformed_events: Cell::new(0),
            done: false,
        };
        reader.first_section()?;
        Ok(reader)
    }

    /// What was read so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            bytes: self.window.offset(),
            malformed_events: self.malformed_events.get(),
            ..self.counters
        }
    }

    /// The next thing in the capture; `None` at its end, and after an error.
    ///
    /// # Errors
    /// When the capture is damaged, ends too early or cannot be read. All that
    /// stood complete before that place has been returned.
    #[expect(
        clippy::should_implement_trait,
        reason = "items borrow from the reader, an iterator's cannot"
    )]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, ScapError> {
        if self.done {
            return Ok(None);
        }
        match self.advance() {
            Ok(Found::Event) => {
                self.counters.events += 1;
                let event = self.event_at_place().or_else(|| self.without_params());
                Ok(event.map(Item::Event))
            }
            Ok(Found::Converted) => {
                self.counters.events += 1;
                Ok(self.converter.event().map(Item::Event))
            }
            Ok(Found::Item) => Ok(self.item.take()),
            Ok(Found::End) => {
                self.done = true;
                Ok(None)
            }
            Err(error) => {
                self.done = true;
                Err(error)
            }
        }
    }

    /// The event that was found; `None` when its lengths do not fit.
    #[inline]
    fn event_at_place(&self) -> Option<RawEvent<'_>> {
        let Place {
            layout,
            start,
            total,
        } = &self.place;
        let block = self.window.buffer().get(*start..start + total)?;
        layout.event(block)
    }

    /// The event that was found, of which only the header could be read.
    #[cold]
    fn without_params(&self) -> Option<RawEvent<'static>> {
        self.malformed_events.set(self.malformed_events.get() + 1);
        RawEvent::new(self.place.layout.header, Lengths::Short(&[]), &[])
    }

    fn advance(&mut self) -> Result<Found, ScapError> {
        loop {
            if self.list.is_some() {
                self.item = self.next_entry()?;
                if self.item.is_some() {
                    return Ok(Found::Item);
                }
                continue;
            }
            if !self.window.need(HEADER) {
                return self.end();
            }
            let (number, total) = head(self.window.bytes());
            if (total as usize) < HEADER + TRAILER {
                return Err(self.too_short(number, total));
            }
            self.counters.blocks += 1;
            let found = match Block::of(number) {
                Block::Event(form) => self.event(form, total as usize)?,
                block => self.other(block, number, total)?,
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }

    /// What is in a block that is not one of events.
    #[cold]
    fn other(&mut self, block: Block, number: u32, total: u32) -> Result<Option<Found>, ScapError> {
        match block {
            Block::Section => {
                self.section(total)?;
                // Its threads are others, though their ids may be the same.
                self.converter = Converter::default();
                self.item = Some(Item::Section);
            }
            Block::Machine => self.item = Some(self.machine(total)?),
            Block::Unknown => {
                self.counters.unknown_blocks += 1;
                self.skip_block(number, total)?;
            }
            block => self.begin_list(block, total)?,
        }
        Ok(self.item.is_some().then_some(Found::Item))
    }

    /// The capture ends here, or cannot be read on.
    fn end(&mut self) -> Result<Found, ScapError> {
        if !self.window.bytes().is_empty() || self.window.has_fault() {
            return Err(self.cut_short());
        }
        if self.events_seen {
            return Ok(Found::End);
        }
        let hint = if self.counters.unknown_blocks > 0 {
            "there are no system call events in it; is it a network capture (pcapng)?"
        } else {
            "there are no events in it"
        };
        Err(ScapError::new(
            ErrorKind::NoEvents,
            self.window.offset(),
            hint,
        ))
    }

    /// The event of the block that begins here, `total` bytes long; `None` when it is to be skipped.
    #[inline]
    fn event(&mut self, form: EventBlock, total: usize) -> Result<Option<Found>, ScapError> {
        self.events_seen = true;
        let longest = if form.large {
            self.options.max_block_bytes.max(NORMAL_EVENT)
        } else {
            NORMAL_EVENT
        };
        if total - HEADER > longest {
            return Err(self.too_long(form.large, total));
        }
        if !self.window.need(total) {
            return Err(self.cut_short());
        }
        let block = &self.window.bytes()[..total];
        if trailer(block) as usize != total {
            return Err(self.wrong_trailer(total));
        }
        let start = self.window.position();
        match Layout::of(block, form, self.shapes) {
            Ok(layout) => {
                self.place = Place {
                    layout,
                    start,
                    total,
                };
                self.window.consume(total);
                Ok(self.converted())
            }
            Err(Absent::NewCode) => {
                self.counters.unknown_events += 1;
                self.window.consume(total);
                Ok(None)
            }
            Err(absent) => Err(self.no_event(absent)),
        }
    }

    /// What is to be returned for the event that was found; nothing for most enter events.
    #[inline]
    fn converted(&mut self) -> Option<Found> {
        let layout = &self.place.layout;
        let verdict = match layout.class {
            _ if !self.options.convert => Verdict::Pass,
            Class::Pass => Verdict::Pass,
            Class::Drop => Verdict::Drop,
            Class::Exit if layout.is_complete() => Verdict::Pass,
            Class::Exit | Class::Convert => self.convert(),
        };
        match verdict {
            Verdict::Pass => Some(Found::Event),
            Verdict::Converted => Some(Found::Converted),
            Verdict::Drop => {
                self.counters.merged_events += 1;
                None
            }
        }
    }

    fn convert(&mut self) -> Verdict {
        let Place {
            layout,
            start,
            total,
        } = &self.place;
        let block = self.window.buffer().get(*start..start + total);
        match block.and_then(|block| layout.event(block)) {
            Some(event) => self.converter.convert(&event),
            // Returned, and counted, without parameters.
            None => Verdict::Pass,
        }
    }
}

/// Type and length of the block that begins here.
#[inline]
fn head(bytes: &[u8]) -> (u32, u32) {
    let number = |at: usize| {
        let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    };
    (number(0), number(4))
}

/// The length at the end of a block.
#[inline]
fn trailer(block: &[u8]) -> u32 {
    block
        .last_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
