"""What is known without an event: checks with one answer, and junctions that follow from it.

Rule files are full of them: a list that a site leaves empty makes `not x in ()` true, and macros
are written to be overridden. A fold must hold for every event, also one that lacks the operand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.plan.model import AndNode, NotNode, OrNode
from lanner.rules.typed import CallOperand, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lanner.plan.model import ConditionNode
    from lanner.rules.typed import Constant, Operand

TRUE = AndNode(())
FALSE = OrNode(())


def fold_check(
    left: Operand, operator: str, modifier: str | None, constants: Sequence[Constant]
) -> bool | None:
    """The answer that a check with constants has on every event, or None.

    Always false: nothing is one of no values, and no unsigned number is below zero. (Nothing folds
    to true: the operand may be absent.)
    """
    if not constants and (modifier is not None or operator in ("in", "intersects", "pmatch")):
        # a call alone can have no values and yet be present; all of none are in no set
        return None if operator == "in" and isinstance(left, CallOperand) else False
    if operator == "<" and modifier is None and constants[0].kind is Kind.UNSIGNED:
        return False if constants[0].value == 0 else None
    return None


def fold_not(child: ConditionNode) -> ConditionNode | None:
    """The negation of a constant, or None."""
    if child == TRUE:
        return FALSE
    return TRUE if child == FALSE else None


def fold_junction(
    kind: type[AndNode | OrNode],
    children: Sequence[int],
    node_at: Callable[[int], ConditionNode],
) -> tuple[int, ...] | None:
    """The children that matter, or None when one of them decides, or two contradict each other."""
    neutral, deciding = (TRUE, FALSE) if kind is AndNode else (FALSE, TRUE)
    kept = []
    negated = set()
    for child in children:
        node = node_at(child)
        if node == deciding:
            return None
        if node != neutral:
            kept.append(child)
            if isinstance(node, NotNode):
                negated.add(node.child)
    return None if negated.intersection(kept) else tuple(kept)


__all__ = ["FALSE", "TRUE", "fold_check", "fold_junction", "fold_not"]
