"""Left and right sides of checks: fields and transformers, typed.

Source: falcosecurity/libs 0.25.4 `filter.cpp` (`sinsp_extractor_compiler`),
`sinsp_filter_transformers/` and `sinsp_filtercheck_multivalue_transformer.cpp`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lanner import catalog
from lanner.rules.ast import Call, CallList, Field
from lanner.rules.ast import Operand as Syntax
from lanner.rules.typed import (
    CallOperand,
    Constant,
    ConstantOperand,
    FieldOperand,
    Kind,
    ListOperand,
    Operand,
)
from lanner.rules.types import falco_name, kind_of

if TYPE_CHECKING:
    from lanner.diagnostics import Span

_TEXT = ("charbuf", "fspath", "fsrelpath")
_NO_NAME = "NA"
"""Falco's name for operands that are no field, in messages."""
_MULTIPLE = {
    "join": 'join(",", (…))',
    "concat": "concat(…, …)",
    "getopt": 'getopt(…, "a:b")',
}


class OperandError(Exception):
    """A field or transformer that is not accepted, and where."""

    def __init__(
        self,
        falco_message: str,
        span: Span,
        message: str | None = None,
        help_text: str | None = None,
    ) -> None:
        super().__init__(falco_message)
        self.falco_message = falco_message
        self.span = span
        self.message = message or falco_message
        self.help = help_text


@dataclass(frozen=True, slots=True)
class TypedOperand:
    """An operand with Falco's type; `name` and `flags` are those of the field at its root.

    `root_type` and `root_list` are what the field had before transformers:
    functions of several arguments look at these, not at what they get.
    """

    operand: Operand
    type: str
    is_list: bool
    name: str
    flags: tuple[str, ...] = ()
    root_type: str = "charbuf"
    root_list: bool = False


def type_operand(syntax: Syntax, scope: str) -> TypedOperand:
    """Resolves and types an operand of a condition of a scope.

    Raises:
        OperandError: an unknown field, or a transformer that does not fit.

    """
    if isinstance(syntax, Field):
        return _field(syntax, scope)
    if isinstance(syntax, Call):
        return _call(syntax, scope)
    if isinstance(syntax, CallList):
        items = tuple([type_operand(item, scope).operand for item in syntax.items])
        return TypedOperand(ListOperand(items), "charbuf", True, _NO_NAME, root_list=True)
    constant = ConstantOperand(Constant(Kind.STRING, syntax.text))
    return TypedOperand(constant, "charbuf", False, _NO_NAME)


def _field(syntax: Field, scope: str) -> TypedOperand:
    found = catalog.resolve(syntax.name, syntax.argument, scope)
    if isinstance(found, catalog.FieldError):
        raise OperandError(found.falco_message, syntax.span, found.message, found.help)
    flags = found.field.flags
    is_list = found.field.is_list
    kind = kind_of(found.type) or Kind.STRING
    operand = FieldOperand(found.name, found.argument, kind, is_list)
    return TypedOperand(operand, found.type, is_list, found.name, flags, found.type, is_list)


def _call(syntax: Call, scope: str) -> TypedOperand:
    function = syntax.function
    arguments = [type_operand(argument, scope) for argument in syntax.arguments]
    if function == "val":
        if syntax.argument is not None:
            raise OperandError(
                "filter error: transformer 'val' does not support field arguments", syntax.span
            )
        # Falco takes the first and forgets the others
        return arguments[0]
    if len(arguments) == 1:
        if syntax.argument is not None:
            raise OperandError(
                f"filter error: transformer '{function}' does not support field arguments",
                syntax.span,
                f"`{function}` of one argument takes no `[…]`",
            )
        if function in _MULTIPLE:
            message = f"`{function}` needs more than one argument: `{_MULTIPLE[function]}`"
            raise OperandError(f"unknown field transfomer '{function}'", syntax.span, message)
        return _single(syntax, arguments[0])
    if function not in _MULTIPLE:
        message = f"`{function}` takes exactly one argument"
        raise OperandError("unknown multivalue transformer", syntax.span, message)
    problem = _CHECKS[function](arguments)
    if problem is None and syntax.argument is not None:
        problem = _argument_problem(function, syntax.argument)
    if problem is not None:
        raise OperandError(problem, syntax.span)
    is_list = function == "getopt" and syntax.argument is None
    operands = tuple([argument.operand for argument in arguments])
    operand = CallOperand(function, operands, syntax.argument, Kind.STRING, is_list)
    return TypedOperand(operand, "charbuf", is_list, "INTERNAL" if is_list else _NO_NAME)


def _single(syntax: Call, argument: TypedOperand) -> TypedOperand:
    function = syntax.function
    if "no_transformer" in argument.flags:
        message = f"field '{argument.name}' does not support transformers"
        raise OperandError(message, syntax.span)
    type_name, is_list = argument.type, argument.is_list
    if function == "len":
        fits = is_list or type_name in (*_TEXT, "bytebuf")
        type_name, is_list = "uint64", False
    elif function == "b64":
        fits = type_name in ("charbuf", "bytebuf")
    else:
        fits = type_name in _TEXT
    if not fits:
        listed = "list " if argument.is_list else ""
        raise OperandError(
            f"can't add field transformer: type '{falco_name(argument.type)}' is not supported by"
            f" '{function}' transformer applied on {listed}field '{argument.name}'",
            syntax.span,
            f"`{function}` cannot be applied to `{argument.name}`",
        )
    kind = kind_of(type_name) or Kind.STRING
    operand = CallOperand(function, (argument.operand,), None, kind, is_list)
    return replace(
        argument,
        operand=operand,
        type=type_name,
        is_list=is_list,
        flags=tuple([flag for flag in argument.flags if flag in ("no_rhs", "few")]),
    )


def _join_problem(arguments: list[TypedOperand]) -> str | None:
    if len(arguments) != 2:
        return "join() requires exactly 2 arguments: separator and list"
    if arguments[0].root_list:
        return "join() first argument (separator) must be a single value, not a list"
    if not arguments[1].root_list:
        return "join() second argument must be a list"
    return None


def _concat_problem(arguments: list[TypedOperand]) -> str | None:
    if any(argument.root_type != "charbuf" or argument.root_list for argument in arguments):
        return "concat() arguments must be strings"
    return None


def _getopt_problem(arguments: list[TypedOperand]) -> str | None:
    if len(arguments) != 2:
        return "getopt() requires exactly 2 arguments: args list and optstring"
    if not arguments[0].root_list:
        return "getopt() first argument must be a list"
    if arguments[1].root_list:
        return "getopt() second argument (optstring) must be a single value"
    if any(argument.root_type != "charbuf" for argument in arguments):
        return "getopt() arguments must be strings"
    return None


def _argument_problem(function: str, argument: str) -> str | None:
    if function != "getopt":
        return f"transformer '{function}' does not support field arguments"
    if len(argument.encode("utf-8", "surrogatepass")) != 1:
        return "getopt() field argument must be a single option character"
    return None


_CHECKS = {"join": _join_problem, "concat": _concat_problem, "getopt": _getopt_problem}
