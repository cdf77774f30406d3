//! `glob` and `iglob`: fnmatch(3) with no flags, or `FNM_CASEFOLD`, in the C
//! locale, as glibc has it: `*` crosses slashes, a byte is a character. (What
//! glibc makes of a bracket that the pattern ends in depends on the text; here
//! it is always plain.)
//!
//! A pattern is read once into segments between its stars. The first segment
//! must begin the text and the last must end it; the others are taken where
//! they fit first, so matching never backtracks over a star.

use memchr::memmem::Finder;

use super::text::Needle;

/// Searching for a segment with `?` or brackets is quadratic at worst. A text
/// and a pattern that need more steps than this do not match.
const MAX_STEPS: usize = 1 << 26;

/// Brackets that are not closed make reading quadratic; beyond so many steps
/// they are plain characters at once. Only patterns made for it get there.
const MAX_BRACKET_STEPS: usize = 1 << 22;

/// A pattern, read.
pub(crate) struct Glob {
    /// At least one; a star lies between neighbours.
    segments: Vec<Segment>,
    any_case: bool,
}

struct Segment {
    /// One per byte of text.
    tokens: Vec<Token>,
    /// The segment as text, if it is nothing else.
    literal: Option<Box<Finder<'static>>>,
}

enum Token {
    /// `?`
    Any,
    Byte(u8),
    Set(Box<ByteMap>),
    /// What glibc refuses: a backslash at the end, a class that is none.
    Never,
}

/// Which bytes a bracket expression stands for.
struct ByteMap([bool; 256]);

impl Glob {
    /// Reads a pattern; every pattern is one.
    pub(crate) fn new(pattern: &[u8], any_case: bool) -> Self {
        let mut segments = Vec::new();
        let mut tokens = Vec::new();
        let mut budget = MAX_BRACKET_STEPS;
        let mut rest = pattern;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            tokens.push(match byte {
                b'*' => {
                    segments.push(Segment::new(std::mem::take(&mut tokens), any_case));
                    continue;
                }
                b'?' => Token::Any,
                b'[' => match bracket(after, any_case, &mut budget) {
                    Some((token, after)) => {
                        rest = after;
                        token
                    }
                    None => Token::Byte(b'['),
                },
                b'\\' => match after.split_first() {
                    Some((&escaped, after)) => {
                        rest = after;
                        Token::Byte(fold(escaped, any_case))
                    }
                    None => Token::Never,
                },
                _ => Token::Byte(fold(byte, any_case)),
            });
        }
        segments.push(Segment::new(tokens, any_case));
        Self { segments, any_case }
    }

    /// What every text that matches is, begins or ends with, or contains: the longest plain
    /// segment; `None` if there is none.
    pub(crate) fn needle(&self) -> Option<Needle<'_>> {
        let last = self.segments.len() - 1;
        let segments = self.segments.iter().enumerate();
        let literals = segments.filter_map(|(at, segment)| Some((at, segment.literal.as_ref()?)));
        let (at, literal) = literals.max_by_key(|(_, literal)| literal.needle().len())?;
        let text = literal.needle();
        match at {
            0 if last == 0 => Some(Needle::Whole(text)),
            _ if text.is_empty() => None,
            0 => Some(Needle::Start(text)),
            _ if at == last => Some(Needle::End(text)),
            _ => Some(Needle::Inside(text)),
        }
    }

    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let [first, others @ ..] = self.segments.as_slice() else {
            return false;
        };
        if text.len() < first.len() || !first.fits(text, self.any_case) {
            return false;
        }
        let mut rest = &text[first.len()..];
        let Some((last, middle)) = others.split_last() else {
            return rest.is_empty();
        };
        let mut steps = 0;
        for segment in middle {
            match segment.find(rest, self.any_case, &mut steps) {
                Some(end) => rest = &rest[end..],
                None => return false,
            }
        }
        rest.len() >= last.len() && last.fits(&rest[rest.len() - last.len()..], self.any_case)
    }
}

impl Segment {
    fn new(tokens: Vec<Token>, any_case: bool) -> Self {
        let bytes: Option<Vec<u8>> = tokens
            .iter()
            .map(|token| match token {
                Token::Byte(byte) => Some(*byte),
                _ => None,
            })
            .collect();
        let literal = bytes
            .filter(|_| !any_case)
            .map(|bytes| Box::new(Finder::new(&bytes).into_owned()));
        Self { tokens, literal }
    }

    /// How many bytes of text it takes.
    fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether it matches the beginning of the text, which is long enough.
    fn fits(&self, text: &[u8], any_case: bool) -> bool {
        if let Some(literal) = &self.literal {
            return text.starts_with(literal.needle());
        }
        self.tokens
            .iter()
            .zip(text)
            .all(|(token, &byte)| match token {
                Token::Any => true,
                Token::Byte(wanted) => fold(byte, any_case) == *wanted,
                Token::Set(set) => set.0[usize::from(byte)],
                Token::Never => false,
            })
    }

    /// Where its first occurrence in the text ends.
    fn find(&self, text: &[u8], any_case: bool, steps: &mut usize) -> Option<usize> {
        if let Some(literal) = &self.literal {
            return literal.find(text).map(|start| start + self.len());
        }
        for start in 0..=text.len().checked_sub(self.len())? {
            *steps = steps.saturating_add(self.len() + 1);
            if *steps > MAX_STEPS {
                return None;
            }
            if self.fits(&text[start..], any_case) {
                return Some(start + self.len());
            }
        }
        None
    }
}

fn fold(byte: u8, any_case: bool) -> u8 {
    if any_case {
        byte.to_ascii_lowercase()
    } else {
        byte
    }
}

/// Reads what follows `[`; `None` when the bracket is not closed, and so is a
/// plain character.
fn bracket<'p>(pattern: &'p [u8], any_case: bool, budget: &mut usize) -> Option<(Token, &'p [u8])> {
    // With any case, capitals are in by their small letters; but `[:upper:]`,
    // `[=a=]` and `[.a.]` mean what they say all the same.
    let mut members = [false; 256];
    let mut exact = [false; 256];
    let (negated, mut rest) = match pattern.split_first() {
        Some((b'!' | b'^', after)) => (true, after),
        _ => (false, pattern),
    };
    let mut first = true;
    loop {
        *budget = budget.checked_sub(1)?;
        let (&byte, after) = rest.split_first()?;
        if byte == b']' && !first {
            rest = after;
            break;
        }
        first = false;
        if let Some((name, after)) = class_name(rest) {
            if !add_class(name, &mut exact) {
                return Some((Token::Never, after));
            }
            rest = after;
            continue;
        }
        if let [b'[', b'=', byte, b'=', b']', after @ ..] = rest {
            exact[usize::from(*byte)] = true;
            rest = after;
            continue;
        }
        let named = rest.starts_with(b"[.");
        let (low, after) = match element(rest, any_case)? {
            Element::Byte(byte, after) => (byte, after),
            Element::Never => return Some((Token::Never, rest)),
        };
        rest = after;
        match rest {
            [b'-', after @ ..] if !matches!(after, [] | [b']', ..]) => {
                let (high, after) = match element(after, any_case)? {
                    Element::Byte(byte, after) => (byte, after),
                    Element::Never => return Some((Token::Never, rest)),
                };
                rest = after;
                for member in low..=high {
                    members[usize::from(member)] = true;
                }
            }
            _ if named => exact[usize::from(low)] = true,
            _ => members[usize::from(low)] = true,
        }
    }
    let mut set = exact;
    for byte in 0..=u8::MAX {
        set[usize::from(byte)] |= members[usize::from(fold(byte, any_case))];
        set[usize::from(byte)] ^= negated;
    }
    Some((Token::Set(Box::new(ByteMap(set))), rest))
}

/// One end of a range.
enum Element<'p> {
    /// What it stands for, and what follows it.
    Byte(u8, &'p [u8]),
    /// A collating symbol of other than one byte, which glibc refuses when it
    /// gets there. Here nothing matches, also what stands before it.
    Never,
}

/// Reads a byte or an escaped byte, folded, or `[.x.]`, as it is; `None` at the
/// end of the pattern.
fn element(pattern: &[u8], any_case: bool) -> Option<Element<'_>> {
    match pattern {
        [b'[', b'.', byte, b'.', b']', rest @ ..] => Some(Element::Byte(*byte, rest)),
        [b'[', b'.', ..] => Some(Element::Never),
        [b'\\'] | [] => None,
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
            Some(Element::Byte(fold(*byte, any_case), rest))
        }
    }
}

/// The name in `[:name:]`, in which glibc looks for no other letters, and gives
/// up at the sixteenth.
fn class_name(pattern: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = pattern.strip_prefix(b"[:")?;
    let end = inside
        .iter()
        .position(|byte| !matches!(byte, b'a'..=b'y'))
        .unwrap_or(inside.len());
    if end >= 16 {
        return Some((b"", &inside[end..]));
    }
    let rest = inside[end..].strip_prefix(b":]")?;
    Some((&inside[..end], rest))
}

/// Adds the bytes of a class of the C locale, in their own case whatever the
/// flags; false when there is no such class.
fn add_class(name: &[u8], set: &mut [bool; 256]) -> bool {
    let belongs: fn(&u8) -> bool = match name {
        b"alnum" => u8::is_ascii_alphanumeric,
        b"alpha" => u8::is_ascii_alphabetic,
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => u8::is_ascii_control,
        b"digit" => u8::is_ascii_digit,
        b"graph" => u8::is_ascii_graphic,
        b"lower" => u8::is_ascii_lowercase,
        b"print" => |byte| matches!(byte, b' '..=b'~'),
        b"punct" => u8::is_ascii_punctuation,
        b"space" => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => u8::is_ascii_uppercase,
        b"xdigit" => u8::is_ascii_hexdigit,
        _ => return false,
    };
    for member in 0..=u8::MAX {
        if belongs(&member) {
            set[usize::from(member)] = true;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use proptest::prelude::*;

    use super::*;

    fn fnmatch(pattern: &str, text: &str, any_case: bool) -> bool {
        let pattern = CString::new(pattern).unwrap();
        let text = CString::new(text).unwrap();
        // glibc's value; the libc crate has no name for it.
        const FNM_CASEFOLD: i32 = 1 << 4;
        let flags = if any_case { FNM_CASEFOLD } else { 0 };
        // SAFETY: both pointers come from CStrings that live until the call
        // returns, so they are valid and end in NUL, which is all fnmatch(3)
        // asks for; it keeps neither.
        unsafe { libc::fnmatch(pattern.as_ptr(), text.as_ptr(), flags) == 0 }
    }

    fn agrees(pattern: &str, text: &str) {
        for any_case in [false, true] {
            assert_eq!(
                Glob::new(pattern.as_bytes(), any_case).matches(text.as_bytes()),
                fnmatch(pattern, text, any_case),
                "{pattern:?} on {text:?}, any case: {any_case}"
            );
        }
    }

    #[test]
    fn known_patterns_agree_with_the_c_library() {
        let patterns = concat!(
            r"* ? a* *a *a*b* a?c [abc] [!abc] [^abc] [a-c] [c-a] []a] [!]a] [a-] ",
            r"[-a] [a [ a[ \* \ a\ [\]] [[:alpha:]] [[:upper:]x] [![:digit:]] ",
            r"[[:nosuch:]] [[:alpha] /etc/*.conf [a-c-e] [[] [*] ***? ",
            r"[[:xdigit:][:space:]] [!-a] [a-\z] [\a-c] ",
            r"[[.a.]] [[.a.]-c] [a-[.c.]] [[.ab.]] [[.a] [[.].]] [[.-.]-0] [[.A.]-c] ",
            r"[[=a=]] [[=a=]-c] [[=ab=]] [[=a] [a-[=c=]] [[:z:]] [[::]] [a-[:alpha:]] ",
            r"[[:abcdefghijklmno:]] [[:abcdefghijklmnop:]] [[:abcdefghijklmnop [[:abcdefghijklmno [[:alphaz:]] []-a] [!]-a] [A-c] [a-C] [^[.A.]]"
        );
        let texts =
            r"a b c abc A aXb a/b ] [ [a a[ - * \ 5 /etc/passwd.conf /etc/x/y.conf e z : ! ^ . =";
        let patterns = patterns.split(' ').chain([""]);
        let texts: Vec<&str> = texts.split(' ').chain(["", " "]).collect();
        for pattern in patterns {
            for text in &texts {
                agrees(pattern, text);
            }
        }
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = "*[a][a][a][a][a][a][a][a]b".repeat(200);
        let text = "a".repeat(200_000);
        assert!(!Glob::new(pattern.as_bytes(), false).matches(text.as_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn agrees_with_the_c_library(
            pattern in "([abB/]|[*?]|\\[!?[abB\\]-]{0,4}\\]|\\]|-|\\\\[ab*]|\\[\\[:(alpha|upper|digit):\\]b?\\]|\\[\\.[aB-]\\.\\]|\\[=[aB]=\\]){0,6}",
            text in "[abAB/\\[\\]\\-*]{0,7}",
        ) {
            agrees(&pattern, &text);
        }
    }
}
