"""A plan as text for people: what was shared, in which order it runs, what dispatch decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.plan.model import (
    AndNode,
    CallNode,
    ConstantNode,
    FieldNode,
    FieldPart,
    NotNode,
    PredicateNode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.plan.model import (
        ConditionNode,
        OperandNode,
        Plan,
        Predicate,
        RulePlan,
        Scalar,
    )

_LONGEST = 200
"""Sets and operands are cut to so many characters; a list of a rule file can have thousands."""


def explain_plan(plan: Plan) -> str:
    """A listing of the plan, one entry a line, each with the number that others refer to it by.

    Nodes are numbered `n0`, rules `r0`; operands and predicates are written where they are used.
    """
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    operands = _operand_texts(plan)
    yield (
        f"plan v{plan.version}, source {plan.source}, rule_matching {plan.rule_matching}: "
        f"{len(plan.rules)} rules, {len(plan.nodes)} nodes, "
        f"{len(plan.predicates)} predicates, {len(plan.operands)} operands"
    )
    for key in plan.dispatch:
        yield ""
        yield f"dispatch on {operands[key.operand]}"
        needed_by: dict[int, list[str]] = {}
        for rule, node in key.required:
            needed_by.setdefault(node, []).append(f"r{rule}")
        for node, rules in needed_by.items():
            yield f"  n{node} is necessary for {' '.join(rules)}"
    for number, found in enumerate(plan.rules):
        yield ""
        yield f"r{number} {found.name} (priority {found.priority})"
        yield f"  condition n{found.condition}, after dispatch n{found.residual}"
        yield f"  output {_output(found, operands)}"
    yield ""
    for number, entry in enumerate(plan.nodes):
        yield f"n{number} = {_node(entry, plan, operands)}"


def _node(node: ConditionNode, plan: Plan, operands: list[str]) -> str:
    if isinstance(node, PredicateNode):
        predicate = plan.predicates[node.predicate]
        return (
            f"{predicate_text(predicate, operands)}"
            f"  [cost {predicate.cost}, lifetime {predicate.lifetime}]"
        )
    if isinstance(node, NotNode):
        return f"not n{node.child}"
    word, empty = (" and ", "true") if isinstance(node, AndNode) else (" or ", "false")
    return word.join(f"n{child}" for child in node.children) or empty


def predicate_text(predicate: Predicate, operands: list[str]) -> str:
    """A predicate as a condition would write it."""
    words = [operands[predicate.left], predicate.operator]
    if predicate.modifier is not None:
        words.append(predicate.modifier)
    if predicate.right is not None:
        words.append(f"val({operands[predicate.right]})")
    elif predicate.modifier is not None or predicate.operator in ("in", "intersects", "pmatch"):
        words.append(_cut("(" + ", ".join(_scalar(value) for value in predicate.values) + ")"))
    elif predicate.values:
        words.append(_cut(_scalar(predicate.values[0])))
    return " ".join(words)


def _output(rule: RulePlan, operands: list[str]) -> str:
    parts = []
    for part in rule.output:
        if isinstance(part, FieldPart):
            width = "" if part.width is None else str(part.width)
            parts.append(f"%{width}{operands[part.operand]}")
        else:
            parts.append(part.text)
    return repr("".join(parts))


def _operand_texts(plan: Plan) -> list[str]:
    """Each operand as a condition would write it, cut: shared operands can nest without end."""
    texts: list[str] = []
    for node in plan.operands:
        texts.append(_cut(_operand(node, texts)))
    return texts


def _operand(node: OperandNode, texts: list[str]) -> str:
    if isinstance(node, ConstantNode):
        return _scalar(node.value)
    if isinstance(node, FieldNode):
        return _with_argument(node.name, node.argument)
    if isinstance(node, CallNode):
        arguments = ", ".join([texts[index] for index in node.arguments])
        return _with_argument(f"{node.function}({arguments})", node.argument)
    return "(" + ", ".join([texts[index] for index in node.items]) + ")"


def _with_argument(text: str, argument: str | None) -> str:
    return text if argument is None else f"{text}[{argument}]"


def _scalar(scalar: Scalar) -> str:
    if scalar.s is not None:
        return repr(scalar.s)
    if scalar.x is not None:
        return f"0x{scalar.x}"
    if scalar.b is not None:
        return "true" if scalar.b else "false"
    values = (scalar.u, scalar.i, scalar.f, scalar.ip, scalar.net)
    return next((str(value) for value in values if value is not None), "?")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


__all__ = ["explain_plan", "predicate_text"]
