//! Ways from a value to others below it, and a value's text.

use std::borrow::Cow;

use bumpalo::{Bump, collections::Vec as BumpVec};
use lanner_event::{Value, Values};

use crate::json::{self, Kind, Node};

/// A value's text: a string's content, other values as compact JSON.
pub(super) fn text_of<'e>(node: Node<'e>, arena: &'e Bump) -> &'e [u8] {
    match node.kind() {
        Kind::String => match node.string() {
            Some(Cow::Borrowed(text)) => text,
            Some(Cow::Owned(text)) => arena.alloc_slice_copy(&text),
            None => b"",
        },
        Kind::Object | Kind::Array => {
            let raw = node.raw();
            let mut out = Vec::with_capacity(raw.len());
            json::compact(raw, &mut out);
            if out.len() == raw.len() {
                raw
            } else {
                arena.alloc_slice_copy(&out)
            }
        }
        _ => node.raw(),
    }
}

/// Appends a value's text.
#[inline]
pub(super) fn push<'e>(node: Node<'e>, arena: &'e Bump, out: &mut Values<'e>) {
    out.push(Value::Str(text_of(node, arena)));
}

/// Appends the text of a value that is there.
pub(super) fn push_some<'e>(
    nodes: impl IntoIterator<Item = Option<Node<'e>>>,
    arena: &'e Bump,
    out: &mut Values<'e>,
) {
    nodes
        .into_iter()
        .flatten()
        .for_each(|node| push(node, arena, out));
}

/// The elements of an array, or the one at `index`.
pub(super) fn elements<'e>(node: Node<'e>, index: Option<usize>) -> impl Iterator<Item = Node<'e>> {
    let (skip, take) = index.map_or((0, usize::MAX), |index| (index, 1));
    node.elements().skip(skip).take(take)
}

/// Values found on a way that leads through arrays; `None` for an element
/// without the rest of the way.
pub(super) type Found<'e> = BumpVec<'e, Option<Node<'e>>>;

/// Follows `keys` below `node`. Where the way comes to an array and goes on,
/// it goes on in each element, or only in the one at `index`; the last value
/// is taken as it is. The key `""` is the value itself.
///
/// `None` when the way ends early outside of every array, or `index` is out
/// of range.
pub(super) fn follow<'e>(
    node: Node<'e>,
    index: Option<usize>,
    keys: &[&str],
    arena: &'e Bump,
) -> Option<Found<'e>> {
    let mut found = Found::new_in(arena);
    collect(node, index, keys, &mut found).then_some(found)
}

fn collect<'e>(
    mut node: Node<'e>,
    index: Option<usize>,
    keys: &[&str],
    found: &mut Found<'e>,
) -> bool {
    for (at, key) in keys.iter().enumerate() {
        if node.kind() == Kind::Array {
            let Some(index) = index else {
                for element in node.elements() {
                    // Recurses once for each array on the way; MAX_DEPTH
                    // bounds how many there can be.
                    if !collect(element, None, &keys[at..], found) {
                        found.push(None);
                    }
                }
                return true;
            };
            match node.elements().nth(index) {
                Some(element) => node = element,
                None => return false,
            }
        }
        match if key.is_empty() {
            Some(node)
        } else {
            node.get(key.as_bytes())
        } {
            Some(next) => node = next,
            None => return false,
        }
    }
    found.push(Some(node));
    true
}

/// `node`'s string equals `text`.
pub(super) fn is_text(node: Option<Node<'_>>, text: &str) -> bool {
    node.and_then(|node| node.string())
        .is_some_and(|string| &*string == text.as_bytes())
}
