"""One way to write checks that mean the same, so that they are shared.

An absent operand makes every check false; nothing here may change for which values a check is
false, and no negation moves in or out of a check.
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
    TAnd,
)

if TYPE_CHECKING:
    from lanner.rules.typed import Operand, TCheck

_MILLISECOND = 1_000_000
_SETS = ("in", "intersects", "pmatch")


def around(check: TCheck) -> TAnd | None:
    """`evt.around[time] = milliseconds` as what it means: the event's time is near another.

    Source: falcosecurity/libs 0.25.4 `sinsp_filtercheck_event.cpp`.
    """
    left = check.left
    if not isinstance(left, FieldOperand) or left.name != "evt.around" or left.argument is None:
        return None
    middle, distance = int(left.argument), int(check.constants[0].value) * _MILLISECOND
    time = FieldOperand("evt.rawtime", None, Kind.UNSIGNED, is_list=False)
    bounds = ((">=", max(middle - distance, 0)), ("<=", min(middle + distance, 2**64 - 1)))
    return TAnd(
        tuple(
            replace(
                check, left=time, operator=operator, constants=(Constant(Kind.UNSIGNED, bound),)
            )
            for operator, bound in bounds
        )
    )


_ANCESTORS = ("proc.aname", "proc.aexe", "proc.aexepath", "proc.acmdline")
_OF_THE_PROCESS = ("proc.apid", "proc.aenv")


def printed(operand: Operand) -> Operand:
    """What an output prints of an operand. Without a number, conditions look at each ancestor;
    outputs have all names in one text, and the id and the environment of the process itself.

    Source: falcosecurity/libs 0.25.4 `sinsp_filtercheck_thread.cpp`.
    """
    if not isinstance(operand, FieldOperand) or operand.argument is not None:
        return operand
    if operand.name in _ANCESTORS:
        blank = ConstantOperand(Constant(Kind.STRING, " "))
        return CallOperand(
            "join", (blank, ListOperand((operand,))), None, Kind.STRING, is_list=False
        )
    return replace(operand, argument="0") if operand.name in _OF_THE_PROCESS else operand


def normalise_check(check: TCheck) -> tuple[str, str | None, tuple[Constant, ...]]:
    """Operator, modifier and constants of a check in their normal form.

    Sets lose repeated values and are sorted; on operands with one value
    `intersects` is `in`, and a set of one value is a comparison with it.
    """
    operator, modifier, constants = check.operator, check.modifier, check.constants
    if check.right is not None:
        return operator, modifier, constants
    is_list = isinstance(check.left, (FieldOperand, CallOperand)) and check.left.is_list
    if modifier is None and operator == "intersects" and not is_list:
        operator = "in"
    if modifier == "anyof" and operator == "=" and constants:
        operator, modifier = "in", None
    if modifier is None and operator in _SETS:
        constants = tuple(sorted(set(constants), key=lambda constant: repr(constant.value)))
        # a network is no single value, and a path prefix no equality
        if operator == "in" and len(constants) == 1 and not is_list:
            operator = "="
    return operator, modifier, constants
