"""The syntax tree of a condition, as parsed: names not yet resolved, nothing typed.

Grammar: Falco's filter language (falcosecurity/libs `filter/parser.h`).
Every node carries the span of the text it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.diagnostics import Span


@dataclass(frozen=True, slots=True)
class Field:
    """A field with its optional argument: `proc.aname[2]`."""

    name: str
    argument: str | None
    span: Span
    argument_span: Span | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A constant in value position: `bash`, `"a b"`, `0x10`."""

    text: str
    quoted: bool
    span: Span


@dataclass(frozen=True, slots=True)
class ValueList:
    """A parenthesised list of constants: `(bash, sh)`."""

    values: tuple[Value, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class CallList:
    """A list argument of a transformer: `("a", proc.name)` in `join`."""

    items: tuple[Operand, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A transformer, or `val(field)`: `tolower(proc.name)`, `getopt(…)[c]`."""

    function: str
    arguments: tuple[Operand, ...]
    argument: str | None
    span: Span


Operand = Field | Call | CallList | Value


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: `left operator [modifier] right`; `exists` has no right side."""

    left: Field | Call
    operator: str
    modifier: str | None
    right: Value | ValueList | Call | None
    span: Span
    operator_span: Span


@dataclass(frozen=True, slots=True)
class Macro:
    """A bare identifier: the use of a macro."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    child: Condition
    span: Span


@dataclass(frozen=True, slots=True)
class And:
    """Conjunction of two or more conditions."""

    children: tuple[Condition, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Or:
    """Disjunction of two or more conditions."""

    children: tuple[Condition, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Expanded:
    """A macro that was replaced: its condition, and the span that named it.

    The condition is shared by all uses of the macro; its spans point at the
    macro's own text. `depth` is how many levels it has.
    """

    name: str
    child: Condition
    span: Span
    depth: int = 0


Condition = Check | Macro | Not | And | Or | Expanded
