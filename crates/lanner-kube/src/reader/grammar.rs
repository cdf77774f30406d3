//! JSON one byte after the other: for input that does not come one event per
//! line. Says where values begin and end while they are still arriving.
//!
//! What a scalar or an escape looks like is not checked here but when the
//! record is read.

use crate::json::{Kind, MAX_DEPTH, is_space};

/// What a byte did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing that matters to framing.
    Inside,
    /// It is the first byte of a value.
    Begins(Kind),
    /// It is the closing quote of a key.
    KeyEnds,
    /// It is the last byte of a value that is not a number or a literal.
    Ends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Value,
    FirstElement,
    FirstKey,
    Key,
    Colon,
    Delimiter,
    Scalar,
    String { key: bool },
    Escape { key: bool },
}

/// A position within one JSON text.
#[derive(Clone, Debug)]
pub(super) struct Grammar {
    state: State,
    depth: usize,
    /// One bit a level: 1 for an object.
    objects: [u64; MAX_DEPTH.div_ceil(64)],
}

impl Grammar {
    /// Before the first byte of a value.
    pub fn new() -> Self {
        Self {
            state: State::Value,
            depth: 0,
            objects: [0; MAX_DEPTH.div_ceil(64)],
        }
    }

    /// How many objects and arrays are open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether the next bytes are a string's.
    pub fn in_string(&self) -> bool {
        matches!(self.state, State::String { .. })
    }

    /// Whether the next bytes are a key's.
    pub fn in_key(&self) -> bool {
        matches!(
            self.state,
            State::String { key: true } | State::Escape { key: true }
        )
    }

    fn push(&mut self, object: bool) -> Result<(), &'static str> {
        if self.depth == MAX_DEPTH {
            return Err("nested too deep");
        }
        let bit = 1 << (self.depth % 64);
        let word = &mut self.objects[self.depth / 64];
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        Ok(())
    }

    fn in_object(&self) -> bool {
        self.depth > 0 && self.objects[(self.depth - 1) / 64] >> ((self.depth - 1) % 64) & 1 == 1
    }

    /// Takes the next byte.
    pub fn feed(&mut self, byte: u8) -> Result<Step, &'static str> {
        match self.state {
            State::String { key } => match byte {
                b'"' if key => {
                    self.state = State::Colon;
                    return Ok(Step::KeyEnds);
                }
                b'"' => {
                    self.state = State::Delimiter;
                    return Ok(Step::Ends);
                }
                b'\\' => self.state = State::Escape { key },
                b'\n' => return Err("truncated JSON: the line ends inside of a string"),
                _ => {}
            },
            State::Escape { key } => match byte {
                b'\n' => return Err("truncated JSON: the line ends inside of a string"),
                _ => self.state = State::String { key },
            },
            State::Scalar if !matches!(byte, b',' | b'}' | b']') && !is_space(byte) => {
                if !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.') {
                    return Err("not a JSON value");
                }
            }
            State::Scalar => {
                self.state = State::Delimiter;
                return self.feed(byte);
            }
            _ if is_space(byte) => {}
            State::Value | State::FirstElement => return self.begin(byte),
            State::FirstKey | State::Key => match byte {
                b'"' => self.state = State::String { key: true },
                b'}' if self.state == State::FirstKey => return self.close(byte),
                _ => return Err("a key should be here"),
            },
            State::Colon => match byte {
                b':' => self.state = State::Value,
                _ => return Err("a colon is missing"),
            },
            State::Delimiter => match byte {
                b',' if self.in_object() => self.state = State::Key,
                b',' if self.depth > 0 => self.state = State::Value,
                _ => return self.close(byte),
            },
        }
        Ok(Step::Inside)
    }

    fn begin(&mut self, byte: u8) -> Result<Step, &'static str> {
        let kind = match byte {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            b'-' | b'0'..=b'9' => Kind::Number,
            b']' if self.state == State::FirstElement => return self.close(byte),
            _ => return Err("a value should be here"),
        };
        self.state = match kind {
            Kind::Object => {
                self.push(true)?;
                State::FirstKey
            }
            Kind::Array => {
                self.push(false)?;
                State::FirstElement
            }
            Kind::String => State::String { key: false },
            _ => State::Scalar,
        };
        Ok(Step::Begins(kind))
    }

    fn close(&mut self, byte: u8) -> Result<Step, &'static str> {
        let expected = if self.in_object() { b'}' } else { b']' };
        if self.depth == 0 || byte != expected {
            return Err("a comma or the end should be here");
        }
        self.depth -= 1;
        self.state = State::Delimiter;
        Ok(Step::Ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Index;
    use proptest::prelude::*;

    /// All bytes of `text` are one complete value, as far as this can tell.
    fn accepts(text: &[u8]) -> bool {
        let mut grammar = Grammar::new();
        text.iter().all(|&byte| grammar.feed(byte).is_ok())
            && grammar.depth() == 0
            && matches!(grammar.state, State::Delimiter | State::Scalar)
    }

    proptest! {
        /// It never refuses what the full reader takes.
        #[test]
        fn accepts_all_json(text in prop::collection::vec(prop::sample::select(&b"{}[]:,\"\"\"aa1 "[..]), 0..12)) {
            if Index::new().read(&text).is_ok() {
                prop_assert!(accepts(&text));
            }
        }
    }

    #[test]
    fn refuses_bad_structure() {
        for text in [
            "{",
            "{]",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1,]",
            "[1 2]",
            "{\"a\" 1}",
            "\"a\nb\"",
            "}",
            "[1}",
        ] {
            assert!(!accepts(text.as_bytes()), "{text}");
        }
        assert!(!accepts("[".repeat(MAX_DEPTH + 1).as_bytes()));
        assert!(accepts(
            format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH)).as_bytes()
        ));
    }
}
