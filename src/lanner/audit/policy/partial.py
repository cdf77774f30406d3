"""The condition of a rule on an event of which only a part is known: true, false, or either."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from lanner.backends.reference import Reference
from lanner.plan.build import build
from lanner.plan.model import AndNode, CallNode, FieldNode, ListNode, NotNode, PredicateNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lanner.plan.model import ConditionNode, Predicate
    from lanner.rules.model import CheckedRule


class Other(Enum):
    """A value that no condition names."""

    OTHER = "…"


OTHER = Other.OTHER
Known = str | Other | None
"""What is known of a field: its value, that it is none of those named, or that it is absent."""


class PartialCondition:
    """A rule's condition, evaluated with what is known; fields that are not known may be anything.

    The meaning of what is known is that of the reference interpreter.
    """

    def __init__(self, rule: CheckedRule) -> None:
        self._plan = build([rule], rule.source, use_dispatch=False)
        self._reference = Reference(self._plan)
        self._inputs = [self._fields_of(predicate) for predicate in self._plan.predicates]
        self._answers: dict[tuple[int, tuple[tuple[str, Known], ...]], bool | None] = {}
        self.fields = frozenset().union(*self._inputs)

    def constants(self, field: str) -> set[str]:
        """The texts that a field is compared with."""
        return {
            value.s
            for predicate, inputs in zip(self._plan.predicates, self._inputs, strict=True)
            if field in inputs
            for value in predicate.values
            if value.s is not None
        }

    def truth(self, known: Mapping[str, Known]) -> bool | None:
        """Whether the condition holds; None where that depends on what is not known."""
        truths: list[bool | None] = []
        for node in self._plan.nodes:
            truths.append(self._node(node, truths, known))
        return truths[self._plan.rules[0].condition]

    def _node(
        self, node: ConditionNode, truths: list[bool | None], known: Mapping[str, Known]
    ) -> bool | None:
        if isinstance(node, PredicateNode):
            return self._predicate(node.predicate, known)
        if isinstance(node, NotNode):
            child = truths[node.child]
            return None if child is None else not child
        children = [truths[child] for child in node.children]
        decisive = not isinstance(node, AndNode)
        if decisive in children:
            return decisive
        return None if None in children else not decisive

    def _predicate(self, number: int, known: Mapping[str, Known]) -> bool | None:
        inputs = tuple((field, known[field]) for field in self._inputs[number] if field in known)
        if (number, inputs) not in self._answers:
            self._answers[number, inputs] = self._answer(number, dict(inputs))
        return self._answers[number, inputs]

    def _answer(self, number: int, known: Mapping[str, Known]) -> bool | None:
        predicate = self._plan.predicates[number]
        left = self._plan.operands[predicate.left]
        subject = known.get(_key(left), "") if isinstance(left, FieldNode) else ""
        if subject is None:
            return False
        if subject is OTHER and predicate.right is None and predicate.modifier is None:
            if predicate.operator in {"=", "in"}:
                return False
            if predicate.operator in {"!=", "exists"}:
                return True
        if len(known) < len(self._inputs[number]) or OTHER in known.values():
            return None
        event = {
            field: [value.encode()] for field, value in known.items() if isinstance(value, str)
        }
        return self._reference.holds(number, event)

    def _fields_of(self, predicate: Predicate) -> tuple[str, ...]:
        operands = [predicate.left, *(() if predicate.right is None else (predicate.right,))]
        return tuple(dict.fromkeys(self._leaves(operands)))

    def _leaves(self, operands: Iterable[int]) -> Iterable[str]:
        for number in operands:
            node = self._plan.operands[number]
            if isinstance(node, FieldNode):
                yield _key(node)
            elif isinstance(node, CallNode):
                yield from self._leaves(node.arguments)
            elif isinstance(node, ListNode):
                yield from self._leaves(node.items)


def _key(node: FieldNode) -> str:
    return node.name if node.argument is None else f"{node.name}[{node.argument}]"
