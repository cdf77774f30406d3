"""The plan: what the back ends run. Data only.

One plan holds the enabled rules of one event source. It goes down to the
native engine once per load, as JSON, and has a version: the two languages
read the same golden plan in their tests (`tests/golden/plan/`).

All cross references are indices into the lists of the plan. Lists are in
dependency order: an entry refers only to entries before it.
"""

from __future__ import annotations

import msgspec

PLAN_VERSION = 1


class FieldNode(msgspec.Struct, frozen=True, tag="field"):
    """Operand: a field of the catalogue."""

    name: str
    argument: str | None
    kind: str
    list: bool


class CallNode(msgspec.Struct, frozen=True, tag="call"):
    """Operand: a transformer applied to other operands."""

    function: str
    arguments: tuple[int, ...]
    argument: str | None
    kind: str
    list: bool


class ConstantNode(msgspec.Struct, frozen=True, tag="constant"):
    """Operand: a constant, as argument of a transformer."""

    value: Scalar


class ListNode(msgspec.Struct, frozen=True, tag="list"):
    """Operand: a list of operands, as argument of a transformer."""

    items: tuple[int, ...]


class Scalar(msgspec.Struct, frozen=True, omit_defaults=True):
    """A typed constant: exactly one member is set. `x` is hexadecimal bytes."""

    s: str | None = None
    x: str | None = None
    u: int | None = None
    i: int | None = None
    f: float | None = None
    b: bool | None = None
    ip: str | None = None
    net: str | None = None


OperandNode = FieldNode | CallNode | ConstantNode | ListNode


class Predicate(msgspec.Struct, frozen=True):
    """An interned check: `left operator [modifier] (values | right)`.

    `cost` orders evaluation (1 = an integer compare); `lifetime` says how long
    the answer stays true (`event`, `fd`, `process`, `container`, `capture`).
    """

    left: int
    operator: str
    modifier: str | None
    values: tuple[Scalar, ...]
    right: int | None
    cost: int
    lifetime: str


class PredicateNode(msgspec.Struct, frozen=True, tag="predicate"):
    """Condition node: the truth of a predicate."""

    predicate: int


class NotNode(msgspec.Struct, frozen=True, tag="not"):
    """Condition node: negation."""

    child: int


class AndNode(msgspec.Struct, frozen=True, tag="and"):
    """Condition node: conjunction, cheapest child first. Empty is true."""

    children: tuple[int, ...]


class OrNode(msgspec.Struct, frozen=True, tag="or"):
    """Condition node: disjunction, cheapest child first. Empty is false."""

    children: tuple[int, ...]


ConditionNode = PredicateNode | NotNode | AndNode | OrNode


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    """Literal text of an output."""

    text: str


class FieldPart(msgspec.Struct, frozen=True, tag="field"):
    """A field of an output; `width` pads or truncates to so many characters."""

    operand: int
    width: int | None


class RulePlan(msgspec.Struct, frozen=True):
    """A rule: `condition` is its whole meaning, `residual` what is left of it
    after the dispatch keys were consulted. `id` is the load order; `fields` are
    the names and operands of `output_fields`.
    """

    id: int
    name: str
    priority: int
    tags: tuple[str, ...]
    condition: int
    residual: int
    output: tuple[TextPart | FieldPart, ...]
    fields: tuple[tuple[str, int], ...]


class DispatchKey(msgspec.Struct, frozen=True):
    """An operand of few distinct values, and what it alone decides.

    Each entry is `(rule, node)`: the rule (an index into `rules`) can match
    only if the condition node holds, and the node depends on no operand but
    this one. The engine evaluates the nodes once per distinct value and keeps
    the answer as a set of rules.
    """

    operand: int
    required: tuple[tuple[int, int], ...]


class Plan(msgspec.Struct, frozen=True):
    """Everything that a back end needs to match events of one source."""

    version: int
    source: str
    rule_matching: str
    operands: tuple[OperandNode, ...]
    predicates: tuple[Predicate, ...]
    nodes: tuple[ConditionNode, ...]
    rules: tuple[RulePlan, ...]
    dispatch: tuple[DispatchKey, ...]
