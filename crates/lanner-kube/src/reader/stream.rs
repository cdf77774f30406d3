//! One input, taken apart into records.

use std::io;

use super::decode::{Decoder, OnEvent, Record};
use super::envelope::CUT_MARK;
use super::framer::{Broken, Found, Framer};
use super::window::Window;
use crate::event::{KindRule, RecordError};
use crate::json::is_space;

/// A line that is longer is read by the framer, which holds no lists.
const MAX_LINE: usize = 1 << 20;

/// Bytes that must be there before a piece of input is shown to people.
const SHOWN: usize = 600;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

enum Mode {
    /// Between outermost values.
    Between,
    /// Within an outermost value that is read byte by byte.
    Framing(Box<Framer>),
    /// Passing over the rest of a line.
    SkippingLine,
    /// Nothing more will come.
    Finished,
}

/// An open input.
pub(super) struct Stream {
    pub window: Window,
    mode: Mode,
    /// Nothing but white space before the window's start on its line.
    fresh_line: bool,
    /// Behind something broken: what does not begin a record belongs to it.
    recovering: bool,
    /// A list was broken: its other elements come with commas and brackets.
    broken_list: bool,
    max_record: usize,
}

impl Stream {
    pub fn new(window: Window, max_record: usize) -> Self {
        Self {
            window,
            mode: Mode::Between,
            fresh_line: true,
            recovering: false,
            broken_list: false,
            max_record,
        }
    }

    pub fn is_finished(&self) -> bool {
        matches!(self.mode, Mode::Finished)
    }

    /// Does one piece of work: reads more, or deals with one record or so.
    pub fn advance(&mut self, decoder: &mut Decoder, on_event: OnEvent<'_>) -> io::Result<()> {
        match &mut self.mode {
            Mode::Between => self.between(decoder, on_event),
            Mode::Framing(_) => self.framing(decoder, on_event),
            Mode::SkippingLine => self.skip_line(),
            Mode::Finished => Ok(()),
        }
    }

    /// Makes sure that `count` bytes are there, or all that will ever be.
    fn need(&mut self, count: usize) -> io::Result<()> {
        while self.window.bytes().len() < count && !self.window.at_end {
            self.window.fill()?;
        }
        Ok(())
    }

    fn between(&mut self, decoder: &mut Decoder, on_event: OnEvent<'_>) -> io::Result<()> {
        let Some(&byte) = self.window.bytes().first() else {
            if self.window.at_end {
                self.mode = Mode::Finished;
                return Ok(());
            }
            return self.window.fill();
        };
        match byte {
            b'{' if self.fresh_line => self.line(decoder, on_event),
            b'{' | b'[' => {
                self.frame();
                Ok(())
            }
            b'\n' => {
                self.window.take(1, true);
                self.fresh_line = true;
                Ok(())
            }
            // 0x1e starts a record of an RFC 7464 sequence.
            _ if is_space(byte) || byte == 0x1e => {
                self.window.take(1, false);
                Ok(())
            }
            b',' | b']' | b'}' if self.broken_list => {
                self.window.take(1, false);
                Ok(())
            }
            _ => self.garbage(decoder),
        }
    }

    fn frame(&mut self) {
        let framer = Framer::new(self.window.place, self.max_record);
        self.mode = Mode::Framing(Box::new(framer));
    }

    /// The usual case: the line is one whole record.
    fn line(&mut self, decoder: &mut Decoder, on_event: OnEvent<'_>) -> io::Result<()> {
        let mut searched = 0;
        let (length, found) = loop {
            let bytes = self.window.bytes();
            if let Some(at) = memchr::memchr(b'\n', &bytes[searched..]) {
                break (searched + at, true);
            }
            searched = bytes.len();
            if self.window.at_end || searched > MAX_LINE {
                break (searched, false);
            }
            self.window.fill()?;
        };
        let whole = found || self.window.at_end;
        if whole && length <= self.max_record.min(MAX_LINE) {
            let text = &self.window.bytes()[..length];
            let place = self.window.place;
            let record = Record {
                text,
                place,
                rule: KindRule::Required,
            };
            if decoder.record(&record, on_event).is_ok() {
                self.window.take(length + usize::from(found), found);
                self.recovering = false;
                return Ok(());
            }
        }
        self.frame();
        Ok(())
    }

    /// Bytes that cannot begin a record.
    fn garbage(&mut self, decoder: &mut Decoder) -> io::Result<()> {
        self.need(SHOWN)?;
        let bytes = self.window.bytes();
        let place = self.window.place;
        if place.offset == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
            self.window.take(BYTE_ORDER_MARK.len(), false);
            return Ok(());
        }
        let utf16 = place.offset == 0
            && (bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]));
        if utf16 {
            let error = RecordError::new("the input is UTF-16; audit logs are UTF-8");
            decoder.report.skip(bytes, place, &error);
            self.mode = Mode::Finished;
            return Ok(());
        }
        if !self.recovering {
            // No more than what is certainly there, however the input arrives.
            let shown = &bytes[..bytes.len().min(SHOWN)];
            let line = memchr::memchr(b'\n', shown).unwrap_or(shown.len());
            let line = shown[..line].trim_ascii_end();
            let mut error = RecordError::new("not JSON");
            error.at = Some(0);
            decoder.report.skip(line, place, &error);
        }
        self.mode = Mode::SkippingLine;
        Ok(())
    }

    fn skip_line(&mut self) -> io::Result<()> {
        let bytes = self.window.bytes();
        if let Some(at) = memchr::memchr(b'\n', bytes) {
            self.window.take(at + 1, true);
            self.fresh_line = true;
            self.mode = Mode::Between;
            return Ok(());
        }
        let all = bytes.len();
        self.window.take(all, false);
        if self.window.at_end {
            self.mode = Mode::Finished;
            return Ok(());
        }
        self.window.fill()
    }

    fn framing(&mut self, decoder: &mut Decoder, on_event: OnEvent<'_>) -> io::Result<()> {
        let Mode::Framing(framer) = &mut self.mode else {
            return Ok(());
        };
        let bytes = self.window.bytes();
        let mut found = framer.advance(bytes);
        if let Found::More { keep_from } = found {
            if !self.window.at_end {
                let place = framer.place_of(keep_from);
                self.window.take_to(keep_from, place);
                framer.shift(keep_from);
                return self.window.fill();
            }
            found = framer.cut_off();
        }
        let done_with = matches!(found, Found::Record { .. } | Found::Oversize { .. });
        match found {
            Found::Record {
                start,
                end,
                place,
                rule,
            } => {
                let record = Record {
                    text: &bytes[start..end],
                    place,
                    rule,
                };
                match decoder.record(&record, on_event) {
                    Ok(()) => self.recovering = false,
                    Err(error) => decoder.report.skip(record.text, place, &error.into()),
                }
            }
            Found::Oversize { head, place } => {
                let limit = self.max_record;
                let error = RecordError::new(format!("the record is larger than {limit} bytes"));
                decoder.report.skip(&head, place, &error);
            }
            Found::Scalar { at, place, kind } => {
                let shown = &bytes[at..bytes.len().min(at + 1)];
                let error = RecordError::new(format!("not an audit event: it is {}", kind.name()));
                decoder.report.skip(shown, place, &error);
            }
            Found::Broken(broken) => return self.resume(&broken, decoder),
            Found::End | Found::More { .. } => {}
        }
        if framer.is_done() {
            let (at, place) = (framer.at, framer.place);
            self.window.take_to(at, place);
            self.fresh_line = false;
            self.mode = Mode::Between;
        } else if done_with {
            let at = framer.at;
            self.window.take_to(at, framer.place);
            framer.shift(at);
        }
        Ok(())
    }

    /// Reports broken input and finds where to go on.
    fn resume(&mut self, broken: &Broken, decoder: &mut Decoder) -> io::Result<()> {
        let Mode::Framing(framer) = &mut self.mode else {
            return Ok(());
        };
        let (at, here) = (framer.at, framer.place);
        let result = self.need(at + SHOWN);
        let bytes = self.window.bytes();
        let mut error = RecordError::new(broken.message);
        error.truncated = broken.message.starts_with("truncated");
        // The mark may be what broke it: `"user":[Truncated...]`.
        let around =
            &bytes[at.saturating_sub(CUT_MARK.len() + 1)..bytes.len().min(at + CUT_MARK.len())];
        if memchr::memmem::find(around, CUT_MARK).is_some() {
            error = RecordError::new("truncated before it came here");
            error.truncated = true;
        }
        match &broken.head {
            Some(head) => decoder.report.skip(head, broken.place, &error),
            None => {
                error.at = Some(at - broken.start);
                let line = |text: &[u8]| memchr::memchr(b'\n', text).unwrap_or(text.len());
                let end = at + line(&bytes[at..]);
                decoder
                    .report
                    .skip(&bytes[broken.start..end], broken.place, &error);
            }
        }
        self.window.take_to(at, here);
        self.recovering = true;
        self.broken_list |= broken.in_list;
        self.fresh_line = broken.resume_here;
        self.mode = if broken.resume_here {
            Mode::Between
        } else {
            Mode::SkippingLine
        };
        result
    }
}
