//! Records out of JSON that does not come one per line: pretty-printed,
//! several on a line, in arrays and in lists of any size.
//!
//! Lists are not held: their elements are records. What is held is one record
//! at a time, up to a limit; beyond it the record is passed over without being
//! kept. What is found depends on the bytes alone, not on how they arrive.

use super::decode::{MAX_WRAPPED, list_rule};
use super::grammar::{Grammar, Step};
use super::window::Place;
use crate::event::KindRule;
use crate::json::{Kind, is_space};

/// Longest key that is remembered; longer ones are none that we know.
const MAX_KEY: usize = 16;

/// A record that is arriving.
#[derive(Clone, Debug)]
struct Held {
    /// Its first byte's distance from the start of the window.
    start: usize,
    place: Place,
    rule: KindRule,
    /// How many brackets were open before it.
    depth: usize,
    /// Where the value of its `kind` starts, while that is arriving.
    kind_start: Option<usize>,
    /// It said that it is an event: it is no list.
    is_event: bool,
    /// It is over the limit: the beginning, for the report; its bytes are gone.
    oversize: Option<Vec<u8>>,
}

/// An open list whose elements are records.
#[derive(Clone, Copy, Debug)]
struct List {
    /// How many brackets are open within it.
    depth: usize,
    rule: KindRule,
}

/// What the framer found.
#[derive(Debug)]
pub(super) enum Found {
    /// All bytes were looked at; those before this one are not needed any more.
    More { keep_from: usize },
    /// A record.
    Record {
        start: usize,
        end: usize,
        place: Place,
        rule: KindRule,
    },
    /// A record over the limit, with its beginning.
    Oversize { head: Vec<u8>, place: Place },
    /// A list element that cannot be a record: where, and what it is.
    Scalar { at: usize, place: Place, kind: Kind },
    /// The outermost value ended; its bytes are done.
    End,
    /// The input is broken at the current byte.
    Broken(Broken),
}

/// Where and why the input stopped being JSON.
#[derive(Debug)]
pub(super) struct Broken {
    pub message: &'static str,
    /// Start of the record or, outside of records, of the broken piece.
    pub start: usize,
    pub place: Place,
    /// The beginning of a record whose bytes are gone.
    pub head: Option<Vec<u8>>,
    /// It was within a list of records.
    pub in_list: bool,
    /// Go on at this byte of the window; otherwise behind the line.
    pub resume_here: bool,
}

/// The state of reading one outermost value.
pub(super) struct Framer {
    grammar: Grammar,
    /// The next byte's distance from the start of the window.
    pub at: usize,
    /// Its place.
    pub place: Place,
    held: Option<Held>,
    lists: Vec<List>,
    /// Objects that turned out to hold a list: brackets open within them.
    holders: Vec<usize>,
    key: Vec<u8>,
    in_key: bool,
    /// Only white space so far on this line, and it is not the first one.
    blank_line: bool,
    /// The byte before was a `{` in the first column, within a record.
    suspicious: bool,
    max_record: usize,
}

impl Framer {
    /// Before the first byte of a value, which is at the window's start.
    pub fn new(place: Place, max_record: usize) -> Self {
        Self {
            grammar: Grammar::new(),
            at: 0,
            place,
            held: None,
            lists: Vec::new(),
            holders: Vec::new(),
            key: Vec::new(),
            in_key: false,
            blank_line: false,
            suspicious: false,
            max_record,
        }
    }

    /// Place of a byte that [`Found::More`] wants to keep.
    pub fn place_of(&self, keep_from: usize) -> Place {
        match &self.held {
            Some(held) if held.start == keep_from && held.oversize.is_none() => held.place,
            // At most one byte back, and that is no line break.
            _ => Place {
                offset: self.place.offset - (self.at - keep_from) as u64,
                ..self.place
            },
        }
    }

    /// The window let go of its first `count` bytes.
    pub fn shift(&mut self, count: usize) {
        self.at -= count;
        if let Some(held) = &mut self.held {
            held.start = held.start.saturating_sub(count);
            held.kind_start = held.kind_start.and_then(|start| start.checked_sub(count));
        }
    }

    /// Looks at the window's bytes until there is something to tell.
    pub fn advance(&mut self, bytes: &[u8]) -> Found {
        while self.at < bytes.len() {
            if self.grammar.in_string() {
                self.pass_string(bytes);
            }
            let Some(&byte) = bytes.get(self.at) else {
                break;
            };
            let column_one = self.place.offset == self.place.line_start;
            let inside = self
                .held
                .as_ref()
                .is_some_and(|held| held.place != self.place);
            if self.suspicious && byte == b'"' {
                // No one writes JSON so that an inner object starts a line
                // together with its first key: the record before is cut off.
                return self.broken("truncated JSON: a new record begins", 1);
            }
            let step = match self.grammar.feed(byte) {
                Ok(step) => step,
                Err(message) => return self.broken(message, 0),
            };
            self.suspicious = byte == b'{' && column_one && inside;
            let found = self.note(step, bytes);
            self.step_over(byte);
            if let Some(found) = found {
                return found;
            }
            self.check_size(bytes);
        }
        let keep_from = match &self.held {
            Some(held) if held.oversize.is_none() => held.start,
            _ => self.at - usize::from(self.suspicious),
        };
        Found::More { keep_from }
    }

    /// Jumps to the next byte of a string that matters.
    fn pass_string(&mut self, bytes: &[u8]) {
        let rest = &bytes[self.at..];
        // Never further than the limit, so that it is noticed at the same byte
        // however the input arrives.
        let room = match &self.held {
            Some(held) if held.oversize.is_none() => {
                (held.start + self.max_record + 1).saturating_sub(self.at)
            }
            _ => usize::MAX,
        };
        let length = memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
        let length = length.min(room);
        if self.in_key {
            let room = MAX_KEY.saturating_sub(self.key.len());
            self.key.extend_from_slice(&rest[..length.min(room)]);
        }
        if length > 0 {
            self.suspicious = false;
            self.blank_line = false;
        }
        self.at += length;
        self.place.offset += length as u64;
        self.check_size(bytes);
    }

    fn step_over(&mut self, byte: u8) {
        self.at += 1;
        self.place.offset += 1;
        if byte == b'\n' {
            self.place.line += 1;
            self.place.line_start = self.place.offset;
            self.blank_line = true;
        } else if !is_space(byte) {
            self.blank_line = false;
        }
    }

    fn check_size(&mut self, bytes: &[u8]) {
        let (at, max) = (self.at, self.max_record);
        if let Some(held) = &mut self.held
            && held.oversize.is_none()
            && at - held.start > max
        {
            let head = &bytes[held.start..at];
            held.oversize = Some(head[..head.len().min(500)].to_vec());
            held.kind_start = None;
        }
    }

    /// The input is broken at the current byte, or `back` before it.
    fn broken(&mut self, message: &'static str, back: usize) -> Found {
        let first_line = self
            .held
            .as_ref()
            .is_none_or(|held| held.place.line == self.place.line);
        let resume_here = back > 0 || (self.blank_line && !first_line);
        self.at -= back;
        self.place.offset -= back as u64;
        let (start, place, head) = match self.held.take() {
            Some(held) => (held.start, held.place, held.oversize),
            None => (self.at, self.place, None),
        };
        let in_list = !self.lists.is_empty();
        Found::Broken(Broken {
            in_list,
            message,
            start,
            place,
            head,
            resume_here,
        })
    }

    /// The input ended here.
    pub fn cut_off(&mut self) -> Found {
        self.broken("truncated JSON: the input ends here", 0)
    }

    /// Whether a value that begins with `before` open brackets is a record.
    fn is_element(&self, before: usize) -> bool {
        self.held.is_none()
            && match self.lists.last() {
                Some(list) => list.depth == before,
                None => before == 0,
            }
    }

    fn note(&mut self, step: Step, bytes: &[u8]) -> Option<Found> {
        match step {
            Step::Inside => {
                let opens_key = self.grammar.in_key() && !self.in_key;
                if opens_key {
                    self.key.clear();
                } else if self.in_key {
                    // An escape: no key that we know has one.
                    self.key.resize(MAX_KEY, 0);
                }
                self.in_key = self.grammar.in_key();
                None
            }
            Step::KeyEnds => {
                self.in_key = false;
                None
            }
            Step::Begins(kind) => self.begins(kind),
            Step::Ends => self.ends(bytes),
        }
    }

    fn begins(&mut self, kind: Kind) -> Option<Found> {
        let opens = matches!(kind, Kind::Object | Kind::Array);
        let depth = self.grammar.depth();
        let before = depth - usize::from(opens);
        let rule = self
            .lists
            .last()
            .map_or(KindRule::Required, |list| list.rule);
        if self.is_element(before) {
            match kind {
                Kind::Array if self.lists.len() < MAX_WRAPPED => {
                    self.lists.push(List { depth, rule });
                }
                Kind::Object | Kind::Array => {
                    self.held = Some(Held {
                        start: self.at,
                        place: self.place,
                        rule,
                        depth: before,
                        kind_start: None,
                        is_event: false,
                        oversize: None,
                    });
                }
                _ => {
                    return Some(Found::Scalar {
                        at: self.at,
                        place: self.place,
                        kind,
                    });
                }
            }
            return None;
        }
        let room = self.lists.len() < MAX_WRAPPED;
        let list = list_rule(&self.key).filter(|_| kind == Kind::Array && room);
        match &mut self.held {
            Some(held) if before == held.depth + 1 => {
                if self.key == b"kind" && kind == Kind::String && held.oversize.is_none() {
                    held.kind_start = Some(self.at);
                } else if let Some(rule) = list
                    && !held.is_event
                    && held.oversize.is_none()
                {
                    self.held = None;
                    self.holders.push(before);
                    self.lists.push(List { depth, rule });
                }
            }
            None if self.holders.last() == Some(&before) => {
                self.lists.extend(list.map(|rule| List { depth, rule }));
            }
            _ => {}
        }
        None
    }

    fn ends(&mut self, bytes: &[u8]) -> Option<Found> {
        let depth = self.grammar.depth();
        if let Some(held) = &mut self.held {
            if depth == held.depth + 1
                && let Some(start) = held.kind_start.take()
            {
                held.is_event |= bytes.get(start..=self.at) == Some(b"\"Event\"");
            }
            if depth != held.depth {
                return None;
            }
            let held = self.held.take()?;
            return Some(match held.oversize {
                Some(head) => Found::Oversize {
                    head,
                    place: held.place,
                },
                None => Found::Record {
                    start: held.start,
                    end: self.at + 1,
                    place: held.place,
                    rule: held.rule,
                },
            });
        }
        if self
            .lists
            .last()
            .is_some_and(|list| list.depth == depth + 1)
        {
            self.lists.pop();
        } else if self.holders.last() == Some(&(depth + 1)) {
            self.holders.pop();
        }
        (depth == 0).then_some(Found::End)
    }

    /// Whether the outermost value has ended.
    pub fn is_done(&self) -> bool {
        self.grammar.depth() == 0 && self.held.is_none()
    }
}
