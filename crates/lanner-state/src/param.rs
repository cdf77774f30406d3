//! Parameters as libs understands them.

use lanner_event::RawEvent;

/// What stands for a text that the kernel could not read.
const UNREADABLE: &[u8] = b"<NA>";

/// A text parameter: one that is absent or `(NULL)` counts as `<NA>`.
pub(crate) fn text<'b>(raw: &RawEvent<'b>, index: usize) -> &'b [u8] {
    match raw.text(index) {
        Some(b"(NULL)") | None => UNREADABLE,
        Some(b"") if raw.param(index).is_some_and(<[u8]>::is_empty) => UNREADABLE,
        Some(text) => text,
    }
}

/// A parameter, unless it is absent or empty.
pub(crate) fn filled<'b>(raw: &RawEvent<'b>, index: usize) -> Option<&'b [u8]> {
    raw.param(index).filter(|bytes| !bytes.is_empty())
}

/// The texts of a list in which each is ended by a NUL; that of the last may be missing.
pub(crate) fn list(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let texts = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let is_empty = texts.is_empty();
    texts.split(|byte| *byte == 0).skip(usize::from(is_empty))
}

/// The same, for keeping.
pub(crate) fn owned_list(bytes: &[u8]) -> Box<[Box<[u8]>]> {
    list(bytes).map(Box::from).collect()
}

/// A path of an executable without the mark of the kernel for one that was deleted.
pub(crate) fn without_deleted(path: &[u8]) -> &[u8] {
    match path.strip_suffix(b" (deleted)") {
        Some(rest) if !rest.is_empty() => rest,
        _ => path,
    }
}
