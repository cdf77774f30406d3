"""Which event types a condition can match.

Negation is pushed down to the checks on `evt.type`; every other check is neutral
(falcosecurity/libs 0.25.4 `filter/ppm_codes.cpp`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from lanner import catalog
from lanner.rules.typed import FieldOperand, TAnd, TCheck, TCondition, TNot

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 100
"""A condition on more event codes than this gets Falco's warning LOAD_NO_EVTTYPE."""

T = TypeVar("T")

_EVENT_TYPE = ("evt.type", "syscall.type")

OTHERS = ""
"""Among the names that a condition can match: those that it does not name, too."""


def event_codes(condition: TCondition) -> frozenset[int]:
    """Codes of the events that a syscall condition can match."""
    return _Types(catalog.all_event_codes(), catalog.event_codes).of(condition)


def event_names(condition: TCondition) -> frozenset[str]:
    """Names of the event types that a syscall condition can match, those of system calls without an
    event of their own among them. `OTHERS` is one of them when it says which types it does not
    match, or nothing about types.
    """
    everything = catalog.event_names() | {OTHERS}
    return _Types(everything, lambda name: frozenset((name,))).of(condition)


class _Types(Generic[T]):
    """Finds the event types that conditions can match, in one of the ways to tell them apart."""

    def __init__(self, everything: frozenset[T], named: Callable[[str], frozenset[T]]) -> None:
        self._everything = everything
        self._named = named
        self._memo: dict[tuple[int, bool], frozenset[T]] = {}

    def of(self, node: TCondition, *, negated: bool = False) -> frozenset[T]:
        key = (id(node), negated)
        if key not in self._memo:
            self._memo[key] = self._compute(node, negated=negated)
        return self._memo[key]

    def _compute(self, node: TCondition, *, negated: bool) -> frozenset[T]:
        if isinstance(node, TCheck):
            return self._check(node, negated=negated)
        if isinstance(node, TNot):
            return self.of(node.child, negated=not negated)
        everything = self._everything
        sets = [self.of(child, negated=negated) for child in node.children]
        if isinstance(node, TAnd) is not negated:
            narrow = [types for types in sets if types is not everything]
            return everything.intersection(*narrow) if narrow else everything
        if any(types is everything for types in sets):
            return everything
        return frozenset().union(*sets)

    def _check(self, check: TCheck, *, negated: bool) -> frozenset[T]:
        everything = self._everything
        left = check.left
        if not isinstance(left, FieldOperand) or left.name not in _EVENT_TYPE:
            return everything
        if check.operator == "exists":
            return frozenset() if negated else everything
        # as in Falco, a modifier hides the event types: `!= anyof (a, b)` is true for a and b
        if check.operator not in ("=", "!=", "in") or check.modifier or check.right is not None:
            return everything
        types: frozenset[T] = frozenset().union(
            *(self._named(str(constant.value)) for constant in check.constants)
        )
        return everything - types if (check.operator == "!=") is not negated else types
