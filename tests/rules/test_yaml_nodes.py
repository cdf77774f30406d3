"""YAML as yaml-cpp reads it, which Falco uses: conversions, keys, and what it refuses.

The expectations were taken from yaml-cpp c2bec4c, the version that Falco 0.44.1 is built with.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanner.diagnostics import Source
from lanner.rules import yaml_nodes
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence, parse_yaml
from tests.rules.helpers import codes, load_texts


def first(text: str) -> Node:
    """The first item of a valid file."""
    parsed = parse_yaml(Source("x.yaml", text))
    documents, problem = parsed.documents, parsed.problem
    assert problem is None, problem
    assert isinstance(documents[0], Sequence)
    return documents[0].items[0]


def scalar(text: str) -> Scalar:
    node = first(f"- {text}\n")
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    "word", ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "'yes'"]
)
def test_true(word: str) -> None:
    assert scalar(word).as_bool() is True


@pytest.mark.parametrize(
    "word", ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]
)
def test_false(word: str) -> None:
    assert scalar(word).as_bool() is False


@pytest.mark.parametrize("word", ["yEs", "tRUE", "oN", "fALSE", "1", "0", "t", "f", "enabled", "~"])
def test_no_boolean(word: str) -> None:
    assert scalar(word).as_bool() is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("62", 62),
        ("+5", 5),
        ("007", 7),
        ("010", 8),
        ("0x1F", 31),
        ("0XfF", 255),
        ('"5 "', 5),
        ("4294967295", 4294967295),
        ("4294967296", None),
        ("0x100000000", None),
        ("99999999999999999999", None),
        ("08", None),
        ("0x", None),
        ("-5", None),
        ("5.0", None),
        ("1e3", None),
        ("1_000", None),
        ('" 5"', None),
        ("٣", None),
        ("five", None),
    ],
)
def test_numbers(text: str, number: int | None) -> None:
    assert scalar(text).as_unsigned() == number


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null(text: str) -> None:
    assert scalar(text).is_null


@pytest.mark.parametrize("text", ["nULL", '""', "'~'", '"null"', "none"])
def test_not_null(text: str) -> None:
    assert not scalar(text).is_null


def test_the_first_of_two_keys_counts() -> None:
    node = first("- a: 1\n  b: 2\n  a: 3\n")
    assert isinstance(node, Mapping)
    value = node.get("a")
    assert isinstance(value, Scalar)
    assert value.value == "1"


def test_quoted_keys_are_keys() -> None:
    node = first("- 'a': 1\n")
    assert isinstance(node, Mapping)
    assert node.get("a") is not None
    assert node.get("b") is None


@pytest.mark.parametrize("text", ["- [/dev/tty?]", "- {a?b: c}", "- [x, [http://h/p?q=1]]"])
def test_question_marks_in_flow_collections(text: str) -> None:
    problem = parse_yaml(Source("x.yaml", text)).problem
    assert problem is not None
    assert problem.code == "LOAD_ERR_YAML_PARSE"
    assert problem.span is not None
    assert problem.span.text == "?"
    assert problem.help is not None
    assert "quotes" in problem.help


@pytest.mark.parametrize("text", ["- ['/dev/tty?']", '- ["a?"]', "- a?b", "- x:\n  - a?b"])
def test_question_marks_elsewhere(text: str) -> None:
    assert parse_yaml(Source("x.yaml", text)).problem is None


def test_an_escaped_apostrophe() -> None:
    node = scalar(r'''"it\'s \\' \"x\""''')
    assert node.value == """it's \\' "x\""""
    problem = parse_yaml(Source("x.yaml", '- "' + r"\'" * 1000 + '"')).problem
    assert problem is not None  # each costs a reading of the file


@pytest.mark.parametrize(
    "text", [r'''- "a\'b\P"''', r'''- "a\'b\u2029"''', '- "a\\\'b\u2029"', r'- "\q"', r'- "\x4"']
)
def test_other_escapes_stay_errors(text: str) -> None:
    problem = parse_yaml(Source("x.yaml", text)).problem
    assert problem is not None
    assert problem.code == "LOAD_ERR_YAML_PARSE"


@pytest.mark.parametrize(
    ("text", "line", "help_text"),
    [
        ("- rule: r\n\tdesc: d\n", 2, "tabs"),
        ("  - rule: r\n- rule: s\n", 2, "indented less"),
        ("- rule: r\n  desc: a: b\n", 2, "quoted"),
    ],
)
def test_help(text: str, line: int, help_text: str) -> None:
    problem = parse_yaml(Source("x.yaml", text)).problem
    assert problem is not None
    assert problem.span is not None
    assert problem.span.source.position(problem.span.start).line == line
    assert problem.help is not None
    assert help_text in problem.help


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x80", "\ufffe"])
def test_control_characters_are_pointed_at(character: str) -> None:
    problem = parse_yaml(Source("x.yaml", f"- a: b\n- c: d{character}\n")).problem
    assert problem is not None
    assert problem.span is not None
    assert problem.span.text == character


def test_rare_line_separators_do_not_count_as_lines() -> None:
    text = "- rule: 'a\u2028b\u2029c'\n  desc: a: b\n"
    problem = parse_yaml(Source("x.yaml", text)).problem
    assert problem is not None
    assert problem.span is not None
    assert problem.span.source.position(problem.span.start).line == 2


def test_aliases() -> None:
    node = first("- &a {x: &b [1], y: *b}\n- *a\n")
    assert isinstance(node, Mapping)
    assert node.get("x") is node.get("y")
    for text in ("- *nothing\n", "- &a [*a]\n", "- &a x\n---\n- *a\n"):
        problem = parse_yaml(Source("x.yaml", text)).problem
        assert problem is not None
        assert "no anchor" in problem.message


def test_aliases_count_what_they_stand_for() -> None:
    assert (
        parse_yaml(Source("x.yaml", "- &a [" + "x, " * 40 + "]\n- *a\n"), max_nodes=100).problem
        is None
    )
    problem = parse_yaml(
        Source("x.yaml", "- &a [" + "x, " * 40 + "]\n- *a\n- *a\n"), max_nodes=100
    ).problem
    assert problem is not None
    assert "aliases" in problem.message


def test_depth() -> None:
    depth = yaml_nodes.MAX_DEPTH
    assert parse_yaml(Source("x.yaml", "[" * depth + "]" * depth)).problem is None
    problem = parse_yaml(Source("x.yaml", "[" * (depth + 1) + "]" * (depth + 1))).problem
    assert problem is not None
    assert "nested" in problem.message


def test_documents_without_content_are_skipped() -> None:
    # Falco stops reading at the first of them, without a word
    result = load_texts("---\n# nothing\n---\n- list: a\n  items: [b]\n")
    assert codes(result) == ["LOAD_UNUSED_LIST"]


@given(st.text("-: \n\t\"'|>[]{}#&*!%@?,ab\\\r", max_size=60))
def test_any_text_gives_nodes_or_one_place(text: str) -> None:
    source = Source("x.yaml", text)
    problem = parse_yaml(source).problem
    if problem is not None:
        assert problem.span is not None
        assert 0 <= problem.span.start <= problem.span.end <= len(text)
