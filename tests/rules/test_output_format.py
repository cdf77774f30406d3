"""Output templates: tables, and every output of the upstream rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.diagnostics import Source
from lanner.rules.loader import load, read_source
from lanner.rules.output_format import MAX_WIDTH, parse_output
from lanner.rules.typed import CallOperand, FieldOperand, Output, OutputField, OutputText
from tests.rules.condition_support import falco_messages, mapped

if TYPE_CHECKING:
    from pathlib import Path

NO_FIELD = "unknown filter: unexpected token after '"


def parsed(text: str, source: str = "syscall") -> Output:
    output, problems = parse_output(mapped(text), source)
    assert output is not None, problems
    return output


def shown(text: str, source: str = "syscall") -> list[str]:
    """The parts, written so that they can be compared at a glance."""
    parts = []
    for part in parsed(text, source).parts:
        if isinstance(part, OutputText):
            parts.append(part.text)
        else:
            width = "" if part.width is None else str(part.width)
            parts.append(f"<{width}{_operand(part)}>")
    return parts


def _operand(part: OutputField) -> str:
    operand = part.operand
    if isinstance(operand, FieldOperand):
        return operand.name + ("" if operand.argument is None else f"|{operand.argument}")
    assert isinstance(operand, CallOperand)
    return operand.function


def error(text: str, source: str = "syscall") -> str:
    output, problems = parse_output(mapped(text), source)
    assert output is None
    assert {one.code for one in problems} == {"LOAD_ERR_COMPILE_OUTPUT"}
    return falco_messages(problems)[0]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ["plain"]),
        ("*", []),
        ("*a %proc.name", ["a ", "<proc.name>"]),
        ("a*b", ["a*b"]),
        ("%proc.name", ["<proc.name>"]),
        ("(%proc.name)", ["(", "<proc.name>", ")"]),
        ("%proc.name%proc.pid", ["<proc.name>", "<proc.pid>"]),
        ("a=%proc.name b=%fd.name", ["a=", "<proc.name>", " b=", "<fd.name>"]),
        ("%proc.aname[2]x", ["<proc.aname|2>", "x"]),
        ("%5proc.name!", ["<5proc.name>", "!"]),
        ("%05proc.name", ["<5proc.name>"]),
        ("%0proc.name", ["<proc.name>"]),
        ("%evt.arg.flags", ["<evt.arg|flags>"]),
        ("%evt.arg[1]", ["<evt.arg|1>"]),
        ("%evt.type.is.open", ["<evt.type.is|open>"]),
        ("%tolower(proc.name)!", ["<tolower>", "!"]),
        ("%len(tolower(proc.name))", ["<len>"]),
        ('%join(",", (proc.name, proc.pname)).', ["<join>", "."]),
        ('%getopt(fd.types, "a:")[a]', ["<getopt>"]),
        ("%7tolower(proc.name)", ["<7tolower>"]),
        # the longest text that is a field counts, the rest is text
        ("%proc.names", ["<proc.name>", "s"]),
        ("%proc.name.", ["<proc.name>", "."]),
        ("%proc.name.x", ["<proc.name>", ".x"]),
        ("%proc.name[3]", ["<proc.name>", "[3]"]),
        ("%proc.aname[abc]", ["<proc.aname>", "[abc]"]),
        ("%proc.aname[2", ["<proc.aname>", "[2"]),
        ("%proc.aname[", ["<proc.aname>", "["]),
        ("%evt.arg.flagsx", ["<evt.arg|flags>", "x"]),
        ("%tolower(proc.name)[x]", ["<tolower>", "[x]"]),
        ("%getopt(fd.types, 'a')[ab]", ["<getopt>", "[ab]"]),
        ("%getopt(fd.types, 'a)[')[ab]", ["<getopt>", "[ab]"]),
    ],
)
def test_parts(text: str, parts: list[str]) -> None:
    assert shown(text) == parts


def test_audit_fields() -> None:
    assert shown("%ka.uri.param[command] %jevt.value[/a/b]", "k8s_audit") == [
        "<ka.uri.param|command>",
        " ",
        "<jevt.value|/a/b>",
    ]
    # without its argument it is ka.uri and a text
    assert shown("%ka.uri.param", "k8s_audit") == ["<ka.uri>", ".param"]


def test_names_in_output_fields() -> None:
    text = "%ka.uri.param[a] %ka.verb %ka.verb %tolower(ka.uri) %ka.user.groups"
    names = [name for name, _ in parsed(text, "k8s_audit").fields]
    assert names == ["ka.uri.param[a]", "ka.verb", "ka.uri", "ka.user.groups"]
    assert [name for name, _ in parsed('%proc.env["A B"]').fields] == ['proc.env["A B"]']


def test_fields_below_transformers_are_in_output_fields() -> None:
    output = parsed('%concat(proc.name, "-", tolower(proc.pname)) %join(",", (proc.exe, "x"))')
    assert [name for name, _ in output.fields] == ["proc.name", "proc.pname", "proc.exe"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty formatting token"),
        ("%", "invalid formatting syntax: formatting cannot end with a %"),
        ("100%", "invalid formatting syntax: formatting cannot end with a %"),
        ("%5", "invalid formatting syntax: formatting cannot end with a number"),
        ("%proc.nmae", NO_FIELD),
        ("%nosuch", NO_FIELD),
        ("100% sure", NO_FIELD),
        ("%%proc.name", NO_FIELD),
        ("%ka.verb", NO_FIELD),
        ("%tolower(proc.name", NO_FIELD),
        ("%tolower(evt.num)", NO_FIELD),
        ("%tolower(proc.nosuch)", NO_FIELD),
        ("%evt.arg.zzz", NO_FIELD),
        ("%tolower(proc.name, proc.pname)", "unknown multivalue transformer"),
    ],
)
def test_refused(text: str, message: str) -> None:
    assert error(text) == message


def test_widths_are_bounded() -> None:
    assert shown(f"%{MAX_WIDTH}proc.name") == [f"<{MAX_WIDTH}proc.name>"]
    for width in (str(MAX_WIDTH + 1), "9" * 5000):
        output, (problem,) = parse_output(mapped(f"%{width}proc.name"), "syscall")
        assert output is None
        assert str(MAX_WIDTH) in problem.message


def test_all_errors_are_reported_with_their_place_and_a_suggestion() -> None:
    text = "a %proc.nmae b %tolower(evt.num) c %fd.nam d%"
    output, problems = parse_output(mapped(text), "syscall")
    assert output is None
    assert [found.span.text for found in problems if found.span] == [
        "proc.nmae",
        "tolower(evt.num)",
        "fd.nam",
        "%",
    ]
    assert problems[0].message == "no field is named `proc.nmae`"
    assert problems[0].help == "did you mean `proc.name`?"
    assert problems[2].help == "did you mean `fd.name`?"


def test_deprecated_fields() -> None:
    output, problems = parse_output(mapped("%evt.dir %evt.latency.s"), "syscall")
    assert output is not None
    # Falco looks for names as text: the longer name contains the shorter
    assert [(found.code, found.message) for found in problems] == [
        (
            "LOAD_DEPRECATED_ITEM",
            f"usage of deprecated field '{name}' has been detected in the rule output",
        )
        for name in ("evt.dir", "evt.latency", "evt.latency.s")
    ]


@pytest.mark.parametrize(
    "names",
    [
        (
            "falco_rules.yaml",
            "falco-incubating_rules.yaml",
            "falco-sandbox_rules.yaml",
            "k8s_audit_rules.yaml",
        ),
        (
            "falco_rules-3.2.0.yaml",
            "falco-incubating_rules-3.2.0.yaml",
            "falco-sandbox_rules-3.2.0.yaml",
        ),
    ],
)
def test_upstream_outputs(captures: Path, names: tuple[str, ...]) -> None:
    result = load([read_source(captures / "rules" / name) for name in names])
    assert len(result.rules) >= 85
    for rule in result.rules:
        tokens = rule.output_text.count("%")
        fields = [part for part in rule.output.parts if isinstance(part, OutputField)]
        assert len(fields) == tokens, rule.name
        rebuilt = "".join(
            part.text if isinstance(part, OutputText) else _written(part)
            for part in rule.output.parts
        )
        assert rebuilt == rule.output_text


def _written(part: OutputField) -> str:
    operand = part.operand
    assert isinstance(operand, FieldOperand)
    if operand.argument is None:
        return f"%{operand.name}"
    if operand.name in ("evt.arg", "evt.rawarg") and not operand.argument.isdigit():
        return f"%{operand.name}.{operand.argument}"
    return f"%{operand.name}[{operand.argument}]"


PIECES = (
    *("%", "%%", "*", " ", "5", "[", "]", "(", ")", ",", "'", '"', "\\", "\n", "é", "\ud800", "\0"),
    *("proc.name", "proc.aname[2]", "ka.verb", "evt.arg.", "tolower(", "join(", "getopt(", ")[a]"),
)


@given(
    st.lists(st.sampled_from(PIECES), max_size=15).map("".join),
    st.sampled_from(["syscall", "k8s_audit"]),
)
@settings(max_examples=500)
def test_nothing_raises(text: str, source: str) -> None:
    output, problems = parse_output(mapped(text), source)
    assert (output is None) == any(found.is_error for found in problems)
    for found in problems:
        assert found.message
        if found.span is not None:
            assert 0 <= found.span.start <= found.span.end <= len(text)


def test_hostile_sizes_take_no_time() -> None:
    for text in (
        "%" * 20_000,
        "%proc.name" * 5_000,
        "%tolower(" * 2_000,
        "%" + "a.b" * 10_000,
        "%tolower(proc.name" + ")[" * 10_000,
        "%join(',', (" + "(" * 5_000,
    ):
        result = load(
            [
                Source(
                    "x.yaml",
                    f"- rule: r\n  desc: d\n  condition: evt.type=open\n  priority: INFO\n  output: |\n    {text}\n",
                )
            ]
        )
        assert len(result.files) == 1
