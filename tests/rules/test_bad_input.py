"""Bad rule files get a clear message, with the place; never an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lanner.diagnostics import Source
from lanner.diagnostics.render_text import render_text
from lanner.rules.loader import Unreadable, decode_source, load, read_source
from tests.rules.helpers import codes, load_condition, load_texts

if TYPE_CHECKING:
    from pathlib import Path

RULE = "- rule: r\n  desc: d\n  condition: {}\n  output: o\n  priority: INFO\n"


def _first(result: object) -> str:
    assert hasattr(result, "diagnostics")
    return render_text(result.diagnostics[0])


def test_empty_file_is_valid() -> None:
    result = load([Source("empty.yaml", "")])
    assert result.ok
    assert not result.rules


def test_missing_directory_and_unreadable(tmp_path: Path) -> None:
    missing = load([read_source(tmp_path / "no.yaml")])
    assert codes(missing) == ["LOAD_ERR_FILE_READ"]
    assert "No such file" in _first(missing)
    directory = load([read_source(tmp_path)])
    assert codes(directory) == ["LOAD_ERR_FILE_READ"]
    assert "is a directory" in _first(directory)


def test_binary_and_invalid_utf8() -> None:
    binary = decode_source("x.yaml", b"\x7fELF\0\0\xff\xfe")
    assert isinstance(binary, Unreadable)
    assert "binary" in binary.diagnostic.message
    broken = decode_source("x.yaml", "- rule: é\n".encode("latin-1"))
    assert isinstance(broken, Unreadable)
    assert "0xe9" in broken.diagnostic.message
    text = render_text(broken.diagnostic)
    assert "x.yaml:1:9" in text
    assert not load([broken]).ok


def test_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    path = tmp_path / "rules.yaml"
    path.write_text(RULE.format("ka.verb = get"))
    real = os.fstat
    calls = 0

    def fstat(fd: int) -> os.stat_result:
        nonlocal calls
        calls += 1
        if calls == 2:
            path.write_text("- list: half\n")
        return real(fd)

    monkeypatch.setattr("lanner.rules.loader.os.fstat", fstat)
    result = load([read_source(path)])
    assert codes(result) == ["LOAD_ERR_FILE_READ"]
    assert "changed while it was read" in _first(result)


def test_tabs() -> None:
    result = load_texts("- rule: r\n\tdesc: d\n")
    assert codes(result) == ["LOAD_ERR_YAML_PARSE"]
    assert "tabs" in _first(result)
    assert "1.yaml:2:1" in _first(result)


def test_duplicate_keys_take_the_first() -> None:
    text = RULE.format("ka.verb = get") + "  source: k8s_audit\n  priority: ERROR\n"
    result = load_texts(text)
    assert result.ok
    assert result.rules[0].priority == 6


def test_deep_nesting() -> None:
    assert codes(load_texts("[" * 100_000)) == ["LOAD_ERR_YAML_PARSE"]
    deep = load_condition("(" * 100_000 + "ka.verb=get" + ")" * 100_000)
    assert codes(deep) == ["LOAD_ERR_COMPILE_CONDITION"]
    assert "nested" in _first(deep)
    fine = load_condition("(" * 900 + "ka.verb=get" + ")" * 900)
    assert fine.ok
    nots = load_condition("not (" * 900 + "ka.verb=get" + ")" * 900)
    assert nots.ok


def test_long_line() -> None:
    names = ", ".join(f"name{n}" for n in range(200_000))
    assert load_condition(f"ka.user.name in ({names})").ok


def test_alias_bomb() -> None:
    lines = ["- &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    result = load_texts("\n".join(lines))
    assert codes(result) == ["LOAD_ERR_YAML_PARSE"]
    assert "aliases" in _first(result)


def test_macros_that_double_each_time_are_refused_quickly() -> None:
    macros = ["- macro: m0\n  condition: (ka.verb=get or ka.verb=list)"]
    macros += [f"- macro: m{n}\n  condition: (m{n - 1} and m{n - 1})" for n in range(1, 60)]
    text = "\n".join(macros) + "\n" + RULE.format("m59") + "  source: k8s_audit\n"
    result = load_texts(text)
    # shared trees make the expansion itself cheap: it may load or be refused, but not hang
    assert all(code == "LOAD_ERR_VALIDATE" for code in codes(result))


def test_lists_that_grow_each_other_are_refused() -> None:
    lists = [f"- list: l{n}\n  items: [{', '.join([f'l{n + 1}'] * 10)}]" for n in range(12)]
    result = load_texts("\n".join(lists) + "\n" + RULE.format("ka.verb in (l0)"))
    assert not result.ok


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- macro: a\n  condition: b\n- macro: b\n  condition: a\n", "defined only after"),
        ("- macro: a\n  condition: a and evt.type=open\n", "`a`"),
        (
            "- list: a\n  items: [b]\n- list: b\n  items: [a]\n" + RULE.format("evt.type in (a)"),
            "b",
        ),
    ],
)
def test_cycles(text: str, message: str) -> None:
    result = load_texts(text)
    assert not result.ok
    assert message in _first(result)


@pytest.mark.parametrize(
    ("condition", "message", "help_text"),
    [
        ("ka.vreb = get", "no field is named `ka.vreb`", "did you mean `ka.verb`?"),
        ("evt.num = abc", "the field is a number, and `abc` is not", None),
        ('ka.verb = "get', "this string is not closed", '"'),
        ("ka.verb in (get list)", "expected `,` or `)`", "commas"),
        ("ka.verb = (get)", "expected one value", "in (…)"),
        ("ka.verb", "`ka.verb` is not compared with anything", "exists"),
        ("ka.verb = get extra", "expected `and` or `or` after `get`", None),
        ("(ka.verb = get", "this parenthesis is not closed", None),
        ("ka.verb regex '['", "a bracket of the pattern is not closed", None),
        ("ka.user.groups = x", "several values", None),
        ("proc.name = x", "have no field `proc.name`", "source: syscall"),
    ],
)
def test_conditions(condition: str, message: str, help_text: str | None) -> None:
    result = load_condition(condition)
    assert codes(result)[:1] == ["LOAD_ERR_COMPILE_CONDITION"]
    text = _first(result)
    assert message in text
    if help_text:
        assert help_text in text


def test_several_errors_in_one_file() -> None:
    result = load_texts(
        """\
        - rule: one
          desc: d
          condition: ka.vreb = get and ka.user.nmae = x
          output: "%ka.uri.prm"
          priority: INFOO
          source: k8s_audit
        - rule: two
          condition: ka.verb = get
          output: o
          priority: INFO
        """
    )
    assert codes(result) == ["LOAD_ERR_YAML_VALIDATE", "LOAD_ERR_YAML_VALIDATE"]
    assert len(result.files[0].falco_view()) == 1
    result = load_texts(
        """\
        - rule: one
          desc: d
          condition: ka.vreb = get and ka.user.nmae = x
          output: "%ka.nosuch"
          priority: INFO
          source: k8s_audit
        """
    )
    assert len(result.diagnostics) == 3
