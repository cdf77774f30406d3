//! Texts that several parts make up, in the arena.

use bumpalo::Bump;
use bumpalo::collections::Vec;

/// The parts with a separator between any two of them. One part, or none, is
/// not copied.
pub(super) fn join<'a>(
    parts: impl Iterator<Item = &'a [u8]> + Clone,
    separator: &[u8],
    arena: &'a Bump,
) -> &'a [u8] {
    let mut count = 0_usize;
    let mut length = 0_usize;
    for part in parts.clone() {
        count += 1;
        length += part.len() + separator.len();
    }
    let mut parts = parts;
    let Some(first) = parts.next() else {
        return &[];
    };
    if count == 1 {
        return first;
    }
    let mut text = Vec::with_capacity_in(length, arena);
    text.extend_from_slice(first);
    for part in parts {
        text.extend_from_slice(separator);
        text.extend_from_slice(part);
    }
    text.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins() {
        let arena = Bump::new();
        let cases: [(&[&[u8]], &[u8]); 4] = [
            (&[], b""),
            (&[b"a"], b"a"),
            (&[b"a", b"", b"b"], b"a, , b"),
            (&[b"", b""], b", "),
        ];
        for (parts, joined) in cases {
            assert_eq!(join(parts.iter().copied(), b", ", &arena), joined);
        }
    }
}
