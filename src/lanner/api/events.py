"""Looking at the events of captures: a filter, and a format for what it lets through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner import _native
from lanner.api.engine import Batch
from lanner.api.reading import read
from lanner.api.ruleset import RulesError
from lanner.diagnostics import Diagnostic, Severity, Source, Span
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.rules.condition_text import MappedText
from lanner.rules.output_format import parse_output
from lanner.rules.parser import parse_condition
from lanner.rules.passes.check_types import check_condition
from lanner.rules.passes.resolve_macros import unresolved
from lanner.rules.typed import OutputField, TAnd, TCheck

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from lanner.rules.typed import Output, TCondition

DEFAULT_FORMAT = (
    "*%evt.num %evt.outputtime %evt.cpu %proc.name (%thread.tid) %evt.dir %evt.type %evt.info"
)
"""How sysdig prints events."""

_SOURCE = "syscall"


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


class Events:
    """Events of captures that pass a filter, printed in a format.

    Example:
        events = Events(["trace.scap"], "evt.type = execve", "%proc.name %proc.args")
        for batch in events.batches():
            print(batch.messages().decode(), end="")

    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        filter_text: str = "",
        format_text: str = DEFAULT_FORMAT,
    ) -> None:
        """Compiles the filter and the format.

        Args:
            paths: captures; `-` is standard input.
            filter_text: a condition, without macros and lists; empty lets everything through.
            format_text: an output, as rules have it. With a leading `*` missing values are
                printed as `<NA>`; without it, events that lack one are left out, as in sysdig.

        Raises:
            QueryError: the filter or the format is wrong.

        """
        output = _output(format_text)
        condition = _condition(filter_text) if filter_text.strip() else TAnd(())
        if not format_text.startswith("*"):
            condition = TAnd((condition, *_present(output)))
        query = _Query("event", 7, (), condition, output)
        engine = _native.Engine(encode(build([query], _SOURCE)), encode(build([], "k8s_audit")))
        self._native = read(engine, paths, captures_only=True)

    def batches(self) -> Iterator[Batch]:
        """Steps of some megabytes each; `messages` and `fields` have what passed the filter."""
        while (batch := self._native.next()) is not None:
            yield Batch(batch)


def _condition(text: str) -> TCondition:
    mapped = MappedText.of(Source("<filter>", text))
    syntax, problems = parse_condition(mapped)
    if syntax is None or any(found.is_error for found in problems):
        raise QueryError(tuple(problems))
    checked = check_condition(syntax, _SOURCE)
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


def _output(text: str) -> Output:
    output, problems = parse_output(MappedText.of(Source("<format>", text)), _SOURCE)
    if output is None:
        raise QueryError(tuple(problems))
    return output
