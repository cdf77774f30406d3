//! The index of one JSON text: where its structure is, and which bracket
//! closes which.

use std::fmt;

use super::blocks::{Seen, find_structure};
use super::node::Node;
use super::{check_escapes, structure};

/// How deep objects and arrays may nest: what the k8saudit plugin's parser
/// (fastjson) reads. Deeper is an error, never a stack overflow: nothing here
/// recurses.
pub const MAX_DEPTH: usize = 300;

/// Why a text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Offset of the byte where it was noticed; the text's length at its end.
    pub at: usize,
    /// What is wrong, for people.
    pub message: &'static str,
    /// The text ended too early: more bytes could have completed it.
    pub incomplete: bool,
}

impl SyntaxError {
    pub(super) fn new(at: usize, message: &'static str) -> Self {
        Self {
            at,
            message,
            incomplete: false,
        }
    }

    pub(super) fn incomplete(at: usize) -> Self {
        Self {
            at,
            message: "truncated JSON",
            incomplete: true,
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.message, self.at)
    }
}

/// Reusable space for the index of one text after the other; grows to the
/// largest and stays there.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Offsets of the text's structure. Entries behind the last one are left
    /// over from earlier texts and never read.
    pub(super) positions: Vec<u32>,
    /// For the number of an opening bracket: the number of its closing one.
    /// Other entries are never read.
    pub(super) partners: Vec<u32>,
    pub(super) escapes: bool,
}

impl Index {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks that `text` is one JSON value with nothing but white space
    /// around it, and returns the value: grammar, escapes, UTF-8, depth. Like
    /// fastjson, it lets raw control characters stand inside of strings.
    ///
    /// # Errors
    /// When the text is not JSON, nests deeper than [`MAX_DEPTH`], or is
    /// 4 GiB or more.
    pub fn read<'e>(&'e mut self, text: &'e [u8]) -> Result<Node<'e>, SyntaxError> {
        if text.len() >= u32::MAX as usize - 64 {
            return Err(SyntaxError::new(0, "larger than 4 GiB"));
        }
        let (count, seen) = find_structure(text, &mut self.positions);
        self.escapes = seen.escapes;
        if self.partners.len() < self.positions.len() {
            self.partners.resize(self.positions.len(), 0);
        }
        let root = structure::check(text, &self.positions[..count], &mut self.partners);
        // Grammar first: its errors say more than "ends inside a string".
        let (start, end, token) = match root {
            Ok(root) if !seen.open_string => root,
            Err(error) if !seen.open_string || error.at < text.len() => return Err(error),
            _ => return Err(SyntaxError::incomplete(text.len())),
        };
        Self::check_content(text, seen)?;
        Ok(Node::new(text, self, start, end, token))
    }

    fn check_content(text: &[u8], seen: Seen) -> Result<(), SyntaxError> {
        if seen.stray_backslash {
            let at = memchr::memchr(b'\\', text).unwrap_or(0);
            return Err(SyntaxError::new(at, "a backslash outside of a string"));
        }
        if seen.escapes {
            check_escapes(text)?;
        }
        if seen.non_ascii
            && let Err(error) = std::str::from_utf8(text)
        {
            return Err(SyntaxError::new(error.valid_up_to(), "invalid UTF-8"));
        }
        Ok(())
    }
}
