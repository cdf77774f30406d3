"""Builds the plan: typed conditions in, interned predicates and shared nodes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lanner import catalog
from lanner.plan.cost import operand_cost, predicate_cost
from lanner.plan.intern import Interner
from lanner.plan.model import (
    PLAN_VERSION,
    AndNode,
    CallNode,
    ConstantNode,
    FieldNode,
    FieldPart,
    ListNode,
    NotNode,
    OrNode,
    Plan,
    Predicate,
    PredicateNode,
    RulePlan,
    Scalar,
    TextPart,
)
from lanner.plan.passes.dispatch import dispatch
from lanner.plan.passes.fold import FALSE, TRUE, fold_check, fold_junction, fold_not
from lanner.plan.passes.normalise import around, normalise_check, printed
from lanner.rules.recursion import deep_recursion
from lanner.rules.typed import (
    CallOperand,
    Constant,
    ConstantOperand,
    FieldOperand,
    Kind,
    ListOperand,
    OutputText,
    TAnd,
    TCheck,
    TNot,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.plan.model import ConditionNode, OperandNode
    from lanner.rules.typed import Operand, Output, TCondition

_LIFETIMES = ("capture", "container", "process", "fd", "event")


class RuleInput(Protocol):
    """What the plan needs of a checked rule."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def priority(self) -> int:
        """0 (EMERGENCY) to 7 (DEBUG)."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""

    @property
    def condition(self) -> TCondition:
        """The typed condition."""

    @property
    def output(self) -> Output:
        """The parsed output."""


def build(
    rules: Iterable[RuleInput],
    source: str,
    rule_matching: str = "all",
    *,
    use_dispatch: bool = True,
) -> Plan:
    """The plan of the given rules, which must all be of the event source `source`.

    `rule_matching` is `all` or `first`. Without `use_dispatch` every rule is
    evaluated on every event, which must give the same matches.
    """
    with deep_recursion():
        return _build(rules, source, rule_matching, use_dispatch=use_dispatch)


def _build(
    rules: Iterable[RuleInput], source: str, rule_matching: str, *, use_dispatch: bool
) -> Plan:
    builder = _Builder()
    plans = []
    for index, rule in enumerate(rules):
        condition = builder.condition(rule.condition)
        plans.append(
            RulePlan(
                id=index,
                name=rule.name,
                priority=rule.priority,
                tags=rule.tags,
                condition=condition,
                residual=condition,
                output=builder.output(rule.output),
                fields=tuple(
                    (name, builder.printed_operand(field)) for name, field in rule.output.fields
                ),
            )
        )
    plan = Plan(
        version=PLAN_VERSION,
        source=source,
        rule_matching=rule_matching,
        operands=builder.operands.entries(),
        predicates=builder.predicates.entries(),
        nodes=builder.nodes.entries(),
        rules=tuple(plans),
        dispatch=(),
    )
    return dispatch(plan) if use_dispatch else plan


class _Builder:
    def __init__(self) -> None:
        self.operands: Interner[OperandNode] = Interner()
        self.predicates: Interner[Predicate] = Interner()
        self.nodes: Interner[ConditionNode] = Interner()
        self._costs: list[int] = []
        # typed conditions are shared between rules that use the same macro
        self._done: dict[int, tuple[TCondition, int]] = {}

    # operands

    def operand(self, operand: Operand) -> int:
        if isinstance(operand, FieldOperand):
            return self.operands.add(
                FieldNode(operand.name, operand.argument, operand.kind.value, operand.is_list)
            )
        if isinstance(operand, ConstantOperand):
            return self.operands.add(ConstantNode(scalar(operand.constant)))
        if isinstance(operand, ListOperand):
            return self.operands.add(
                ListNode(tuple([self.operand(item) for item in operand.items]))
            )
        arguments = tuple([self.operand(argument) for argument in operand.arguments])
        return self.operands.add(
            CallNode(
                operand.function, arguments, operand.argument, operand.kind.value, operand.is_list
            )
        )

    def printed_operand(self, operand: Operand) -> int:
        return self.operand(printed(operand))

    def output(self, output: Output) -> tuple[TextPart | FieldPart, ...]:
        return tuple(
            TextPart(part.text)
            if isinstance(part, OutputText)
            else FieldPart(self.printed_operand(part.operand), part.width)
            for part in output.parts
        )

    # conditions

    def condition(self, node: TCondition) -> int:
        known = self._done.get(id(node))
        if known is not None:
            return known[1]
        result = self._condition(node)
        # keeping the node keeps its id from being used again
        self._done[id(node)] = (node, result)
        return result

    def _condition(self, node: TCondition) -> int:
        if isinstance(node, TCheck):
            near = around(node)
            return self._check(node) if near is None else self._condition(near)
        if isinstance(node, TNot):
            child = self.condition(node.child)
            inner = self.nodes[child]
            if isinstance(inner, NotNode):
                return inner.child
            return self._add(fold_not(inner) or NotNode(child), self._costs[child])
        kind = AndNode if isinstance(node, TAnd) else OrNode
        children: list[int] = []
        for child in [self.condition(part) for part in node.children]:
            inner = self.nodes[child]
            children += inner.children if isinstance(inner, kind) else (child,)
        return self.junction(kind, children)

    def junction(self, kind: type[AndNode | OrNode], children: list[int]) -> int:
        """An `and` or `or` of distinct children, cheapest first; of one, that one."""
        kept = fold_junction(kind, children, self.nodes.__getitem__)
        if kept is None:
            return self._add(FALSE if kind is AndNode else TRUE, 0)
        unique = sorted(dict.fromkeys(kept), key=lambda child: (self._costs[child], child))
        if len(unique) == 1:
            return unique[0]
        if not unique:
            return self._add(kind(()), 0)
        # short circuits: what stands first is always evaluated, the rest about half the time
        cost = self._costs[unique[0]] + sum(self._costs[child] for child in unique[1:]) // 2
        return self._add(kind(tuple(unique)), cost)

    def _add(self, node: ConditionNode, cost: int) -> int:
        index = self.nodes.add(node)
        if index == len(self._costs):
            self._costs.append(cost)
        return index

    def _check(self, check: TCheck) -> int:
        operator, modifier, constants = normalise_check(check)
        if check.right is None and operator != "exists":
            answer = fold_check(check.left, operator, modifier, constants)
            if answer is not None:
                return self._add(TRUE if answer else FALSE, 0)
        left = self.operand(check.left)
        right = None if check.right is None else self.operand(check.right)
        cost = predicate_cost(operator, len(constants)) + self._operand_cost(check.left)
        if check.right is not None:
            cost += self._operand_cost(check.right)
        sides = [check.left] if check.right is None else [check.left, check.right]
        predicate = Predicate(
            left=left,
            operator=operator,
            modifier=modifier,
            values=tuple(scalar(constant) for constant in constants),
            right=right,
            cost=cost,
            lifetime=max((_lifetime(side) for side in sides), key=_LIFETIMES.index),
        )
        return self._add(PredicateNode(self.predicates.add(predicate)), cost)

    def _operand_cost(self, operand: Operand) -> int:
        if isinstance(operand, FieldOperand):
            return operand_cost(operand.name, operand.argument)
        if isinstance(operand, CallOperand):
            return 3 + sum(self._operand_cost(argument) for argument in operand.arguments)
        if isinstance(operand, ListOperand):
            return sum(self._operand_cost(item) for item in operand.items)
        return 0


def _lifetime(operand: Operand) -> str:
    if isinstance(operand, FieldOperand):
        found = catalog.field(operand.name)
        return found.lifetime if found else "event"
    if isinstance(operand, CallOperand):
        parts: tuple[Operand, ...] = operand.arguments
    elif isinstance(operand, ListOperand):
        parts = operand.items
    else:
        return "capture"
    return max((_lifetime(part) for part in parts), key=_LIFETIMES.index, default="capture")


def scalar(constant: Constant) -> Scalar:
    """A constant as the plan writes it."""
    value = constant.value
    if isinstance(value, bytes):
        return Scalar(x=value.hex())
    if isinstance(value, bool):
        return Scalar(b=value)
    if isinstance(value, float):
        return Scalar(f=value)
    if isinstance(value, int):
        return Scalar(i=value) if constant.kind is Kind.SIGNED else Scalar(u=value)
    if constant.kind is Kind.IP:
        return Scalar(ip=value)
    if constant.kind is Kind.NET:
        return Scalar(net=value)
    return Scalar(s=value)
