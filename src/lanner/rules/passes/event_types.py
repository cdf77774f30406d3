"""Which event types a condition can match.

Negation is pushed down to the checks on `evt.type`; every other check is neutral
(falcosecurity/libs 0.25.4 `filter/ppm_codes.cpp`).
"""

from __future__ import annotations

from lanner import catalog
from lanner.rules.typed import FieldOperand, TAnd, TCheck, TCondition, TNot

MANY = 100
"""A condition on more event codes than this gets Falco's warning LOAD_NO_EVTTYPE."""

_EVENT_TYPE = ("evt.type", "syscall.type")


def event_codes(condition: TCondition) -> frozenset[int]:
    """Codes of the events that a syscall condition can match."""
    return _codes(condition, negated=False, memo={})


def _codes(
    node: TCondition, *, negated: bool, memo: dict[tuple[int, bool], frozenset[int]]
) -> frozenset[int]:
    key = (id(node), negated)
    if key not in memo:
        memo[key] = _compute(node, negated=negated, memo=memo)
    return memo[key]


def _compute(
    node: TCondition, *, negated: bool, memo: dict[tuple[int, bool], frozenset[int]]
) -> frozenset[int]:
    if isinstance(node, TCheck):
        return _check(node, negated=negated)
    if isinstance(node, TNot):
        return _codes(node.child, negated=not negated, memo=memo)
    sets = [_codes(child, negated=negated, memo=memo) for child in node.children]
    everything = catalog.all_event_codes()
    if isinstance(node, TAnd) is not negated:
        narrow = [codes for codes in sets if codes is not everything]
        return everything.intersection(*narrow) if narrow else everything
    if any(codes is everything for codes in sets):
        return everything
    return frozenset().union(*sets)


def _check(check: TCheck, *, negated: bool) -> frozenset[int]:
    everything = catalog.all_event_codes()
    left = check.left
    if not isinstance(left, FieldOperand) or left.name not in _EVENT_TYPE:
        return everything
    if check.operator == "exists":
        return frozenset() if negated else everything
    # as in Falco, a modifier hides the event types: `!= anyof (a, b)` is true for a and b
    if check.operator not in ("=", "!=", "in") or check.modifier or check.right is not None:
        return everything
    codes: frozenset[int] = frozenset().union(
        *(catalog.event_codes(str(constant.value)) for constant in check.constants)
    )
    return everything - codes if (check.operator == "!=") is not negated else codes
