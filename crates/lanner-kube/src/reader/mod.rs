//! Audit events out of files, standard input and memory, in constant memory.
//!
//! Most logs have one event a line: lines are found and read where they lie. Everything else (arrays,
//! `EventList`s, several values on a line, values over several lines) is framed byte by byte.

mod decode;
mod dedup;
mod envelope;
mod framer;
mod grammar;
mod report;
mod source;
mod window;

use std::collections::VecDeque;
use std::io;

pub use decode::OnEvent;
use decode::{Decoder, Filter, Record};
use dedup::Dedup;
use envelope::CUT_MARK;
use framer::{Framer, Outcome};
pub(crate) use report::excerpt;
pub use report::{Counters, InputStats, Skipped, Stats};
pub use source::{Input, InputError};
use window::{Place, Window};

use crate::event::{KindRule, RecordError};
use crate::json::SyntaxError;

/// A line longer than this is framed byte by byte: it may be a list of any length.
const MAX_LINE: usize = 1024 * 1024;

/// What a scan does with events, and its bounds.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Drop events whose audit ID and stage were seen before.
    pub dedup: bool,
    /// Only events from this time on, in nanoseconds since the epoch.
    pub since_ns: Option<u64>,
    /// Only events before this time.
    pub until_ns: Option<u64>,
    /// Longer records are skipped and reported.
    pub max_record_bytes: usize,
    /// For `evt.hostname`.
    pub hostname: Option<String>,
    /// Seconds that local time is ahead of UTC, for `evt.time`.
    pub utc_offset: i32,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            dedup: false,
            since_ns: None,
            until_ns: None,
            max_record_bytes: 64 * 1024 * 1024,
            hostname: None,
            utc_offset: 0,
        }
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken from the inputs, as they are stored.
    pub stored_bytes: u64,
    /// Events handed out.
    pub events: u64,
    /// All inputs are read.
    pub finished: bool,
}

/// Reads inputs one after the other and hands out their events.
pub struct Scanner {
    inputs: VecDeque<Input>,
    current: Option<Current>,
    decoder: Decoder,
    max_record_bytes: usize,
    buffer: Vec<u8>,
}

struct Current {
    window: Window,
    /// Set while a value is framed byte by byte.
    framer: Option<Framer>,
    /// A list was broken: what follows are its elements, with commas behind them.
    broken_list: bool,
    /// The rest of a line that could not be read is passed over.
    skip_line: bool,
    /// Bytes of the window that hold no line break.
    searched: usize,
    stored_before: u64,
    first: bool,
}

impl Scanner {
    /// A scan of inputs, in the given order. Nothing is opened yet.
    #[must_use]
    pub fn new(inputs: Vec<Input>, options: ScanOptions) -> Self {
        let filter = Filter {
            dedup: options.dedup.then(Dedup::new),
            since_ns: options.since_ns,
            until_ns: options.until_ns,
            hostname: options.hostname,
            utc_offset: options.utc_offset,
            ..Filter::default()
        };
        Self {
            inputs: inputs.into(),
            current: None,
            decoder: Decoder::new(filter),
            max_record_bytes: options.max_record_bytes,
            buffer: Vec::new(),
        }
    }

    /// Reads about `budget` bytes (decompressed) more, and hands out the events in them.
    ///
    /// Inputs that cannot be read are noted in [`Scanner::stats`]; the scan goes on with the next.
    pub fn step(&mut self, budget: usize, on_event: OnEvent<'_>) -> Progress {
        let before = self.total();
        let mut left = budget as u64;
        let finished = loop {
            if self.current.is_none() && !self.open_next() {
                break true;
            }
            let Some(mut current) = self.current.take() else {
                continue;
            };
            let start = current.window.place.offset;
            let more = current.advance(&mut self.decoder, self.max_record_bytes, on_event);
            let end = current.window.place.offset;
            self.count(&mut current, end - start);
            match more {
                Ok(true) => self.current = Some(current),
                Ok(false) => self.buffer = current.window.into_buffer(),
                Err(error) => {
                    self.fail(&error);
                    self.buffer = current.window.into_buffer();
                }
            }
            left = left.saturating_sub(end - start);
            if left == 0 {
                break false;
            }
        };
        let after = self.total();
        Progress {
            stored_bytes: after.stored_bytes - before.stored_bytes,
            events: after.events - before.events,
            finished,
        }
    }

    /// The records that gave no event since the last call; a bounded number, all are counted.
    pub fn take_skipped(&mut self) -> Vec<Skipped> {
        self.decoder.report.take()
    }

    /// Counts so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let overflowed = self
            .decoder
            .filter
            .dedup
            .as_ref()
            .is_some_and(|dedup| dedup.overflowed);
        self.decoder.report.stats(overflowed)
    }

    fn total(&self) -> Counters {
        self.decoder.report.total()
    }

    fn open_next(&mut self) -> bool {
        let Some(input) = self.inputs.pop_front() else {
            return false;
        };
        self.decoder.report.begin(&input.name());
        match source::open(input) {
            Ok(opened) => {
                self.current = Some(Current {
                    window: Window::new(opened, std::mem::take(&mut self.buffer)),
                    framer: None,
                    broken_list: false,
                    skip_line: false,
                    searched: 0,
                    stored_before: 0,
                    first: true,
                });
            }
            Err(error) => self.fail(&error),
        }
        true
    }

    fn fail(&mut self, error: &io::Error) {
        self.decoder.report.fail(error);
    }

    fn count(&mut self, current: &mut Current, bytes: u64) {
        let stored = current.window.stored_bytes();
        let counters = self.decoder.report.counters();
        counters.bytes += bytes;
        counters.stored_bytes += stored - current.stored_before;
        current.stored_before = stored;
    }
}

impl Current {
    /// Handles what is in the window, or reads more. False at the end of the input.
    fn advance(
        &mut self,
        decoder: &mut Decoder,
        max_record_bytes: usize,
        on_event: OnEvent<'_>,
    ) -> io::Result<bool> {
        if std::mem::take(&mut self.first) {
            while self.window.bytes().len() < 3 && !self.window.at_end {
                self.window.fill()?;
            }
            if self.window.bytes().starts_with(b"\xef\xbb\xbf") {
                self.window.take(3, false);
            }
        }
        if self.framer.is_some() {
            return self.frame(decoder, max_record_bytes, on_event);
        }
        while let Some(at) = memchr::memchr(b'\n', &self.window.bytes()[self.searched..]) {
            let end = std::mem::take(&mut self.searched) + at;
            if !self.line(end, decoder, on_event) {
                return self.frame(decoder, max_record_bytes, on_event);
            }
            self.window.take(end + 1, true);
        }
        self.searched = self.window.bytes().len();
        if self.window.at_end {
            let length = std::mem::take(&mut self.searched);
            if length > 0 && !self.line(length, decoder, on_event) {
                return self.frame(decoder, max_record_bytes, on_event);
            }
            self.window.take(length, false);
            return Ok(false);
        }
        if self.skip_line {
            self.window.take(std::mem::take(&mut self.searched), false);
        } else if self.searched > MAX_LINE {
            self.searched = 0;
            self.framer = Some(Framer::new());
            return self.frame(decoder, max_record_bytes, on_event);
        }
        self.window.fill()?;
        Ok(true)
    }

    /// Reads the line `bytes[..end]`. False when it is not one whole value and must be framed.
    fn line(&mut self, end: usize, decoder: &mut Decoder, on_event: OnEvent<'_>) -> bool {
        if std::mem::take(&mut self.skip_line) {
            return true;
        }
        let mut line = self.window.bytes()[..end].trim_ascii();
        if self.broken_list {
            line = line.strip_suffix(b",").unwrap_or(line).trim_ascii_end();
            if matches!(line, b"]" | b"]}" | b"}" | b"[") {
                return true;
            }
        }
        if line.is_empty() {
            return true;
        }
        let indent = line.as_ptr() as usize - self.window.bytes().as_ptr() as usize;
        let place = Place {
            offset: self.window.place.offset + indent as u64,
            ..self.window.place
        };
        let record = Record {
            text: line,
            place,
            rule: KindRule::Required,
        };
        let Err(error) = decoder.record(&record, on_event) else {
            return true;
        };
        if line.ends_with(CUT_MARK) {
            let mut cut = RecordError::new("the line was truncated before it came here");
            cut.truncated = true;
            decoder.report.skip(line, place, &cut);
            return true;
        }
        // Only what begins like a list or an event can go on in the next line, or be followed by
        // another value on this one.
        if !matches!(line[0], b'{' | b'[') || !may_be_framed(&error) {
            decoder.report.skip(line, place, &error.into());
            return true;
        }
        self.framer = Some(Framer::new());
        false
    }

    fn frame(
        &mut self,
        decoder: &mut Decoder,
        max_record_bytes: usize,
        on_event: OnEvent<'_>,
    ) -> io::Result<bool> {
        let Some(mut framer) = self.framer.take() else {
            return Ok(true);
        };
        match framer.run(&mut self.window, decoder, max_record_bytes, on_event) {
            Outcome::NeedsMore if self.window.at_end => {
                framer.end(&mut self.window, decoder);
                return Ok(false);
            }
            Outcome::NeedsMore => {
                self.framer = Some(framer);
                self.window.fill()?;
            }
            Outcome::ValueEnds => {}
            Outcome::Broken { in_list } => {
                self.broken_list |= in_list;
                self.skip_line = true;
            }
        }
        Ok(true)
    }
}

/// Whether a text that is not one JSON value may be the beginning of one, or several.
fn may_be_framed(error: &SyntaxError) -> bool {
    error.incomplete || error.trailing()
}

/// Time (ns since the epoch) of the first event in a file; `None` when there is none in its first
/// megabytes.
#[must_use]
pub fn first_event_time(path: &std::path::Path) -> Option<u64> {
    const LOOK: usize = 16 * 1024 * 1024;
    let mut scanner = Scanner::new(vec![Input::Path(path.into())], ScanOptions::default());
    let mut first = None;
    let mut looked = 0;
    while first.is_none() && looked < LOOK {
        let progress = scanner.step(64 * 1024, &mut |event| {
            first.get_or_insert(event.time_ns());
        });
        if progress.finished {
            break;
        }
        looked += 64 * 1024;
    }
    first
}
