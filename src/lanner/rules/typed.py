"""The typed condition: what is left when macros, lists and names are resolved.

Produced by `rules.passes.check_types`, consumed by `plan.build`. Operands and
constants are plain values that compare equal when they mean the same, so that
the plan can intern them; spans ride along on checks only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.diagnostics import Span


class Kind(Enum):
    """How values compare. Many Falco parameter types share one kind."""

    STRING = "string"
    BYTES = "bytes"
    UNSIGNED = "unsigned"
    SIGNED = "signed"
    DOUBLE = "double"
    BOOL = "bool"
    IP = "ip"
    NET = "net"


@dataclass(frozen=True, slots=True)
class Constant:
    """A typed constant.

    `value` is `str` for STRING, IP (canonical text) and NET (CIDR text),
    `bytes` for BYTES, `int`, `float` or `bool` for the others.
    """

    kind: Kind
    value: str | bytes | int | float | bool


@dataclass(frozen=True, slots=True)
class FieldOperand:
    """A field of the catalogue with its argument."""

    name: str
    argument: str | None
    kind: Kind
    is_list: bool


@dataclass(frozen=True, slots=True)
class CallOperand:
    """A transformer applied to operands."""

    function: str
    arguments: tuple[Operand, ...]
    argument: str | None
    kind: Kind
    is_list: bool


@dataclass(frozen=True, slots=True)
class ConstantOperand:
    """A constant that a transformer takes."""

    constant: Constant


@dataclass(frozen=True, slots=True)
class ListOperand:
    """A list that a transformer takes."""

    items: tuple[Operand, ...]


Operand = FieldOperand | CallOperand | ConstantOperand | ListOperand


@dataclass(frozen=True, slots=True)
class TCheck:
    """One comparison, typed.

    `operator` is canonical (`==` became `=`). Exactly one of `constants` and
    `right` is meaningful: `right` when the right side is a field or a
    transformer, else `constants` (empty for `exists` and for `in ()`).
    """

    left: Operand
    operator: str
    modifier: str | None
    constants: tuple[Constant, ...]
    right: Operand | None
    span: Span


@dataclass(frozen=True, slots=True)
class TNot:
    """Negation."""

    child: TCondition


@dataclass(frozen=True, slots=True)
class TAnd:
    """Conjunction."""

    children: tuple[TCondition, ...]


@dataclass(frozen=True, slots=True)
class TOr:
    """Disjunction."""

    children: tuple[TCondition, ...]


TCondition = TCheck | TNot | TAnd | TOr


@dataclass(frozen=True, slots=True)
class OutputText:
    """Literal text of an output."""

    text: str


@dataclass(frozen=True, slots=True)
class OutputField:
    """A `%field` of an output; `width` pads or truncates to so many characters."""

    operand: Operand
    width: int | None


@dataclass(frozen=True, slots=True)
class Output:
    """A parsed output: its parts, and the fields that go into `output_fields`.

    Below a transformer it is the plain field that goes there, as in Falco.
    """

    parts: tuple[OutputText | OutputField, ...]
    fields: tuple[tuple[str, Operand], ...]
