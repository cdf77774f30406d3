//! Text as Falco shows it: what is not printable is replaced.

use std::borrow::Cow;

/// What stands for bytes that cannot be shown: U+FFFD.
pub const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Whether Falco shows a character as it is: no control character and no
/// Unicode noncharacter (`utf8_seq_len`, libs 0.25.4).
#[must_use]
pub fn is_printable(character: char) -> bool {
    let code = u32::from(character);
    !character.is_control() && !(0xfdd0..=0xfdef).contains(&code) && code & 0xffff < 0xfffe
}

/// The text with everything replaced that Falco does not show: broken UTF-8
/// (one replacement for each maximal part of a sequence, as Unicode
/// recommends) and characters that are not printable.
#[must_use]
pub fn sanitize(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().all(|byte| (0x20..0x7f).contains(byte)) || is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = Vec::with_capacity(text.len());
    sanitize_into(text, &mut clean);
    Cow::Owned(clean)
}

/// Appends what [`sanitize`] returns.
pub fn sanitize_into(text: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        let mut buffer = [0; 4];
        for character in chunk.valid().chars() {
            out.extend_from_slice(if is_printable(character) {
                character.encode_utf8(&mut buffer).as_bytes()
            } else {
                REPLACEMENT
            });
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice(REPLACEMENT);
        }
    }
}

fn is_clean(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.chars().all(is_printable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_cannot_be_shown() {
        let cases: &[(&[u8], &str)] = &[
            (b"", ""),
            (b"plain /path", "plain /path"),
            ("привет 😀".as_bytes(), "привет 😀"),
            (b"a\x01\x7fb", "a\u{fffd}\u{fffd}b"),
            (b"a\nb", "a\u{fffd}b"),
            (b"\xc2\x85", "\u{fffd}"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
            (b"\xe1\x80/", "\u{fffd}/"),
            (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xef\xb7\x90", "\u{fffd}"),
            (b"\xef\xbf\xbf", "\u{fffd}"),
            (b"\xf0\x9f\xbf\xbe", "\u{fffd}"),
            (b"\xf0\x9f", "\u{fffd}"),
        ];
        for (text, expected) in cases {
            assert_eq!(sanitize(text), expected.as_bytes(), "{text:?}");
        }
    }
}
