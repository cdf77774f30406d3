"""Falco's `static_fields`: fields of a configuration that have the same value in every event.

Rules are checked knowing their names (`catalog.scope_of`); here their values are put in.
Source: falcosecurity/libs 0.25.4, `sinsp_filtercheck_static.cpp`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lanner.rules.typed import (
    CallOperand,
    Constant,
    ConstantOperand,
    FieldOperand,
    Kind,
    ListOperand,
    Output,
    OutputText,
    TCheck,
    TNot,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lanner.rules.model import CheckedRule
    from lanner.rules.typed import Operand, OutputField, TCondition

_NOTHING = ConstantOperand(Constant(Kind.STRING, ""))


def with_static_fields(rule: CheckedRule, values: Mapping[str, str]) -> CheckedRule:
    """The rule with values in place of static fields; `values` have names without `static.`."""
    filler = _Filler({f"static.{name}": value for name, value in values.items()})
    output = Output(
        tuple(map(filler.part, rule.output.parts)),
        tuple((name, filler.operand(operand)) for name, operand in rule.output.fields),
    )
    return replace(rule, condition=filler.condition(rule.condition), output=output)


class _Filler:
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        # trees of macros are shared
        self._done: dict[int, TCondition] = {}

    def condition(self, node: TCondition) -> TCondition:
        known = self._done.get(id(node))
        if known is None:
            known = self._done[id(node)] = self._condition(node)
        return known

    def _condition(self, node: TCondition) -> TCondition:
        if isinstance(node, TCheck):
            right = None if node.right is None else self.operand(node.right)
            return replace(node, left=self.operand(node.left), right=right)
        if isinstance(node, TNot):
            return TNot(self.condition(node.child))
        return replace(node, children=tuple(map(self.condition, node.children)))

    def operand(self, operand: Operand) -> Operand:
        if isinstance(operand, FieldOperand):
            value = self._values.get(operand.name)
            if value is None:
                return operand
            # a transformer's value can stand where a field can, unlike a constant
            parts = (ConstantOperand(Constant(Kind.STRING, value)), _NOTHING)
            return CallOperand("concat", parts, None, Kind.STRING, is_list=False)
        if isinstance(operand, CallOperand):
            return replace(operand, arguments=tuple(map(self.operand, operand.arguments)))
        if isinstance(operand, ListOperand):
            return ListOperand(tuple(map(self.operand, operand.items)))
        return operand

    def part(self, part: OutputText | OutputField) -> OutputText | OutputField:
        if isinstance(part, OutputText):
            return part
        return replace(part, operand=self.operand(part.operand))
