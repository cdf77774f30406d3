//! Paths, as libs builds them: joined with a directory, and without `.`, `..`,
//! double slashes and what cannot be shown.

use lanner_event::text::{REPLACEMENT, is_printable};

/// Stands for the working directory where a descriptor of a directory is
/// expected (`PPM_AT_FDCWD`).
pub const AT_FDCWD: i64 = -100;

/// The directory of a relative path whose descriptor is not known.
pub const UNKNOWN_DIRECTORY: &[u8] = b"<UNKNOWN>";

/// What libs makes of a path that does not fit.
const TOO_LONG: &[u8] = b"/DIR_TOO_LONG/FILENAME_TOO_LONG";

/// The longest path, with the NUL that ends it in C (`SCAP_MAX_PATH_SIZE`).
const MAX_BYTES: usize = 1024;

/// A path as seen from a directory. The directory is taken as it is: it should
/// end with a slash. It does not count when the path is absolute or empty.
#[must_use]
pub fn join(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    join_into(directory, path, &mut joined);
    joined
}

/// [`join`] into a buffer, whose content is replaced.
pub fn join_into(directory: &[u8], path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if directory.len() + path.len() >= MAX_BYTES {
        out.extend_from_slice(TOO_LONG);
        return;
    }
    out.reserve(directory.len() + path.len());
    let is_relative = path.first().is_some_and(|first| *first != b'/');
    if is_relative {
        out.extend_from_slice(directory);
    }
    let has_base = !out.is_empty();
    if append(path, has_base, out).is_some() && out.len() > 1 && out.ends_with(b"/") {
        out.pop();
    }
}

/// Appends a path, part by part; `None` when it had to be cut.
fn append(path: &[u8], has_base: bool, out: &mut Vec<u8>) -> Option<()> {
    let mut rest = path;
    while let [first, after @ ..] = rest {
        let starts_part = matches!(out.last(), None | Some(b'/'));
        if *first == b'/' {
            // No slash is added where `..` has eaten the whole directory: `a/` and `..//b` give `b`.
            if !starts_part || (out.is_empty() && !has_base) {
                push(b"/", out)?;
            }
            rest = after;
            continue;
        }
        let end = rest.iter().position(|byte| *byte == b'/');
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        match part {
            b"." if starts_part => rest = rest.strip_prefix(b"/").unwrap_or(rest),
            b".." if starts_part => {
                rest = rest.strip_prefix(b"/").unwrap_or(rest);
                leave(out);
            }
            _ => push(part, out)?,
        }
    }
    Some(())
}

/// Removes the last directory, but not the root.
fn leave(out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.pop();
        let slash = out.iter().rposition(|byte| *byte == b'/');
        out.truncate(slash.map_or(0, |slash| slash + 1));
    }
}

/// Appends text, with replacements for what cannot be shown; `None` when it
/// does not fit.
fn push(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let fits = |out: &Vec<u8>, more: usize| (out.len() + more < MAX_BYTES).then_some(());
    if text.iter().all(|byte| (0x20..0x7f).contains(byte)) && fits(out, text.len()).is_some() {
        out.extend_from_slice(text);
        return Some(());
    }
    for chunk in text.utf8_chunks() {
        let mut buffer = [0; 4];
        for character in chunk.valid().chars() {
            let bytes = match is_printable(character) {
                true => character.encode_utf8(&mut buffer).as_bytes(),
                false => REPLACEMENT,
            };
            fits(out, bytes.len())?;
            out.extend_from_slice(bytes);
        }
        if !chunk.invalid().is_empty() {
            fits(out, REPLACEMENT.len())?;
            out.extend_from_slice(REPLACEMENT);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_paths() {
        let cases = [
            ("", "", ""),
            ("/tmp/", "", ""),
            ("", "../", ""),
            ("", "..", ""),
            ("/", "..", "/"),
            ("/", "../", "/"),
            ("/", ".", "/"),
            ("/a/b/", ".", "/a/b"),
            ("/a/b/", "./", "/a/b"),
            ("/a/b/", "..", "/a"),
            ("/a/b/", "../../..", "/"),
            ("/a/b/", "../../../c", "/c"),
            ("a", "../", "a.."),
            ("a/", "../", ""),
            ("a/", "..//b", "b"),
            ("/a/", "..//b", "/b"),
            ("/a/", "b", "/a/b"),
            ("/a/", "/b", "/b"),
            ("/a", "b", "/ab"),
            ("a", "b/////..//./r", "r"),
            ("", "./", ""),
            ("", "a/b", "a/b"),
            ("", "./a/b", "a/b"),
            ("", "///a//b/", "/a/b"),
            ("", "/", "/"),
            ("", "/..", "/"),
            ("", "/../a", "/a"),
            ("", "/./a/./.", "/a"),
            ("", "/a/...", "/a/..."),
            ("", "/a/.b/..c", "/a/.b/..c"),
            ("", "/a/b..", "/a/b.."),
            ("../.../", "d/././../../.../t/", "../.../t"),
            ("../.../", "/a/c/d/././../../.../t/", "/a/.../t"),
            ("a///", "b//c", "a///b/c"),
            ("<UNKNOWN>", "a/b", "<UNKNOWN>a/b"),
            ("<UNKNOWN>", "../a", "<UNKNOWN>../a"),
            (".", "/etc/../x", "/x"),
            ("/r/", "../😀/é", "/😀/é"),
        ];
        for (directory, path, expected) in cases {
            let joined = join(directory.as_bytes(), path.as_bytes());
            assert_eq!(
                String::from_utf8_lossy(&joined),
                expected,
                "{directory:?} {path:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_shown() {
        let cases: &[(&[u8], &str)] = &[
            (b"../\xff\xfe/t", "/\u{fffd}\u{fffd}/t"),
            (b"../\xc3\xa9\xff/t", "/é\u{fffd}/t"),
            (b"../\xc2\x85/t", "/\u{fffd}/t"),
            (b"../\x01\x1f/t", "/\u{fffd}\u{fffd}/t"),
            (b"../\xe1\x80/t", "/\u{fffd}/t"),
            (b"../\xed\xa0\x80/t", "/\u{fffd}\u{fffd}\u{fffd}/t"),
        ];
        for (path, expected) in cases {
            assert_eq!(join(b"/root/", path), expected.as_bytes(), "{path:?}");
        }
    }

    #[test]
    fn limits() {
        let long = vec![b'x'; 1023];
        assert_eq!(join(b"/", &long), TOO_LONG);
        assert_eq!(join(&long, b"/a"), TOO_LONG);
        assert_eq!(join(b"", &long), long);
        // Replacements make it longer than it was: it is cut, without care for the final slash.
        let mut broken = vec![0xff; 341];
        broken.extend(b"/y");
        assert_eq!(join(b"", &broken).len(), 1023);
    }
}
