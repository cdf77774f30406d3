"""Filters and formats that are typed in, as rules of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner.api.ruleset import RulesError
from lanner.diagnostics import Diagnostic, Severity, Source, Span
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.rules.condition_text import MappedText
from lanner.rules.output_format import parse_output
from lanner.rules.parser import parse_condition
from lanner.rules.passes.check_types import check_condition
from lanner.rules.passes.resolve_macros import unresolved
from lanner.rules.typed import FieldOperand, Output, OutputField, TAnd, TCheck

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.rules.typed import TCondition

_NOTHING = Output((), ())


class QueryError(RulesError):
    """A filter or a format that is wrong; `diagnostics` say how."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Keeps the diagnostics."""
        super().__init__("the filter or the format is invalid")
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True)
class _Query:
    """A filter and a format as a rule."""

    name: str
    priority: int
    tags: tuple[str, ...]
    condition: TCondition
    output: Output


@dataclass(frozen=True, slots=True)
class Selection:
    """What is picked of the audit events for which all conditions hold: named fields."""

    conditions: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    """Names, each with its field."""


def selection_plan(selections: Iterable[Selection]) -> bytes:
    """The plan of selections from audit events, each a rule.

    Raises:
        QueryError: a condition or a field is wrong.

    """
    rules = []
    for selection in selections:
        conditions = [
            _condition(text, "k8s_audit") for text in selection.conditions if text.strip()
        ]
        fields = tuple((name, _field(text)) for name, text in selection.fields)
        rules.append(_Query("selection", 7, (), TAnd(tuple(conditions)), Output((), fields)))
    return encode(build(rules, "k8s_audit"))


def filter_plan(text: str) -> bytes:
    """The plan of a filter: a condition, without macros and lists.

    Raises:
        QueryError: it is wrong.

    """
    return _plan(_condition(text, "syscall"), _NOTHING)


def print_plan(filter_text: str, format_text: str) -> bytes:
    """The plan of a filter, which may be empty, and a format. Without a leading `*` in the format,
    events that lack one of its fields do not pass.

    Raises:
        QueryError: one of them is wrong.

    """
    output = _output(Source("<format>", format_text), "syscall")
    condition = _condition(filter_text, "syscall") if filter_text.strip() else TAnd(())
    if not format_text.startswith("*"):
        condition = TAnd((condition, *_present(output)))
    return _plan(condition, output)


def _plan(condition: TCondition, output: Output) -> bytes:
    return encode(build([_Query("event", 7, (), condition, output)], "syscall"))


def _condition(text: str, source: str) -> TCondition:
    mapped = MappedText.of(Source("<filter>", text))
    syntax, problems = parse_condition(mapped)
    if syntax is None or any(found.is_error for found in problems):
        raise QueryError(tuple(problems))
    checked = check_condition(syntax, source)
    macros = [
        Diagnostic(
            "LOAD_ERR_COMPILE_CONDITION",
            Severity.ERROR,
            f"`{macro.name}` is not a check: filters have no macros",
            macro.span,
            help="write it out: a field, an operator, a value",
        )
        for macro in unresolved(syntax)
    ]
    if checked.typed is None or macros:
        raise QueryError((*checked.diagnostics, *macros))
    return checked.typed


def _present(output: Output) -> list[TCheck]:
    """That all operands of an output have values."""
    nowhere = Span(Source("<format>", ""), 0, 0)
    operands = [part.operand for part in output.parts if isinstance(part, OutputField)]
    return [TCheck(operand, "exists", None, (), None, nowhere) for operand in operands]


def _output(text: Source, source: str) -> Output:
    output, problems = parse_output(MappedText.of(text), source)
    if output is None:
        raise QueryError(tuple(problems))
    return output


def _field(text: str) -> FieldOperand:
    """A field of audit events that is not part of a longer text."""
    source = Source("<field>", "%" + text)
    match _output(source, "k8s_audit").parts:
        case (OutputField(operand=FieldOperand() as field),):
            return field
    span = Span(source, 1, len(source.text))
    message = f"`{text}` is not a field of audit events"
    hint = "`lanner fields -s k8s_audit` lists them"
    found = Diagnostic("LOAD_ERR_COMPILE_OUTPUT", Severity.ERROR, message, span, help=hint)
    raise QueryError((found,))
