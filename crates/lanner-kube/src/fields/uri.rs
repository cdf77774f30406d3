//! Query parameters of a request URI.

use std::borrow::Cow;

/// The first value of the query parameter `key`, decoded as Go's `net/url`
/// decodes it (`+` is a space).
///
/// Pairs that cannot be decoded, and pairs with a `;`, are passed over: so
/// does the API server, which obeys the others.
pub(super) fn query_parameter<'u>(uri: &'u [u8], key: &[u8]) -> Option<Cow<'u, [u8]>> {
    let uri = uri.split(|&b| b == b'#').next()?;
    let query = &uri[memchr::memchr(b'?', uri)? + 1..];
    query
        .split(|&b| b == b'&')
        .filter(|pair| !pair.is_empty() && !pair.contains(&b';'))
        .find_map(|pair| {
            let at = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let value = decode(pair.get(at + 1..).unwrap_or_default());
            (*decode(&pair[..at])? == *key).then_some(value).flatten()
        })
}

fn decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr2(b'%', b'+', text).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let hex = |at: usize| text.get(at).and_then(|&b| (b as char).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'%' => {
                out.push((hex(at + 1)? * 16 + hex(at + 2)?) as u8);
                at += 2;
            }
            b'+' => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
    }
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::query_parameter;

    #[test]
    fn parameters() {
        let uri = "/api/v1/namespaces/d/pods/p/exec?command=sh&command=-c&x=a+b%2Fc&y&bad=%zz&z;=1&%6b=v#f?command=no";
        for (key, value) in [
            ("command", Some("sh")),
            ("x", Some("a b/c")),
            ("y", Some("")),
            ("bad", None),
            ("z", None),
            ("k", Some("v")),
            ("f", None),
            ("missing", None),
        ] {
            let found = query_parameter(uri.as_bytes(), key.as_bytes());
            assert_eq!(found.as_deref(), value.map(str::as_bytes), "{key}");
        }
        assert_eq!(query_parameter(b"/api", b"x"), None);
    }
}
