"""Conditions back to text, in one canonical form.

Parsing the text gives the same tree again, but for spans and for macros, which are written out;
for people, what is said twice may be left out.
"""

from __future__ import annotations

from lanner.rules import grammar
from lanner.rules.ast import (
    And,
    Call,
    CallList,
    Check,
    Condition,
    Expanded,
    Field,
    Macro,
    Not,
    Operand,
    Or,
    Value,
    ValueList,
)


def unparse(node: Condition, *, repeats: bool = True) -> str:
    """The text of a condition; without `repeats`, each part of an `and` or `or` stands once."""
    return _condition(node, 0, repeats=repeats)


def _condition(node: Condition, binding: int, *, repeats: bool) -> str:
    """`binding` is how tightly the place binds: 0 nothing, 1 inside `or`, 2 `and`, 3 `not`."""
    if isinstance(node, Expanded):
        return _condition(node.child, binding, repeats=repeats)
    if isinstance(node, Macro):
        return node.name
    if isinstance(node, Check):
        return _check(node)
    if isinstance(node, Not):
        return f"not {_condition(node.child, 3, repeats=repeats)}"
    word, own = (" or ", 1) if isinstance(node, Or) else (" and ", 2)
    texts = []
    for child in node.children:
        inner = child
        while isinstance(inner, Expanded):
            inner = inner.child
        same = isinstance(inner, And) if own == 2 else isinstance(inner, Or)
        # a nested `and` in an `and` keeps its parentheses: it is another tree
        texts.append(_condition(child, 3 if same else own, repeats=repeats))
    if not repeats:
        texts = list(dict.fromkeys(texts))
        if len(texts) == 1:
            return _condition(node.children[0], binding, repeats=False)
    text = word.join(texts)
    return f"({text})" if binding >= own and binding else text


def _check(check: Check) -> str:
    left = _operand(check.left)
    if check.right is None:
        return f"{left} {check.operator}"
    modifier = f" {check.modifier}" if check.modifier else ""
    if isinstance(check.right, Call):
        right = _operand(check.right)
    elif isinstance(check.right, ValueList):
        right = f"({', '.join(_value(value) for value in check.right.values)})"
    else:
        right = _value(check.right)
    return f"{left} {check.operator}{modifier} {right}"


def _operand(operand: Operand) -> str:
    if isinstance(operand, Field):
        return operand.name + _argument(operand.argument)
    if isinstance(operand, Value):
        return _value(operand)
    if isinstance(operand, CallList):
        return f"({', '.join(_operand(item) for item in operand.items)})"
    arguments = ", ".join(_operand(argument) for argument in operand.arguments)
    return f"{operand.function}({arguments}){_argument(operand.argument)}"


def _argument(argument: str | None) -> str:
    if argument is None:
        return ""
    if grammar.FIELD_ARGUMENT.fullmatch(argument):
        return f"[{argument}]"
    return f"[{grammar.quote(argument)}]"


def _value(value: Value) -> str:
    if not value.quoted:
        return value.text
    try:
        return grammar.quote(value.text)
    except ValueError:
        # cannot be written so that it parses; shown as it is for people
        return f'"{value.text}"'
