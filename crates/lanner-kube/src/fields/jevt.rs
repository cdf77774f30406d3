//! Fields of the plugin `json`, which sees every audit event as a JSON text:
//! `json.value`, `json.obj`, `json.rawtime` and their old names `jevt.*`.

use bumpalo::Bump;

use crate::json::{self, Kind, Node};

/// A JSON pointer (RFC 6901), decoded.
#[derive(Clone, Debug)]
pub(super) struct Pointer(Vec<Vec<u8>>);

impl Pointer {
    /// The leading `/` may be left out; the empty pointer is the whole text.
    pub(super) fn new(text: &str) -> Self {
        if text.is_empty() {
            return Self(Vec::new());
        }
        let parts = text.strip_prefix('/').unwrap_or(text).split('/');
        Self(
            parts
                .map(|part| part.replace("~1", "/").replace("~0", "~").into_bytes())
                .collect(),
        )
    }

    pub(super) fn find<'e>(&self, root: Node<'e>) -> Option<Node<'e>> {
        self.0
            .iter()
            .try_fold(root, |node, part| match node.kind() {
                Kind::Array => node
                    .elements()
                    .nth(std::str::from_utf8(part).ok()?.parse().ok()?),
                _ => node.get(part),
            })
    }
}

/// The whole event as Go's `json.Indent` sets it.
pub(super) fn indented<'e>(root: Node<'e>, arena: &'e Bump) -> &'e [u8] {
    let mut out = Vec::with_capacity(root.raw().len() * 2);
    json::indent(root.raw(), &mut out);
    arena.alloc_slice_copy(&out)
}
