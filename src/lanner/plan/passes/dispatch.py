"""Which rules can match at all, told from operands that have few distinct values.

The top-level conditions of a rule (the children of its `and`) that depend on one such operand only
move to that operand's dispatch key. The engine evaluates them once per distinct value and keeps the
answer as a set of rules; a rule is looked at only if it is in the sets of all keys.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from lanner import catalog
from lanner.plan.model import (
    AndNode,
    CallNode,
    ConditionNode,
    DispatchKey,
    FieldNode,
    ListNode,
    NotNode,
    Plan,
    PredicateNode,
    RulePlan,
)

MAX_KEYS = 8
"""Each key costs a look-up per event; the first few narrow the rules down most."""

_FEW_POINTERS = frozenset(
    (
        "/stage",
        "/verb",
        "/level",
        "/objectRef/resource",
        "/objectRef/subresource",
        "/objectRef/namespace",
        "/objectRef/apiGroup",
        "/responseStatus/code",
        "/user/username",
    )
)


def dispatch(plan: Plan) -> Plan:
    """The plan with dispatch keys, and rules reduced to what the keys do not decide."""
    operands = _NodeOperands(plan)
    conjuncts: list[tuple[int, ...]] = []
    uses: Counter[int] = Counter()
    for rule in plan.rules:
        node = plan.nodes[rule.condition]
        parts = node.children if isinstance(node, AndNode) else (rule.condition,)
        conjuncts.append(parts)
        uses.update({key for part in parts if (key := operands.only(part)) is not None})
    keys = [
        operand
        for operand, _ in sorted(uses.items(), key=lambda entry: (-entry[1], entry[0]))
        if _has_few_values(plan, operand)
    ][:MAX_KEYS]
    if not keys:
        return plan
    nodes = list(plan.nodes)
    known = {node: index for index, node in enumerate(nodes)}
    required: dict[int, list[tuple[int, int]]] = {key: [] for key in keys}
    rules: list[RulePlan] = []
    for index, (rule, parts) in enumerate(zip(plan.rules, conjuncts, strict=True)):
        rest = []
        moved: dict[int, list[int]] = {}
        for part in parts:
            key = operands.only(part)
            if key in required and key is not None:
                moved.setdefault(key, []).append(part)
            else:
                rest.append(part)
        for key, found in moved.items():
            required[key].append((index, _and(nodes, known, found)))
        rules.append(msgspec.structs.replace(rule, residual=_and(nodes, known, rest)))
    return msgspec.structs.replace(
        plan,
        nodes=tuple(nodes),
        rules=tuple(rules),
        dispatch=tuple(DispatchKey(key, tuple(required[key])) for key in keys),
    )


def _and(nodes: list[ConditionNode], known: dict[ConditionNode, int], parts: list[int]) -> int:
    if len(parts) == 1:
        return parts[0]
    node = AndNode(tuple(parts))
    if node not in known:
        known[node] = len(nodes)
        nodes.append(node)
    return known[node]


def _has_few_values(plan: Plan, operand: int) -> bool:
    node = plan.operands[operand]
    if not isinstance(node, FieldNode) or node.list:
        return False
    if node.name in ("jevt.value", "json.value"):
        return node.argument in _FEW_POINTERS
    found = catalog.field(node.name)
    return found is not None and node.argument is None and "few" in found.flags


class _NodeOperands:
    """The field operands that a condition node depends on."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._of_operand: list[frozenset[int]] = []
        for index, node in enumerate(plan.operands):
            if isinstance(node, FieldNode):
                found = frozenset((index,))
            elif isinstance(node, CallNode):
                found = frozenset().union(*(self._of_operand[part] for part in node.arguments))
            elif isinstance(node, ListNode):
                found = frozenset().union(*(self._of_operand[part] for part in node.items))
            else:
                found = frozenset()
            self._of_operand.append(found)
        self._of_node: list[frozenset[int]] = []
        for entry in plan.nodes:
            if isinstance(entry, PredicateNode):
                predicate = plan.predicates[entry.predicate]
                found = self._of_operand[predicate.left]
                if predicate.right is not None:
                    found |= self._of_operand[predicate.right]
            elif isinstance(entry, NotNode):
                found = self._of_node[entry.child]
            else:
                found = frozenset().union(*(self._of_node[child] for child in entry.children))
            self._of_node.append(found)

    def only(self, node: int) -> int | None:
        """The one operand that a node depends on, or None when there are more or none."""
        found = self._of_node[node]
        return next(iter(found)) if len(found) == 1 else None
