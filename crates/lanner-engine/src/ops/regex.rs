//! `regex`: RE2 in its POSIX mode, matching the whole text.
//!
//! Facts: libsinsp 0.25.4 builds `RE2(pattern, RE2::POSIX)` and matches with
//! both ends anchored. `posix` reads RE2's dialect; matching is linear in the
//! text, whatever the pattern.

use regex_automata::meta;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, Look};

use super::posix;
use crate::error::PlanError;

/// Bounds what a pattern may take in memory, as RE2's 8 MiB do.
const MAX_BYTES: usize = 8 << 20;

/// One or more patterns; a text matches if one of them matches all of it.
pub(crate) struct Regex {
    compiled: meta::Regex,
}

impl Regex {
    pub(crate) fn new(patterns: &[&[u8]]) -> Result<Self, PlanError> {
        let mut alternatives = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let pattern = std::str::from_utf8(pattern)
                .map_err(|_| PlanError::new("invalid regex pattern: invalid UTF-8"))?;
            alternatives.push(
                posix::parse(pattern)
                    .map_err(|error| PlanError::new(format!("invalid regex pattern: {error}")))?,
            );
        }
        let whole = Hir::concat(vec![
            Hir::look(Look::Start),
            Hir::alternation(alternatives),
            Hir::look(Look::End),
        ]);
        let config = meta::Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(MAX_BYTES))
            .onepass_size_limit(Some(MAX_BYTES / 8))
            .hybrid_cache_capacity(MAX_BYTES / 4);
        let compiled = meta::Builder::new()
            .configure(config)
            .build_from_hir(&whole)
            .map_err(|_| {
                PlanError::new("invalid regex pattern: pattern too large - compile failed")
            })?;
        Ok(Self { compiled })
    }

    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        self.compiled
            .is_match(Input::new(text).anchored(Anchored::Yes).earliest(true))
    }
}

/// Whether RE2 would take this pattern, in Falco's words if not.
///
/// # Errors
/// The message that Falco prints: `invalid regex pattern: missing ]: [`.
pub fn check_pattern(pattern: &str) -> Result<(), PlanError> {
    Regex::new(&[pattern.as_bytes()]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: impl AsRef<[u8]>) -> bool {
        Regex::new(&[pattern.as_bytes()])
            .unwrap()
            .matches(text.as_ref())
    }

    fn error(pattern: &str) -> String {
        check_pattern(pattern).unwrap_err().to_string()
    }

    #[test]
    fn the_whole_text_must_match() {
        assert!(matches("ab+", "abbb"));
        assert!(!matches("ab+", "xabbb"));
        assert!(!matches("ab+", "abbbx"));
        assert!(matches("^/etc/.*$", "/etc/passwd"));
        assert!(matches("a|ab|abc", "abc"));
        assert!(matches("", ""));
        assert!(!matches("", "a"));
    }

    #[test]
    fn repetitions_stack_as_in_posix() {
        // In Perl's syntax these would be lazy, with the same whole matches
        // but for `+?`.
        assert!(matches("a+?", ""));
        assert!(matches("a+?", "aaa"));
        assert!(matches("a**", "aa"));
        assert!(matches("a{2}{3}", "aaaaaa"));
        assert!(!matches("a{2}{3}", "aaaaa"));
        assert!(matches("a{,2}", "a{,2}"));
        assert!(matches("a{x", "a{x"));
    }

    #[test]
    fn text_is_utf8_and_anything_but_a_line_end_is_a_dot() {
        assert!(matches("a.c", "aäc"));
        assert!(!matches("a.c", b"a\xffc"));
        assert!(!matches("a.c", "a\nc"));
        assert!(matches("a[^x]c", "a\nc"));
        // Anchors are those of lines.
        assert!(matches("a\n^b$\nc", "a\nb\nc"));
    }

    #[test]
    fn classes_are_those_of_posix() {
        assert!(matches("[[:alpha:]_]+", "ab_C"));
        assert!(!matches("[[:alpha:]]+", "ä"));
        assert!(matches("[[:^digit:]]", "x"));
        assert!(matches("[]a]+", "]a"));
        assert!(matches("[^]a]", "b"));
        assert!(matches("[a-]+", "a-"));
        assert!(matches("[\\]\\x41]+", "]A"));
        assert!(matches("[[:word:]]+", "a_1"));
    }

    #[test]
    fn escapes_are_those_of_re2() {
        assert!(matches("\\.\\x2f\\x{62}\\n\\_", "./b\n_"));
        assert!(matches("\\012", "\n"));
        assert!(matches("\\07", "\u{7}"));
    }

    #[test]
    fn what_re2_refuses_is_refused_in_its_words() {
        assert_eq!(error("["), "invalid regex pattern: missing ]: [");
        assert_eq!(error("("), "invalid regex pattern: missing ): (");
        assert_eq!(error("a)"), "invalid regex pattern: unexpected ): a)");
        assert_eq!(
            error("*a"),
            "invalid regex pattern: no argument for repetition operator: *"
        );
        assert_eq!(
            error("\\d"),
            "invalid regex pattern: invalid escape sequence: \\d"
        );
        assert_eq!(error("\\"), "invalid regex pattern: trailing \\");
        assert_eq!(
            error("[z-a]"),
            "invalid regex pattern: invalid character class range: z-a"
        );
        assert_eq!(
            error("a{1001}"),
            "invalid regex pattern: invalid repetition size: {1001}"
        );
        for pattern in [
            "(?i)a",
            "\\bx",
            "\\pL",
            "\\1",
            "[[:nosuch:]]",
            "a{2,1}",
            "[a-c-e]",
        ] {
            assert!(check_pattern(pattern).is_err(), "{pattern}");
        }
        assert!(check_pattern(&"(".repeat(100_000)).is_err());
        assert!(check_pattern("((((a{100}){100}){100}){100})").is_err());
    }
}
