//! Numbers, `true`, `false`, `null` (RFC 8259).

/// The four bytes that JSON calls white space.
#[inline(always)]
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether `text` is exactly one scalar that is not a string.
#[inline]
pub(crate) fn check_scalar(text: &[u8]) -> bool {
    match text {
        b"true" | b"false" | b"null" => true,
        _ => is_number(text),
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent
            .strip_prefix(b"+")
            .or_else(|| exponent.strip_prefix(b"-"))
            .unwrap_or(exponent);
        let count = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = &exponent[count..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::check_scalar;

    #[test]
    fn scalars() {
        for good in [
            "true", "false", "null", "0", "-0", "201", "-1.5e+10", "1E3", "0.25", "1e-2",
        ] {
            assert!(check_scalar(good.as_bytes()), "{good}");
        }
        for bad in [
            "", "tru", "True", "nan", "01", "-", ".5", "1.", "1e", "1e+", "+1", "0x10", "1 2",
            "--1",
        ] {
            assert!(!check_scalar(bad.as_bytes()), "{bad}");
        }
    }
}
