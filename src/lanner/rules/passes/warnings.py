"""Warnings about conditions that are valid but unsafe or going away.

Source: falcosecurity/falco 0.44.1 `filter_warning_resolver.cpp` and `falco_load_result.cpp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.diagnostics import Diagnostic, Severity, Span
from lanner.rules.ast import Call, CallList, Check, Condition, Expanded, Field, Macro, Not, Value

if TYPE_CHECKING:
    from lanner.rules.ast import Operand

_ENTER_EVENTS = "field is not available due to the drop of enter events."
DEPRECATED_FIELDS = {
    "evt.dir": (
        "due to the drop of enter events, 'evt.dir = <' always evaluates to true, and"
        " 'evt.dir = >' always evaluates to false. The rule expression can be simplified by"
        " removing the condition on 'evt.dir'"
    ),
    "evt.latency": _ENTER_EVENTS,
    "evt.latency.s": _ENTER_EVENTS,
    "evt.latency.ns": _ENTER_EVENTS,
    "evt.latency.human": _ENTER_EVENTS,
    "evt.wait_latency": _ENTER_EVENTS,
}
"""Fields that always have the same value or none, in Falco's order, with Falco's words."""

_EQUALITY = ("==", "=", "!=", "in", "intersects", "pmatch")
_NO_VALUE = "<NA>"


def condition_warnings(condition: Condition) -> list[Diagnostic]:
    """`LOAD_UNSAFE_NA_CHECK` and `LOAD_DEPRECATED_ITEM`, each once per rule and field."""
    finder = _Finder()
    finder.visit(condition)
    found = []
    if finder.unsafe is not None:
        found.append(
            Diagnostic(
                "LOAD_UNSAFE_NA_CHECK",
                Severity.WARNING,
                "a missing value is not the text <NA>: this comparison does not find it",
                finder.unsafe,
                help="write `field exists`, or `not field exists`",
                falco_message="",
            )
        )
    for name, message in DEPRECATED_FIELDS.items():
        span = finder.deprecated.get(name)
        if span is not None:
            found.append(Diagnostic("LOAD_DEPRECATED_ITEM", Severity.WARNING, message, span))
    return found


class _Finder:
    def __init__(self) -> None:
        self.unsafe: Span | None = None
        self.deprecated: dict[str, Span] = {}
        self.sites: list[Expanded] = []
        self.seen: set[int] = set()

    def visit(self, node: Condition) -> None:
        if isinstance(node, Check):
            self._check(node)
        elif isinstance(node, Expanded):
            if id(node.child) not in self.seen:
                self.seen.add(id(node.child))
                self.sites.append(node)
                self.visit(node.child)
                self.sites.pop()
        elif isinstance(node, Not):
            self.visit(node.child)
        elif not isinstance(node, Macro):
            for child in node.children:
                self.visit(child)

    def _place(self, span: Span) -> Span:
        for site in reversed(self.sites):
            span = span.expanded("macro", site.name, site.span)
        return span

    def _check(self, check: Check) -> None:
        self._operand(check.left)
        if check.operator not in _EQUALITY or check.modifier is not None:
            return
        if not _last_field(check.left).startswith(("ka.", "jevt.")):
            return
        if isinstance(check.right, Value):
            values: tuple[Value, ...] = (check.right,)
        elif check.right is None or isinstance(check.right, Call):
            values = ()
        else:
            values = check.right.values
        for value in values:
            if value.text == _NO_VALUE and self.unsafe is None:
                self.unsafe = self._place(value.span)

    def _operand(self, operand: Operand) -> None:
        if isinstance(operand, Field):
            if operand.name in DEPRECATED_FIELDS and operand.name not in self.deprecated:
                self.deprecated[operand.name] = self._place(operand.span)
        elif isinstance(operand, Call):
            for argument in operand.arguments:
                self._operand(argument)
        elif isinstance(operand, CallList):
            for item in operand.items:
                self._operand(item)


def _last_field(operand: Operand) -> str:
    """The name of the last field in an operand, which is the one that Falco looks at."""
    if isinstance(operand, Field):
        return operand.name
    inner: tuple[Operand, ...] = ()
    if isinstance(operand, Call):
        inner = operand.arguments
    elif isinstance(operand, CallList):
        inner = operand.items
    return next((name for part in reversed(inner) if (name := _last_field(part))), "")
