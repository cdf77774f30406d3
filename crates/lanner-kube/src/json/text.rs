//! Text of JSON: escapes, compact and indented forms.

use super::index::SyntaxError;
use super::is_space;

/// Value of four hexadecimal digits.
fn hex4(text: &[u8]) -> Option<u32> {
    text.get(..4)?
        .iter()
        .try_fold(0, |sum, &b| Some(sum * 16 + (b as char).to_digit(16)?))
}

/// Checks every escape in a text whose backslashes all stand inside strings.
pub(crate) fn check_escapes(text: &[u8]) -> Result<(), SyntaxError> {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &text[at..]) {
        at += found;
        let good = match text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
            Some(b'u') => hex4(&text[at + 2..]).is_some(),
            _ => false,
        };
        if !good {
            return Err(SyntaxError::new(at, "a bad escape in a string"));
        }
        at += 2;
    }
    Ok(())
}

/// Appends the text that `raw` (a string between its quotes) stands for.
///
/// What cannot be decoded stays as it is written, half a surrogate pair for
/// example: this is how fastjson, and so the k8saudit plugin, has it.
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let (escape, tail) = rest[at..].split_at(2.min(rest.len() - at));
        rest = tail;
        let plain = match escape.get(1) {
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                rest = unescape_unicode(rest, out);
                continue;
            }
            _ => {
                out.extend_from_slice(escape);
                continue;
            }
        };
        out.push(plain);
    }
    out.extend_from_slice(rest);
}

/// Decodes what follows `\u`, and returns the text behind it.
fn unescape_unicode<'t>(rest: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let Some(first) = hex4(rest) else {
        out.extend_from_slice(b"\\u");
        return rest;
    };
    let (digits, tail) = rest.split_at(4);
    let (code, tail) = match (first, tail) {
        (0xd800..=0xdfff, [b'\\', b'u', low @ ..]) => match hex4(low) {
            Some(second) if first < 0xdc00 && (0xdc00..0xe000).contains(&second) => (
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                &low[4..],
            ),
            // Two halves that do not fit: one replacement, as Go has it.
            Some(_) => (0xfffd, &low[4..]),
            None => (first, tail),
        },
        _ => (first, tail),
    };
    match char::from_u32(code) {
        Some(ch) => out.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            out.extend_from_slice(b"\\u");
            out.extend_from_slice(digits);
        }
    }
    tail
}

/// Appends `text` as a JSON string with its quotes.
pub fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends checked JSON without white space between its tokens: what
/// fastjson's `MarshalTo` makes of a parsed text. Strings keep the escapes
/// that they are written with (`\u0026` stays).
pub fn compact(json: &[u8], out: &mut Vec<u8>) {
    let mut rest = json;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|&b| b == b'"' || is_space(b))
            .unwrap_or(rest.len());
        out.extend_from_slice(&rest[..end]);
        rest = &rest[end..];
        match rest.first() {
            Some(b'"') => {
                let (string, tail) = rest.split_at(string_length(rest));
                out.extend_from_slice(string);
                rest = tail;
            }
            Some(_) => rest = &rest[1..],
            None => {}
        }
    }
}

/// Length of the string that `text` starts with, its quotes included.
pub(super) fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = text.get(at..).and_then(|t| memchr::memchr2(b'"', b'\\', t)) {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Appends checked JSON with one member or element a line, two spaces a level:
/// what Go's `json.Indent(…, "", "  ")` makes of it.
pub fn indent(json: &[u8], out: &mut Vec<u8>) {
    fn line(out: &mut Vec<u8>, depth: usize) {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', 2 * depth));
    }
    let (mut rest, mut depth, mut opened) = (json, 0_usize, false);
    while let Some(&byte) = rest.first() {
        let length = if byte == b'"' { string_length(rest) } else { 1 };
        let (token, tail) = rest.split_at(length);
        rest = tail;
        if is_space(byte) {
            continue;
        }
        let closes = matches!(byte, b'}' | b']');
        if opened && !closes {
            depth += 1;
            line(out, depth);
        }
        match byte {
            b'}' | b']' if !opened => {
                depth = depth.saturating_sub(1);
                line(out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(b',');
                line(out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.extend_from_slice(token),
        }
        opened = matches!(byte, b'{' | b'[');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(f: fn(&[u8], &mut Vec<u8>), text: &str) -> String {
        let mut out = Vec::new();
        f(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn unescapes_as_fastjson() {
        for (raw, text) in [
            (r"plain", "plain"),
            (r"a\u0026b\/\n\t\r\b\f\\\u0022", "a&b/\n\t\r\u{8}\u{c}\\\""),
            (r"\ud83d\ude00", "\u{1f600}"),
            (r"\ud83d", r"\ud83d"),
            (r"\ud83dx", r"\ud83dx"),
            (r"\ud83d\u0041", "\u{fffd}"),
            (r"\q\u12", r"\q\u12"),
            ("\\", "\\"),
        ] {
            assert_eq!(run(unescape, raw), text, "{raw}");
        }
    }

    #[test]
    fn compact_keeps_strings_as_written() {
        let text = " { \"a b\\\" \" : [ 1 , \"\\u0026 x\" , { } ] }\n";
        assert_eq!(run(compact, text), r#"{"a b\" ":[1,"\u0026 x",{}]}"#);
    }

    #[test]
    fn indents_as_go() {
        let text = r#"{"a":[],"b":{},"c":[1,{"d":"x: {"}],"e":null}"#;
        let expected = "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": \"x: {\"\n    }\n  ],\n  \"e\": null\n}";
        assert_eq!(run(indent, text), expected);
    }

    #[test]
    fn quotes_what_serde_json_reads() {
        let text = "a\"b\\c\n\r\t\u{1}\u{e9}";
        let quoted = run(quote, text);
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
    }
}
