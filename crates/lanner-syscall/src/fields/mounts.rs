//! `container.mount…[…]`: one mount of a container.

use bumpalo::Bump;
use lanner_event::ExtractorError;
use lanner_state::container::Mount;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;

/// A part of one mount.
#[derive(Clone, Debug)]
pub struct Mounts {
    which: Which,
    part: Part,
}

/// Which mount it is.
#[derive(Clone, Debug)]
enum Which {
    Index(usize),
    /// The first whose path matches.
    Path(Box<Regex>),
    /// No path matches what is no pattern.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Source,
    Destination,
    Mode,
    Writable,
    Propagation,
}

impl Mounts {
    /// A field of this class by what follows `container.mount`; `None` when it
    /// is of another. The argument is a number, or a regular expression for the
    /// path on the host; of `source`, for the path in the container.
    pub(super) fn compile(
        part: &str,
        field: &str,
        argument: Option<&str>,
    ) -> Option<Result<Self, ExtractorError>> {
        let part = match part {
            "" => Part::All,
            ".source" => Part::Source,
            ".dest" => Part::Destination,
            ".mode" => Part::Mode,
            ".rdwr" => Part::Writable,
            ".propagation" => Part::Propagation,
            _ => return None,
        };
        let Some(argument) = argument else {
            return Some(Err(super::missing_argument(field)));
        };
        let which = match index(argument) {
            Some(index) => Which::Index(index),
            None => Regex::builder()
                .syntax(syntax::Config::new().multi_line(true))
                .build(argument)
                .map_or(Which::None, |regex| Which::Path(Box::new(regex))),
        };
        Some(Ok(Self { which, part }))
    }

    /// The part of the mount; `None` when there is no such mount.
    pub(super) fn text<'a>(&self, mounts: &'a [Mount], arena: &'a Bump) -> Option<&'a [u8]> {
        let mount = match &self.which {
            Which::Index(index) => mounts.get(*index)?,
            Which::Path(regex) => mounts.iter().find(|mount| {
                regex.is_match(if self.part == Part::Source {
                    &mount.dest
                } else {
                    &mount.source
                })
            })?,
            Which::None => return None,
        };
        Some(match self.part {
            Part::All => shown(mount, arena),
            Part::Source => mount.source.as_bytes(),
            Part::Destination => mount.dest.as_bytes(),
            Part::Mode => mount.mode.as_bytes(),
            Part::Writable if mount.rdwr => b"true",
            Part::Writable => b"false",
            Part::Propagation => mount.propagation.as_bytes(),
        })
    }
}

/// All of a mount.
pub(super) fn shown<'a>(mount: &Mount, arena: &'a Bump) -> &'a [u8] {
    arena.alloc_str(&mount.to_string()).as_bytes()
}

/// Numbers with leading zeros are no indices.
fn index(argument: &str) -> Option<usize> {
    let is_number = argument.bytes().all(|byte| byte.is_ascii_digit());
    let is_padded = argument.len() > 1 && argument.starts_with('0');
    (is_number && !is_padded).then(|| argument.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_mounts() {
        let mount = |source: &str, dest: &str, rdwr| Mount {
            source: source.into(),
            dest: dest.into(),
            mode: "ro".into(),
            rdwr,
            propagation: "private".into(),
        };
        let mounts = [
            mount("/var/lib", "/data", true),
            mount("/etc", "/host/etc", false),
        ];
        let arena = Bump::new();
        for (part, argument, text) in [
            ("", "1", Some("/etc:/host/etc:ro:false:private")),
            ("", "2", None),
            ("", "01", None),
            (".dest", "^/var", Some("/data")),
            (".source", "host", Some("/etc")),
            (".rdwr", "0", Some("true")),
            (".mode", "(", None),
            (".propagation", "/etc", Some("private")),
        ] {
            let field = Mounts::compile(part, "container.mount", Some(argument));
            let found = field.unwrap().unwrap().text(&mounts, &arena);
            assert_eq!(found, text.map(str::as_bytes), "{part} {argument}");
        }
        assert!(Mounts::compile(".x", "container.mount", Some("0")).is_none());
        assert!(
            Mounts::compile("", "container.mount", None)
                .unwrap()
                .is_err()
        );
    }
}
