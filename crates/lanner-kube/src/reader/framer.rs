//! Frames one top-level value byte by byte, and hands out the records in it as soon as each is whole:
//! the elements of an array, the items of a list object, or the value itself.

use super::decode::{Decoder, OnEvent, Record, list_rule};
use super::excerpt;
use super::grammar::{Grammar, Step};
use super::window::{Place, Window};
use crate::event::{KindRule, RecordError};
use crate::json::Kind;

/// What came of a run over the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The window is used up, the value is not at its end.
    NeedsMore,
    /// The value is whole and taken from the window.
    ValueEnds,
    /// What is there is not JSON; everything up to the error is taken.
    Broken {
        /// It was an element of a list.
        in_list: bool,
    },
}

/// The record that is being framed.
struct Open {
    /// Where it begins in the window.
    start: usize,
    /// It was too long: its bytes were let go, and it was reported.
    dropped: bool,
}

pub(super) struct Framer {
    grammar: Grammar,
    /// Bytes of the window that the grammar has seen.
    scanned: usize,
    /// Depth at which records stand: 0 for the value itself.
    record_depth: usize,
    rule: KindRule,
    record: Option<Open>,
    /// In the top-level object: the last key, and whether it said that it is an event.
    key: Vec<u8>,
    value_start: usize,
    is_event: bool,
}

impl Framer {
    /// Before the first byte of a value.
    pub fn new() -> Self {
        Self {
            grammar: Grammar::new(),
            scanned: 0,
            record_depth: 0,
            rule: KindRule::Required,
            record: None,
            key: Vec::new(),
            value_start: 0,
            is_event: false,
        }
    }

    /// Runs over the window until the value ends or the window does.
    pub fn run(
        &mut self,
        window: &mut Window,
        decoder: &mut Decoder,
        max_record_bytes: usize,
        on_event: OnEvent<'_>,
    ) -> Outcome {
        loop {
            let Some(&byte) = window.bytes().get(self.scanned) else {
                self.let_go(window);
                return Outcome::NeedsMore;
            };
            let depth = self.grammar.depth();
            let step = match self.grammar.feed(byte) {
                Ok(step) => step,
                Err(reason) => return self.broken(reason, window, decoder),
            };
            let at = self.scanned;
            self.scanned += 1;
            match step {
                Step::Inside if self.grammar.in_string() => self.skip_string(window.bytes()),
                Step::Inside => {}
                Step::Begins(kind) if matches!(kind, Kind::Number | Kind::Bool | Kind::Null) => {
                    if depth == self.record_depth && self.in_records() {
                        let place = advance(window.place, &window.bytes()[..at]);
                        let reason = format!("not an audit event: it is {}", kind.name());
                        let text = &window.bytes()[at..self.scanned];
                        decoder.report.skip(text, place, &RecordError::new(reason));
                    }
                }
                Step::Begins(kind) => self.begins(kind, at, depth),
                Step::KeyEnds => self.key_ends(at, window.bytes()),
                Step::Ends => {
                    if self.ends(at, window, decoder, on_event) {
                        return self.finish(window);
                    }
                }
            }
            self.limit(window, decoder, max_record_bytes);
        }
    }

    /// At the end of the input: what is open is reported.
    pub fn end(&mut self, window: &mut Window, decoder: &mut Decoder) {
        let bytes = window.bytes();
        if bytes[self.scanned.min(bytes.len())..].is_empty()
            && self.grammar.depth() == 0
            && self.record.is_none()
        {
            return;
        }
        let mut error = RecordError::new("truncated JSON: the input ends inside of a value");
        error.truncated = true;
        self.report(&error, window, decoder);
    }

    /// The rest of a string holds nothing but its end.
    fn skip_string(&mut self, bytes: &[u8]) {
        let rest = &bytes[self.scanned..];
        self.scanned += memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
    }

    fn begins(&mut self, kind: Kind, at: usize, depth: usize) {
        self.value_start = at;
        if depth == 0 && kind == Kind::Array {
            self.record_depth = 1;
            self.rule = KindRule::Required;
            return;
        }
        if depth == 1 && self.record_depth == 0 && kind == Kind::Array && !self.is_event {
            if let Some(rule) = list_rule(&self.key) {
                // A list object: from here on its items are the records.
                self.record_depth = 2;
                self.rule = rule;
                self.record = None;
                return;
            }
        }
        if depth == self.record_depth && self.record.is_none() && self.in_records() {
            self.record = Some(Open {
                start: at,
                dropped: false,
            });
        }
    }

    /// Whether values at the record depth are records: not the other members of a list object.
    fn in_records(&self) -> bool {
        self.record_depth < 2 || list_rule(&self.key).is_some()
    }

    fn key_ends(&mut self, at: usize, bytes: &[u8]) {
        if self.grammar.depth() != 1 {
            return;
        }
        let start = memchr::memrchr(b'"', &bytes[..at]).map_or(at, |quote| quote + 1);
        self.key.clear();
        self.key.extend_from_slice(&bytes[start..at]);
    }

    /// A value other than a number or literal ended. Whether it was the whole.
    fn ends(
        &mut self,
        at: usize,
        window: &mut Window,
        decoder: &mut Decoder,
        on_event: OnEvent<'_>,
    ) -> bool {
        let depth = self.grammar.depth();
        if depth == 1 && self.record_depth == 0 && self.key == b"kind" {
            self.is_event |= window.bytes().get(self.value_start..=at) == Some(b"\"Event\"");
        }
        if depth == self.record_depth && self.record.is_some() {
            self.emit(at + 1, window, decoder, on_event);
        }
        depth == 0
    }

    /// Decodes the open record, which ends before `end`, and takes it from the window.
    fn emit(
        &mut self,
        end: usize,
        window: &mut Window,
        decoder: &mut Decoder,
        on_event: OnEvent<'_>,
    ) {
        let Some(open) = self.record.take() else {
            return;
        };
        let bytes = window.bytes();
        let place = advance(window.place, &bytes[..open.start]);
        if !open.dropped {
            let text = &bytes[open.start..end];
            let record = Record {
                text,
                place,
                rule: self.rule,
            };
            if let Err(error) = decoder.record(&record, on_event) {
                decoder.report.skip(text, place, &error.into());
            }
        }
        self.take(end, window);
    }

    /// Lets go of everything when no record is open.
    fn let_go(&mut self, window: &mut Window) {
        if self.record.is_none() && self.record_depth > 0 {
            self.take(self.scanned, window);
        }
    }

    fn take(&mut self, count: usize, window: &mut Window) {
        let place = advance(window.place, &window.bytes()[..count]);
        window.take_to(count, place);
        self.scanned -= count;
        self.value_start = 0;
    }

    /// Drops a record that is too long.
    fn limit(&mut self, window: &mut Window, decoder: &mut Decoder, max_record_bytes: usize) {
        let Some(open) = &mut self.record else {
            return;
        };
        if self.scanned - open.start <= max_record_bytes {
            return;
        }
        if !open.dropped {
            open.dropped = true;
            let start = open.start;
            let text = &window.bytes()[start..self.scanned];
            let place = advance(window.place, &window.bytes()[..start]);
            let error = RecordError::new(format!(
                "the record is larger than {max_record_bytes} bytes"
            ));
            decoder.report.skip(text, place, &error);
        }
        open.start = 0;
        let count = self.scanned;
        self.take(count, window);
    }

    fn broken(
        &mut self,
        reason: &'static str,
        window: &mut Window,
        decoder: &mut Decoder,
    ) -> Outcome {
        let mut error = RecordError::new(format!("not JSON: {reason}"));
        error.truncated = reason.starts_with("truncated");
        if error.truncated {
            error.reason = reason.into();
        }
        let in_list = self.record_depth > 0;
        self.report(&error, window, decoder);
        let count = self.scanned.min(window.bytes().len());
        self.take(count, window);
        Outcome::Broken { in_list }
    }

    fn report(&mut self, error: &RecordError, window: &Window, decoder: &mut Decoder) {
        let dropped = self.record.as_ref().is_some_and(|open| open.dropped);
        if dropped {
            // it was reported when it grew too long
            return;
        }
        let bytes = window.bytes();
        let start = self
            .record
            .as_ref()
            .map_or(0, |open| open.start)
            .min(bytes.len());
        let text = &bytes[start..];
        let place = advance(window.place, &bytes[..start]);
        let mut error = error.clone();
        error.at = Some(self.scanned.saturating_sub(start).min(text.len()));
        decoder
            .report
            .skip_shown(excerpt(text, 120), text, place, &error);
    }

    fn finish(&mut self, window: &mut Window) -> Outcome {
        self.take(self.scanned, window);
        Outcome::ValueEnds
    }
}

/// The place behind `bytes`, which begin at `place`.
fn advance(place: Place, bytes: &[u8]) -> Place {
    let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
    let offset = place.offset + bytes.len() as u64;
    let line_start =
        memchr::memrchr(b'\n', bytes).map_or(place.line_start, |at| place.offset + at as u64 + 1);
    Place {
        offset,
        line: place.line + lines,
        line_start,
    }
}
