"""Patterns against RE2 itself, in the mode in which Falco uses it."""

from __future__ import annotations

import time

import pytest
import re2  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lanner.rules.regex_match import Regex, compile_regex
from lanner.rules.regexes import PatternError, regex_problem

OPTIONS = re2.Options()
OPTIONS.posix_syntax = True
OPTIONS.longest_match = True
OPTIONS.log_errors = False

PIECES = (
    *"abzAZ09_-.^$|*+?(){}[]\\/ ,:!<>&~#%\"'=@;`",
    *("é", "\n", "\x00", "\U0001f600"),
    *("(?:", "(?i)", "(?P<n>", "[^", "[:alpha:]", "[[:digit:]]", "[[:^space:]", "[:foo:]", "]]"),
    *(
        "{2}",
        "{0}",
        "{1,}",
        "{2,3}",
        "{,2}",
        "{01}",
        "{1001}",
        "{500}",
        "{3,2}",
        "{999999999}",
        "{9999999999}",
    ),
    *("\\d", "\\w", "\\b", "\\A", "\\Q", "\\n", "\\t", "\\.", "\\]", "\\-", "\\\\", "\\pN", "\\1"),
    *("\\x41", "\\x{41}", "\\x{110000}", "\\x4", "\\07", "\\12", "a-z", "z-a", "0-9", ".*", "a+?"),
)
patterns = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
texts = st.text(st.sampled_from("abzAZ09_-. \n\té]\\x,"), max_size=12)


def oracle(pattern: str) -> tuple[re2._Regexp | None, str | None]:
    try:
        return re2.compile(pattern.encode(), OPTIONS), None
    except re2.error as error:
        return None, error.args[0].decode()


@given(patterns)
@settings(max_examples=1500)
@example("[a-")
@example("[a-\\")
@example("[]a]")
@example("[--a]")
@example("[a-b-c]")
@example("a**")
@example("(a{100}){100}")
@example("(a{501,}){2}")
@example("a{2,}{501}")
@example("a{1000}*{2}")
@example("\\x{41")
@example("\\x{g}")
@example("\\é")
def test_what_is_accepted_and_what_is_said(pattern: str) -> None:
    problem = regex_problem(pattern)
    assert (problem and problem.falco_message) == oracle(pattern)[1]


def test_every_escape_of_an_ascii_character() -> None:
    for code in range(128):
        for pattern in (f"\\{chr(code)}", f"[\\{chr(code)}]", f"\\{chr(code)}0", f"a{chr(code)}b"):
            problem = regex_problem(pattern)
            assert (problem and problem.falco_message) == oracle(pattern)[1], repr(pattern)


@given(patterns, st.lists(texts, min_size=1, max_size=5))
@settings(max_examples=1500)
@example("(^a$\n?)*", ["a\na\n", "a\nb"])
@example("(a|ab)(c|bcd)(d*)", ["abcd"])
@example("[^a]", ["\n", "b", "a"])
@example("[[:^alpha:]é]", ["é", "ê"])
@example("a{2}{3}", ["aaaaaa", "aaaaa"])
@example("a{01}", ["a{01}", "a"])
@example("()*$^", ["", "a"])
def test_what_matches(pattern: str, candidates: list[str]) -> None:
    compiled, problem = oracle(pattern)
    if compiled is None:
        with pytest.raises(PatternError):
            Regex(pattern)
        assert problem
        return
    regex = Regex(pattern)
    for text in candidates:
        assert regex.matches(text) == (compiled.fullmatch(text.encode()) is not None), text


# RE2 takes the encoding of a surrogate (ED A0 80 …) for a character; nothing else does
@given(patterns, st.binary(max_size=8).filter(lambda data: b"\xed" not in data))
@settings(max_examples=300)
@example(".", b"\xff")
@example("[^a]", b"\xff")
@example(".*", b"a\xffb")
def test_bytes_that_are_not_utf_8(pattern: str, data: bytes) -> None:
    compiled, _ = oracle(pattern)
    if compiled is not None:
        text = data.decode("utf-8", "surrogateescape")
        assert compile_regex(pattern).matches(text) == (compiled.fullmatch(data) is not None)


@pytest.mark.parametrize(
    ("pattern", "help_text"),
    [
        ("a\\d", "`[[:digit:]]`"),
        ("a\\S", "`[^[:space:]]`"),
        ("(?i)a", "group"),
        ("[a", "not closed"),
        ("*a", "repeats nothing"),
    ],
)
def test_our_words_help(pattern: str, help_text: str) -> None:
    problem = regex_problem(pattern)
    assert problem is not None
    assert help_text in problem.message


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a*)*b", "a" * 5000),
        ("(a|a)*b", "a" * 5000),
        ("(.*a){30}", "a" * 300),
        ("((a{0,10}){0,10}){0,10}b", "a" * 300),
        ("(a?){1000}a{1000}", "a" * 1000),
        ("(" * 127 + ")" * 127, "a"),
    ],
)
def test_no_pattern_takes_for_ever(pattern: str, text: str) -> None:
    begin = time.perf_counter()
    Regex(pattern).matches(text)
    assert time.perf_counter() - begin < 10


def test_sizes_are_bounded() -> None:
    for pattern in ("(" * 5000, "a" * 5000, "((((.{1000}" * 30):
        assert regex_problem(pattern) is not None


def test_surrogates_are_not_utf_8() -> None:
    problem = regex_problem("a\udcff")
    assert problem is not None
    assert problem.falco_message == "invalid UTF-8"
