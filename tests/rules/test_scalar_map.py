"""Every character of a YAML scalar's value is found again in the file."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lanner.diagnostics import Source
from lanner.rules.scalar_map import mapped
from lanner.rules.yaml_nodes import Mapping, Scalar, Sequence, parse_yaml

LINE = st.text("ab =%#:'\"\\,é()x\t😀", max_size=8)
LINES = st.lists(LINE, min_size=1, max_size=5)
BREAK = st.sampled_from(["\n", "\r\n"])
INDENT = st.sampled_from(["    ", "    ", "      ", "     ", "  ", ""])
ESCAPES = [r"\\", r"\n", r"\t", r"\x41", r"\u00e9", r"\U0001F600", r"\ ", r"\/", "\\\n   ", "\\\n"]


@st.composite
def plain(draw: st.DrawFn) -> str:
    return (draw(BREAK) + draw(INDENT)).join(draw(LINES))


@st.composite
def single_quoted(draw: st.DrawFn) -> str:
    lines = [line.replace("'", "''") for line in draw(LINES)]
    return "'" + (draw(BREAK) + draw(INDENT)).join(lines) + "'"


@st.composite
def double_quoted(draw: st.DrawFn) -> str:
    lines = []
    for line in draw(LINES):
        pieces = [draw(st.sampled_from(ESCAPES)) if letter == "\\" else letter for letter in line]
        lines.append("".join(pieces).replace('"', r"\""))
    return '"' + (draw(BREAK) + draw(INDENT)).join(lines) + '"'


@st.composite
def block(draw: st.DrawFn) -> str:
    head = draw(st.sampled_from("|>")) + draw(
        st.sampled_from(["", "-", "+", "2", "2-", "+4", " # c"])
    )
    end = draw(BREAK)
    return head + end + "".join(draw(INDENT) + line + end for line in draw(LINES))


def value_of(text: str) -> Scalar | None:
    """The value of `k` in a file with one item."""
    parsed = parse_yaml(Source("x.yaml", text))
    documents, problem = parsed.documents, parsed.problem
    if problem is not None or len(documents) != 1 or not isinstance(documents[0], Sequence):
        return None
    (item, *_) = documents[0].items
    value = item.get("k") if isinstance(item, Mapping) else None
    return value if isinstance(value, Scalar) else None


def stands_for(character: str, written: str, style: str) -> bool:
    """Whether `written`, one character of the file, can be where a character of a value is from."""
    if style == '"' and written == "\\":
        return True
    return written == character or (character in " \n" and written in "\r\n")


@settings(max_examples=600)
@given(st.one_of(plain(), single_quoted(), double_quoted(), block()))
@example("'a''b\n\n    c'")
@example(">\n\n      more\n    less\n\n    a\n    b\n\n")
@example('"a \\\n   b\\x41\n\n   c"')
@example(">2-\n      x\r\n    y\r\n")
def test_characters_are_found(raw: str) -> None:
    text = f"- rule: r\n  k: {raw}\n  z: 1\n"
    scalar = value_of(text)
    assume(scalar is not None)
    assert scalar is not None
    assume(scalar.value.strip(" \n") != "" or not scalar.style)
    found = mapped(scalar)
    assert found.text == scalar.value
    last = -1
    for index, character in enumerate(scalar.value):
        span = found.span(index, index + 1)
        assert scalar.start <= span.start < span.end <= max(scalar.end, scalar.start + 1)
        assert span.start > last
        assert stands_for(character, text[span.start], scalar.style)
        last = span.start


@pytest.mark.parametrize(
    ("raw", "word", "expected"),
    [
        (">\n    a and\n    b = c\n", "b = c", "b = c"),
        (">-\n    a and\n\n\n    b = c", "b = c", "b = c"),
        (">\n    a\n      more\n    b", "more", "more"),
        ("|2\n      two\n    none\n", "none", "none"),
        ("a\n    and\n    b", "b", "b"),
        ("'it''s\n    b'", "b", "b"),
        ("'it''s'", "s", "s"),
        (r'"\x41\u00e9 b"', "b", "b"),
        ('"a \\\n      b"', "b", "b"),
        (r'"it\'s b"', "b", "b"),
    ],
)
def test_words_are_found(raw: str, word: str, expected: str) -> None:
    text = f"- rule: r\n  k: {raw}\n  z: 1\n"
    scalar = value_of(text)
    assert scalar is not None
    at = scalar.value.rindex(word)
    span = mapped(scalar).span(at, at + len(word))
    assert span.text == expected
    # the places differ, the words are the last of their kind in value and file
    assert span.start == text.rindex(word, 0, scalar.end)


def test_a_fold_is_the_line_break() -> None:
    scalar = value_of("- rule: r\n  k: >\n    a\n    b\n")
    assert scalar is not None
    assert scalar.value == "a b\n"
    assert mapped(scalar).span(1, 2).text == "\n"
