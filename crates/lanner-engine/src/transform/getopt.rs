//! `getopt(list, optstring)` and `getopt(list, optstring)[c]`.
//!
//! Reads a command line as getopt(3) does, with what libsinsp leaves out: long
//! options are skipped, reading stops at the first word that is no option. The
//! plain form yields option names and their values in order, `?` for options
//! that are not in the optstring; it is present even when that is nothing. The
//! selecting form yields the value of the last occurrence of the option (its
//! name if it takes no value) and is absent without one.

use bumpalo::Bump;
use lanner_event::{Value, Values};

use super::{Span, as_text};

/// Which options there are, and which of them take a value.
struct Options {
    known: [bool; 256],
    valued: [bool; 256],
}

impl Options {
    fn new(optstring: &[u8]) -> Self {
        let mut options = Self {
            known: [false; 256],
            valued: [false; 256],
        };
        for (index, &option) in optstring.iter().enumerate() {
            if option == b':' {
                continue;
            }
            options.known[usize::from(option)] = true;
            if optstring.get(index + 1) == Some(&b':') {
                options.valued[usize::from(option)] = true;
            }
        }
        options
    }
}

/// Appends the result for the words in `words`; false when it is absent.
pub(super) fn run<'e>(
    words: Span,
    optstring: &[u8],
    selected: Option<u8>,
    arena: &'e Bump,
    values: &mut Values<'e>,
) -> bool {
    let options = Options::new(optstring);
    let mut chosen: Option<&'e [u8]> = None;
    let mut indices = words.range();
    while let Some(index) = indices.next() {
        let word = as_text(&values[index], arena);
        if word == b"--" {
            break;
        }
        if word.len() > 2 && word.starts_with(b"--") {
            continue;
        }
        if word.len() < 2 || word[0] != b'-' {
            break;
        }
        for (at, &option) in word.iter().enumerate().skip(1) {
            if option == b':' || !options.known[usize::from(option)] {
                if selected.is_none() {
                    values.push(Value::Str(b"?"));
                }
                continue;
            }
            let name = &word[at..=at];
            let wanted = selected.is_none_or(|selected| selected == option);
            if !options.valued[usize::from(option)] {
                if wanted {
                    emit(name, None, selected, &mut chosen, values);
                }
                continue;
            }
            let rest = &word[at + 1..];
            let value = if rest.is_empty() {
                indices.next().map(|next| as_text(&values[next], arena))
            } else {
                Some(rest)
            };
            match value {
                // A value that is missing counts as empty.
                None if wanted => emit(b"", None, selected, &mut chosen, values),
                Some(_) if wanted => emit(name, value, selected, &mut chosen, values),
                _ => {}
            }
            break;
        }
    }
    match (selected, chosen) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(_), Some(value)) => {
            values.push(Value::Str(value));
            true
        }
    }
}

fn emit<'e>(
    name: &'e [u8],
    value: Option<&'e [u8]>,
    selected: Option<u8>,
    chosen: &mut Option<&'e [u8]>,
    values: &mut Values<'e>,
) {
    if selected.is_some() {
        *chosen = Some(value.unwrap_or(name));
        return;
    }
    values.push(Value::Str(name));
    values.extend(value.map(Value::Str));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn getopt(words: &[&str], optstring: &str, selected: Option<u8>) -> Option<Vec<String>> {
        let arena = Bump::new();
        let mut values = Values::new_in(&arena);
        values.extend(
            words
                .iter()
                .map(|word| Value::Str(arena.alloc_slice_copy(word.as_bytes()))),
        );
        let span = Span {
            start: 0,
            len: words.len() as u32,
        };
        run(span, optstring.as_bytes(), selected, &arena, &mut values).then(|| {
            values[words.len()..]
                .iter()
                .map(|value| match value {
                    Value::Str(text) => String::from_utf8_lossy(text).into_owned(),
                    other => panic!("{other:?}"),
                })
                .collect()
        })
    }

    #[test]
    fn options_come_in_order_with_their_values() {
        assert_eq!(
            getopt(&["-nt", "5", "-xv", "file", "-q"], "nt:v", None).unwrap(),
            ["n", "t", "5", "?", "v"]
        );
        assert_eq!(getopt(&["-t5"], "t:", None).unwrap(), ["t", "5"]);
    }

    #[test]
    fn reading_stops_at_the_end_of_options() {
        assert_eq!(getopt(&["-n", "--", "-v"], "nv", None).unwrap(), ["n"]);
        assert_eq!(
            getopt(&["-n", "--long", "-v", "-", "-n"], "nv", None).unwrap(),
            ["n", "v"]
        );
        assert_eq!(getopt(&["file", "-n"], "n", None).unwrap(), [""; 0]);
        assert_eq!(getopt(&["", "-n"], "n", None).unwrap(), [""; 0]);
    }

    #[test]
    fn a_missing_value_is_empty() {
        assert_eq!(getopt(&["-n", "-t"], "nt:", None).unwrap(), ["n", ""]);
        assert_eq!(getopt(&["-t"], ":t:", Some(b't')).unwrap(), [""]);
    }

    #[test]
    fn a_selected_option_yields_its_last_value() {
        let words = ["-t", "1", "-n", "-t2", "-x"];
        assert_eq!(getopt(&words, "nt:", Some(b't')).unwrap(), ["2"]);
        assert_eq!(getopt(&words, "nt:", Some(b'n')).unwrap(), ["n"]);
        assert_eq!(getopt(&words, "nt:v", Some(b'v')), None);
        assert_eq!(getopt(&words, "nt:", Some(b'x')), None);
    }

    #[test]
    fn a_value_may_look_like_an_option() {
        assert_eq!(getopt(&["-t", "-n"], "nt:", None).unwrap(), ["t", "-n"]);
    }
}
