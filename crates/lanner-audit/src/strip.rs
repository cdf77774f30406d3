//! Bodies without `managedFields` (`copyWithoutManagedFields`, `pkg/audit/request.go`).

use std::borrow::Cow;

use lanner_kube::json::{Kind, Node};

use crate::sink::Sink;

/// Appends the value of a key, or leaves it out and says so.
type Member<'m> = dyn FnMut(&[u8], Node<'_>, &mut dyn Sink) -> bool + 'm;

/// Appends an object without the fields: its own, those of its items (a list), and those of the
/// objects in its rows (a table).
pub(crate) fn push_without_managed_fields(object: Node<'_>, out: &mut dyn Sink) {
    push_members(object, out, &mut |key, value, out| match key {
        b"items" => push_elements(value, out, &mut |item, out| {
            push_members(item, out, &mut own_member);
        }),
        b"rows" => push_elements(value, out, &mut |row, out| {
            push_members(row, out, &mut |key, value, out| match key {
                b"object" => push_members(value, out, &mut own_member),
                _ => push(value, out),
            });
        }),
        _ => own_member(key, value, out),
    });
}

/// Appends a member of an object, without the fields if it has them.
fn own_member(key: &[u8], value: Node<'_>, out: &mut dyn Sink) -> bool {
    match key {
        b"metadata" => push_members(value, out, &mut |key, value, out| {
            key != b"managedFields" && push(value, out)
        }),
        _ => push(value, out),
    }
}

fn push(value: Node<'_>, out: &mut dyn Sink) -> bool {
    out.put(value.raw());
    true
}

/// Appends an object whose members `member` appends, or leaves out and says so; any other value as
/// it is.
fn push_members(object: Node<'_>, out: &mut dyn Sink, member: &mut Member<'_>) -> bool {
    if object.kind() != Kind::Object {
        return push(object, out);
    }
    out.put(b"{");
    let start = out.length();
    for (key, value) in object.members() {
        let before = out.length();
        if before > start {
            out.put(b",");
        }
        out.put(b"\"");
        out.put(key);
        out.put(b"\":");
        if !member(&plain(key), value, out) {
            out.cut(before);
        }
    }
    out.put(b"}");
    true
}

fn push_elements(
    array: Node<'_>,
    out: &mut dyn Sink,
    element: &mut dyn FnMut(Node<'_>, &mut dyn Sink),
) -> bool {
    if array.kind() != Kind::Array {
        return push(array, out);
    }
    out.put(b"[");
    for (number, value) in array.elements().enumerate() {
        if number > 0 {
            out.put(b",");
        }
        element(value, out);
    }
    out.put(b"]");
    true
}

/// A key without escapes: what is to be left out must not get through in another spelling.
pub(crate) fn plain(key: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', key).is_none() {
        return key.into();
    }
    let mut plain = Vec::new();
    lanner_kube::json::unescape(key, &mut plain);
    plain.into()
}

#[cfg(test)]
mod tests {
    use lanner_kube::json::Index;

    use super::*;

    #[test]
    fn managed_fields_are_left_out() {
        let meta = r#"{"name":"a","managedFields":[{"manager":"kubectl"}],"uid":"u"}"#;
        let less = r#"{"name":"a","uid":"u"}"#;
        for form in [
            r#"{"kind":"Pod","metadata":M,"spec":{"metadata":{"managedFields":1}}}"#,
            r#"{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{"metadata":M},{"metadata":M}]}"#,
            r#"{"kind":"Table","rows":[{"cells":["a"],"object":{"metadata":M}},{"object":null}]}"#,
            r#"{"metad\u0061ta":M}"#,
            r#"{"metadata":"managedFields","items":{"metadata":{"managedFields":1}},"rows":3}"#,
            "[1]",
        ] {
            let (whole, expected) = (form.replace('M', meta), form.replace('M', less));
            let mut index = Index::new();
            let mut out = Vec::new();
            push_without_managed_fields(index.read(whole.as_bytes()).unwrap(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
