//! Base64 as libsinsp reads it: the standard alphabet, padding optional, no
//! line breaks, and bits that are left over must be zero.

use bumpalo::Bump;

/// The bytes that `text` encodes; `None` when it is not base64.
pub(super) fn decode<'e>(text: &[u8], arena: &'e Bump) -> Option<&'e [u8]> {
    if text.is_empty() {
        return Some(b"");
    }
    let digits = match text {
        [head @ .., b'=', b'='] | [head @ .., b'='] => head,
        _ => text,
    };
    // Nothing but padding, or a lone digit, encodes no whole byte.
    if digits.is_empty() || digits.len() % 4 == 1 {
        return None;
    }
    let mut out = bumpalo::collections::Vec::with_capacity_in(digits.len() / 4 * 3 + 2, arena);
    for group in digits.chunks(4) {
        let mut bits: u32 = 0;
        for &digit in group {
            bits = bits << 6 | u32::from(value_of(digit)?);
        }
        let unused = 4 - group.len();
        bits <<= 6 * unused;
        let bytes = 3 - unused;
        if bits & ((1 << (8 * unused)) - 1) != 0 {
            return None;
        }
        out.extend_from_slice_copy(&bits.to_be_bytes()[1..=bytes]);
    }
    Some(out.into_bump_slice())
}

fn value_of(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(encoded: &str) -> Option<String> {
        let arena = Bump::new();
        decode(encoded.as_bytes(), &arena).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    #[test]
    fn padding_is_optional() {
        for (encoded, plain) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zg", "f"),
            ("Zm8=", "fo"),
            ("Zm8", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg=", "foob"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(text(encoded).as_deref(), Some(plain), "{encoded}");
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        // `Zh` and `Zm9` have bits left over that are not zero.
        for encoded in [
            "=", "==", "Z", "Zm9vY", "Zh", "Zm9", "Zm 9", "Zm9v\n", "Zg===", "-_-_",
        ] {
            assert_eq!(text(encoded), None, "{encoded}");
        }
    }
}
