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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value as Json;

    fn same(node: Node<'_>, json: &Json) {
        match json {
            Json::Object(map) => {
                assert_eq!(node.kind(), Kind::Object);
                assert_eq!(node.members().count(), map.len());
                for (key, value) in map {
                    same(node.get(key.as_bytes()).expect("a member"), value);
                }
            }
            Json::Array(list) => {
                assert_eq!(node.kind(), Kind::Array);
                assert_eq!(node.elements().count(), list.len());
                node.elements()
                    .zip(list)
                    .for_each(|(node, json)| same(node, json));
            }
            Json::String(text) => assert_eq!(node.string().as_deref(), Some(text.as_bytes())),
            _ => assert_eq!(serde_json::from_slice::<Json>(node.raw()).unwrap(), *json),
        }
    }

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            "[a-c\"\\\\\n\u{e9}\u{1f600}{}\\[\\]:, ]{0,90}".prop_map(Json::from),
        ];
        leaf.prop_recursive(6, 60, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
                prop::collection::hash_map("[a-c\"\\\\:]{0,9}", inner, 0..8)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_writes(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
            let mut index = Index::new();
            same(index.read(&text).unwrap(), &value);
        }

        /// Any one-byte damage: both readers say yes, or both say no.
        #[test]
        fn refuses_what_serde_json_refuses(value in json(), at in any::<prop::sample::Index>(), byte in prop::sample::select(&b"{}[]:,\"\\ x0-e.\xff"[..]), cut in any::<bool>()) {
            let mut text = serde_json::to_vec(&value).unwrap();
            let at = at.index(text.len());
            if cut { text.truncate(at) } else { text[at] = byte }
            let theirs = serde_json::from_slice::<Json>(&text);
            let mut index = Index::new();
            let ours = index.read(&text).map(|_| ());
            // Numbers that overflow and halves of surrogates are syntax all the same.
            if !theirs.as_ref().is_err_and(|e| e.to_string().contains("number out of range") || e.to_string().contains("surrogate")) {
                prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?} {}", ours, theirs, String::from_utf8_lossy(&text));
            }
        }
    }

    #[test]
    fn first_of_two_equal_keys_wins() {
        let mut index = Index::new();
        let node = index.read(br#"{"a":1,"a":2,"b\u002f":3}"#).unwrap();
        assert_eq!(node.get(b"a").unwrap().raw(), b"1");
        assert_eq!(node.get(b"b/").unwrap().raw(), b"3");
        assert!(node.get(b"c").is_none());
        assert!(node.get(b"a").unwrap().get(b"x").is_none());
    }

    #[test]
    fn depth_is_bounded() {
        let mut index = Index::new();
        let deep = |n: usize| ["[".repeat(n), "]".repeat(n)].concat();
        assert!(index.read(deep(300).as_bytes()).is_ok());
        let error = index.read(deep(301).as_bytes()).unwrap_err();
        assert_eq!((error.at, error.message), (300, "nested too deep"));
        assert!(index.read("[".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn errors_say_where() {
        let mut index = Index::new();
        for (text, at, incomplete) in [
            (&b""[..], 0, true),
            (b"{\"a\":", 5, true),
            (b"{\"a\":\"xyz", 9, true),
            (b"{\"a\" 1}", 5, false),
            (b"{\"a\":1} x", 8, false),
            (b"{\"a\":\"\\q\"}", 6, false),
            (b"{\"a\":\"\xff\"}", 6, false),
            (b"[1,,2]", 3, false),
            (b"{\"a\":tru}", 5, false),
            (b"[1 2]", 1, false),
            (b"{]", 1, false),
        ] {
            let error = index.read(text).unwrap_err();
            assert_eq!(
                (error.at, error.incomplete),
                (at, incomplete),
                "{error} in {text:?}"
            );
        }
    }
}
