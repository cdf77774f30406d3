//! Values of an indexed text: where they are, what they hold.

use std::borrow::Cow;

use super::index::Index;
use super::structure::{skip_space, trim_space};
use super::text::unescape;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`
    Null,
}

impl Kind {
    /// With an article, for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a boolean",
            Self::Null => "null",
        }
    }
}

/// One value. Only made of texts that [`Index::read`] has checked, so the
/// positions that it follows exist.
#[derive(Clone, Copy)]
pub struct Node<'e> {
    text: &'e [u8],
    index: &'e Index,
    start: u32,
    end: u32,
    /// Number of the first position at or behind `start`.
    token: u32,
}

/// Where a value is; a [`Node`] without its text, to keep many of them small.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slot {
    start: u32,
    /// 0 for no value at all.
    end: u32,
    token: u32,
}

impl Slot {
    /// Whether there is no value.
    #[inline(always)]
    pub(crate) fn is_empty(self) -> bool {
        self.end == 0
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", String::from_utf8_lossy(self.raw()))
    }
}

impl<'e> Node<'e> {
    pub(super) fn new(text: &'e [u8], index: &'e Index, start: u32, end: u32, token: u32) -> Self {
        Self {
            text,
            index,
            start,
            end,
            token,
        }
    }

    /// The value's place.
    #[inline(always)]
    pub(crate) fn slot(&self) -> Slot {
        Slot {
            start: self.start,
            end: self.end,
            token: self.token,
        }
    }

    /// The value of the same text at `slot`, which came from this text.
    #[inline(always)]
    pub(crate) fn at(&self, slot: Slot) -> Option<Node<'e>> {
        let Slot { start, end, token } = slot;
        (end != 0).then_some(Node {
            start,
            end,
            token,
            ..*self
        })
    }

    /// The value as it stands in the text.
    #[must_use]
    pub fn raw(&self) -> &'e [u8] {
        &self.text[self.start as usize..self.end as usize]
    }

    /// Where the value starts in the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.start as usize
    }

    /// What the value is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.text[self.start as usize] {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The string between its quotes, escapes as written; `None` for other
    /// kinds.
    #[must_use]
    pub fn string_raw(&self) -> Option<&'e [u8]> {
        match self.raw() {
            [b'"', inner @ .., b'"'] => Some(inner),
            _ => None,
        }
    }

    /// The string's text; `None` for other kinds.
    #[must_use]
    pub fn string(&self) -> Option<Cow<'e, [u8]>> {
        let raw = self.string_raw()?;
        if !self.index.escapes || memchr::memchr(b'\\', raw).is_none() {
            return Some(Cow::Borrowed(raw));
        }
        let mut out = Vec::with_capacity(raw.len());
        unescape(raw, &mut out);
        Some(Cow::Owned(out))
    }

    /// The members of an object; nothing for other kinds.
    #[must_use]
    pub fn members(&self) -> Members<'e> {
        Members(self.children(b'{'))
    }

    /// The elements of an array; nothing for other kinds.
    #[must_use]
    pub fn elements(&self) -> Elements<'e> {
        Elements(self.children(b'['))
    }

    /// The member `key` of an object: the first of that name, as in fastjson,
    /// which compares keys as written before it looks through escapes.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<Node<'e>> {
        let plain_key = !self.index.escapes || memchr::memchr(b'\\', key).is_none();
        let found = self.members().find(|(raw, _)| plain_key && *raw == key);
        if found.is_none() && self.index.escapes {
            let same = |raw: &[u8]| {
                let mut plain = Vec::new();
                memchr::memchr(b'\\', raw).is_some() && {
                    unescape(raw, &mut plain);
                    plain == key
                }
            };
            return self
                .members()
                .find(|(raw, _)| same(raw))
                .map(|(_, value)| value);
        }
        found.map(|(_, value)| value)
    }

    /// `get` for several keys, one below the other.
    #[must_use]
    pub fn path(&self, keys: &[&str]) -> Option<Node<'e>> {
        keys.iter()
            .try_fold(*self, |node, key| node.get(key.as_bytes()))
    }

    #[inline]
    fn children(&self, opener: u8) -> Children<'e> {
        let open = self.text[self.start as usize] == opener;
        let next = self.token as usize + 1;
        Children {
            text: self.text,
            index: self.index,
            at: self.start as usize + 1,
            token: next,
            close: if open {
                self.index.partners[self.token as usize] as usize
            } else {
                0
            },
        }
    }
}

/// A walk over the inside of a container.
struct Children<'e> {
    text: &'e [u8],
    index: &'e Index,
    at: usize,
    token: usize,
    /// Number of the closing bracket; 0 when there is nothing to walk over.
    close: usize,
}

impl<'e> Children<'e> {
    #[inline(always)]
    fn position(&self, token: usize) -> usize {
        self.index.positions[token] as usize
    }

    /// The value at `self.at`, and steps over the delimiter behind it.
    #[inline(always)]
    fn value(&mut self) -> Node<'e> {
        let start = skip_space(self.text, self.at);
        let token = self.token;
        let (end, delimiter) = match self.text[start] {
            b'{' | b'[' => {
                let partner = self.index.partners[token] as usize;
                (self.position(partner) + 1, partner + 1)
            }
            byte => {
                let delimiter = token + usize::from(byte == b'"');
                (
                    trim_space(self.text, start, self.position(delimiter)),
                    delimiter,
                )
            }
        };
        self.at = self.position(delimiter) + 1;
        self.token = delimiter + 1;
        if delimiter == self.close {
            self.close = 0;
        }
        Node::new(
            self.text,
            self.index,
            start as u32,
            end as u32,
            token as u32,
        )
    }

    /// Whether there is nothing (more) to walk over.
    #[inline(always)]
    fn finished(&self, has_value: impl Fn(&Self) -> bool) -> bool {
        self.close == 0 || (self.token == self.close && !has_value(self))
    }
}

/// Iterator over an object's (key as written, value).
pub struct Members<'e>(Children<'e>);

impl<'e> Iterator for Members<'e> {
    type Item = (&'e [u8], Node<'e>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let walk = &mut self.0;
        if walk.finished(|_| false) {
            return None;
        }
        let open_quote = walk.position(walk.token);
        let colon = walk.position(walk.token + 1);
        let end = trim_space(walk.text, open_quote, colon) - 1;
        let key = &walk.text[open_quote + 1..end];
        walk.token += 2;
        walk.at = colon + 1;
        Some((key, walk.value()))
    }
}

/// Iterator over an array's elements.
pub struct Elements<'e>(Children<'e>);

impl<'e> Iterator for Elements<'e> {
    type Item = Node<'e>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let walk = &mut self.0;
        // The closing bracket may also end the array's last scalar.
        let has_value =
            |walk: &Children<'_>| skip_space(walk.text, walk.at) != walk.position(walk.close);
        if walk.finished(has_value) {
            return None;
        }
        Some(walk.value())
    }
}
