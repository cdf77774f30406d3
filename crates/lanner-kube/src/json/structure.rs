//! The second pass: over the positions, checks the grammar and pairs the
//! brackets.

use super::index::{MAX_DEPTH, SyntaxError};
use super::scalar::{check_scalar, is_space};
use super::text::string_length;

/// First byte at or behind `at` that is not white space.
#[inline(always)]
pub(super) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && is_space(text[at]) {
        at += 1;
    }
    at
}

/// One past the last byte before `end` that is not white space.
#[inline(always)]
pub(super) fn trim_space(text: &[u8], from: usize, mut end: usize) -> usize {
    while end > from && is_space(text[end - 1]) {
        end -= 1;
    }
    end
}

/// Where the walk stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The first key of an object, or its end.
    FirstKey,
    /// A key, after a comma.
    Key,
    /// The first element of an array, or its end.
    FirstElement,
    /// A value.
    Value,
    /// A comma or the end of what is open.
    Delimiter,
}

struct Walk<'t> {
    text: &'t [u8],
    positions: &'t [u32],
    /// Number of the next position.
    token: usize,
    /// First byte not looked at.
    at: usize,
}

impl Walk<'_> {
    #[inline(always)]
    fn position(&self) -> usize {
        self.positions
            .get(self.token)
            .map_or(self.text.len(), |&p| p as usize)
    }

    fn unexpected(&self, message: &'static str) -> SyntaxError {
        match skip_space(self.text, self.at) {
            at if at >= self.text.len() => SyntaxError::incomplete(self.text.len()),
            at => SyntaxError::new(at, message),
        }
    }

    /// Passes a string whose opening quote is the next position: what lies
    /// between it and the position after it must be the rest of the string
    /// and white space.
    #[inline(always)]
    fn string(&mut self) -> Result<(), SyntaxError> {
        let start = self.position();
        self.token += 1;
        let limit = self.position();
        let end = trim_space(self.text, start + 1, limit);
        if end < start + 2 || self.text[end - 1] != b'"' {
            return Err(if limit == self.text.len() {
                SyntaxError::incomplete(self.text.len())
            } else {
                let after = skip_space(self.text, start + string_length(&self.text[start..]));
                SyntaxError::new(
                    after,
                    "a comma, a colon or the end should follow the string",
                )
            });
        }
        self.at = limit;
        Ok(())
    }

    /// Passes a number or a literal.
    #[inline(always)]
    fn scalar(&mut self, from: usize) -> Result<(), SyntaxError> {
        let limit = self.position();
        let end = trim_space(self.text, from, limit);
        if end == from {
            return Err(self.unexpected("a value is missing"));
        }
        if !check_scalar(&self.text[from..end]) {
            return Err(if limit == self.text.len() && end == limit {
                SyntaxError::incomplete(limit)
            } else {
                SyntaxError::new(from, "not a JSON value")
            });
        }
        self.at = limit;
        Ok(())
    }
}

/// Checks everything and returns (start, end, token) of the one value.
pub(super) fn check(
    text: &[u8],
    positions: &[u32],
    partners: &mut [u32],
) -> Result<(u32, u32, u32), SyntaxError> {
    let mut walk = Walk {
        text,
        positions,
        token: 0,
        at: 0,
    };
    let start = skip_space(text, 0);
    if start == text.len() {
        return Err(SyntaxError::incomplete(start));
    }
    walk.at = start;
    let mut open = [0_u32; MAX_DEPTH];
    let mut depth = 0;
    let mut next = Next::Value;
    loop {
        match next {
            Next::FirstKey | Next::Key => {
                let p = walk.position();
                match text.get(p) {
                    Some(b'"') if between_is_space(text, walk.at, p) => {
                        walk.string()?;
                        if text.get(walk.at) != Some(&b':') {
                            return Err(walk.unexpected("a colon is missing"));
                        }
                        walk.token += 1;
                        walk.at += 1;
                        next = Next::Value;
                    }
                    Some(b'}') if next == Next::FirstKey && between_is_space(text, walk.at, p) => {
                        next = Next::Delimiter;
                    }
                    _ => return Err(walk.unexpected("a key should be here")),
                }
            }
            Next::Value | Next::FirstElement => {
                let p = walk.position();
                let from = skip_space(text, walk.at);
                if from == p && p < text.len() {
                    match text[p] {
                        b'"' => {
                            walk.string()?;
                            next = Next::Delimiter;
                        }
                        bracket @ (b'{' | b'[') => {
                            if depth == MAX_DEPTH {
                                return Err(SyntaxError::new(p, "nested too deep"));
                            }
                            open[depth] = walk.token as u32;
                            depth += 1;
                            walk.token += 1;
                            walk.at = p + 1;
                            next = if bracket == b'{' {
                                Next::FirstKey
                            } else {
                                Next::FirstElement
                            };
                            continue;
                        }
                        b']' if next == Next::FirstElement => next = Next::Delimiter,
                        _ => return Err(walk.unexpected("a value should be here")),
                    }
                } else {
                    walk.scalar(from)?;
                    next = Next::Delimiter;
                }
            }
            Next::Delimiter => {
                let p = walk.position();
                let Some(&byte) = text.get(p) else {
                    return Err(SyntaxError::incomplete(text.len()));
                };
                let opened = open[depth - 1] as usize;
                let opener = text[positions[opened] as usize];
                match byte {
                    b',' => {
                        next = if opener == b'{' {
                            Next::Key
                        } else {
                            Next::Value
                        }
                    }
                    b'}' | b']' if opener + 2 == byte => {
                        partners[opened] = walk.token as u32;
                        depth -= 1;
                    }
                    _ => return Err(SyntaxError::new(p, "a comma or the end should be here")),
                }
                walk.token += 1;
                walk.at = p + 1;
                if byte != b',' && depth > 0 {
                    // What follows must be reached over white space only.
                    let p = walk.position();
                    if !between_is_space(text, walk.at, p) {
                        return Err(walk.unexpected("a comma or the end should be here"));
                    }
                }
            }
        }
        if depth == 0 && next == Next::Delimiter {
            break;
        }
    }
    let end = trim_space(text, start, walk.at);
    let tail = skip_space(text, walk.at);
    if tail < text.len() {
        return Err(SyntaxError::new(tail, "something follows the JSON value"));
    }
    Ok((start as u32, end as u32, 0))
}

#[inline(always)]
fn between_is_space(text: &[u8], from: usize, to: usize) -> bool {
    from == to || text[from..to].iter().all(|&b| is_space(b))
}
