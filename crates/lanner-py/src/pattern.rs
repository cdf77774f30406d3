//! `Pattern`: a regular expression for text that somebody else chose.

use std::borrow::Cow;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use regex::{Captures, NoExpand, Regex, RegexBuilder};

/// Bytes of a compiled pattern, and of what is remembered while it is looked for, at most.
const MAX_BYTES: usize = 8 << 20;
/// The group that is replaced alone, where a pattern has it.
const SECRET: &str = "secret";

/// A regular expression whose search takes time in proportion to the text: none backtracks. In the
/// syntax of Rust's `regex`, which is RE2's but for details: without look-around and
/// back-references.
#[pyclass(frozen, module = "lanner._native")]
pub struct Pattern {
    regex: Regex,
    has_secret: bool,
}

#[pymethods]
impl Pattern {
    /// Compiles it. Raises ValueError, with the reason in a line.
    #[new]
    fn new(text: &str) -> PyResult<Self> {
        let regex = RegexBuilder::new(text)
            .size_limit(MAX_BYTES)
            .dfa_size_limit(MAX_BYTES)
            .build()
            .map_err(|error| PyValueError::new_err(reason(&error)))?;
        let has_secret = regex.capture_names().flatten().any(|name| name == SECRET);
        Ok(Self { regex, has_secret })
    }

    /// The text with something else in place of all that matches; of a pattern with a group named
    /// `secret`, in place of what that matches.
    fn hide<'t>(&self, text: &'t str, replacement: &str) -> Cow<'t, str> {
        if !self.has_secret {
            return self.regex.replace_all(text, NoExpand(replacement));
        }
        self.regex.replace_all(text, |found: &Captures<'_>| {
            let whole = found.get_match();
            let Some(secret) = found.name(SECRET) else {
                return whole.as_str().to_owned();
            };
            let before = &text[whole.start()..secret.start()];
            let behind = &text[secret.end()..whole.end()];
            [before, replacement, behind].concat()
        })
    }
}

/// What is wrong, without the picture of where.
fn reason(error: &regex::Error) -> String {
    let said = error.to_string();
    let last = said.lines().next_back().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(pattern: &str, text: &str) -> String {
        Pattern::new(pattern)
            .unwrap()
            .hide(text, "<$0>")
            .into_owned()
    }

    #[test]
    fn all_that_matches_is_replaced_by_what_is_said() {
        assert_eq!(
            hidden(r"(?i)token=\S+", "a TOKEN=b token=é c"),
            "a <$0> <$0> c"
        );
        assert_eq!(hidden("x", "none"), "none");
    }

    #[test]
    fn of_a_pattern_with_a_secret_that_alone() {
        let pattern = r"(?:token|key) (?<secret>\S+)!";
        assert_eq!(
            hidden(pattern, "token a! key b! key c"),
            "token <$0>! key <$0>! key c"
        );
        assert_eq!(hidden("(?<secret>a)|b", "ab"), "<$0>b");
    }

    #[test]
    fn a_text_cannot_make_it_slow() {
        let text = "a".repeat(1 << 20) + "!";
        assert_eq!(hidden("(a+)+$", &text), text);
    }

    #[test]
    fn what_is_wrong_is_a_line() {
        for (pattern, expected) in [
            (
                "(?<=a)b",
                "look-around, including look-ahead and look-behind, is not supported",
            ),
            ("(", "unclosed group"),
            (r"(a)\1", "backreferences are not supported"),
        ] {
            assert_eq!(reason(&Regex::new(pattern).unwrap_err()), expected);
        }
        let large = Regex::new(r"\w{1000}{1000}").unwrap_err();
        assert!(!reason(&large).contains('\n'));
    }
}
