"""Left and right sides of checks: fields and transformers, typed.

Source: falcosecurity/libs 0.25.4 `filter.cpp` (`sinsp_extractor_compiler`),
`sinsp_filter_transformers/` and `sinsp_filtercheck_multivalue_transformer.cpp`.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from lanner.rules.types import kind_of

if TYPE_CHECKING:
    from lanner.diagnostics import Span

_TEXT = ("charbuf", "fspath", "fsrelpath")


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
    """An operand with Falco's type; `name` and `flags` are those of the field at its root."""

    operand: Operand
    type: str
    is_list: bool
    name: str
    flags: tuple[str, ...] = ()


def type_operand(syntax: Syntax, source: str) -> TypedOperand:
    """Resolves and types an operand of a condition of an event source.

    Raises:
        OperandError: an unknown field, or a transformer that does not fit.

    """
    if isinstance(syntax, Field):
        return _field(syntax, source)
    if isinstance(syntax, Call):
        return _call(syntax, source)
    if isinstance(syntax, CallList):
        items = tuple([type_operand(item, source).operand for item in syntax.items])
        return TypedOperand(ListOperand(items), "charbuf", True, "list")
    constant = ConstantOperand(Constant(Kind.STRING, syntax.text))
    return TypedOperand(constant, "charbuf", False, "constant")


def _field(syntax: Field, source: str) -> TypedOperand:
    found = catalog.resolve(syntax.name, syntax.argument, source)
    if isinstance(found, catalog.FieldError):
        raise OperandError(found.falco_message, syntax.span, found.message, found.help)
    flags = found.field.flags
    if "print_only" in flags:
        falco = f"filter_check called with nonexistent field {syntax.name}"
        raise OperandError(falco, syntax.span, f"`{syntax.name}` can only be used in outputs")
    is_list = found.field.is_list
    kind = kind_of(found.type) or Kind.STRING
    operand = FieldOperand(found.name, found.argument, kind, is_list)
    name = found.name if found.argument is None else f"{found.name}[{found.argument}]"
    return TypedOperand(operand, found.type, is_list, name, flags)


def _call(syntax: Call, source: str) -> TypedOperand:
    function = syntax.function
    arguments = [type_operand(argument, source) for argument in syntax.arguments]
    if function == "val":
        return arguments[0]
    if syntax.argument is not None and function != "getopt":
        message = f"transformer '{function}' does not support field arguments"
        raise OperandError(message, syntax.span)
    if function == "join":
        return _join(syntax, arguments)
    if function == "concat":
        return _concat(syntax, arguments)
    if function == "getopt":
        return _getopt(syntax, arguments)
    if len(arguments) != 1:
        message = f"transformer '{function}' requires exactly 1 argument"
        raise OperandError(message, syntax.span)
    return _single(syntax, arguments[0])


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
            f"can't add field transformer: type '{argument.type.upper()}' is not supported by"
            f" '{function}' transformer applied on {listed}field '{argument.name}'",
            syntax.span,
            f"`{function}` cannot be applied to `{argument.name}`",
        )
    kind = kind_of(type_name) or Kind.STRING
    operand = CallOperand(function, (argument.operand,), None, kind, is_list)
    flags = tuple(flag for flag in argument.flags if flag in ("no_rhs", "few"))
    return TypedOperand(operand, type_name, is_list, argument.name, flags)


def _multi(
    syntax: Call,
    arguments: list[TypedOperand],
    *,
    argument: str | None = None,
    is_list: bool = False,
) -> TypedOperand:
    operands = tuple([argument.operand for argument in arguments])
    operand = CallOperand(syntax.function, operands, argument, Kind.STRING, is_list)
    return TypedOperand(operand, "charbuf", is_list, syntax.function)


def _join(syntax: Call, arguments: list[TypedOperand]) -> TypedOperand:
    if len(arguments) != 2:
        message = "join() requires exactly 2 arguments: separator and list"
        raise OperandError(message, syntax.span)
    if arguments[0].is_list:
        message = "join() first argument (separator) must be a single value, not a list"
        raise OperandError(message, syntax.span)
    if not arguments[1].is_list:
        raise OperandError("join() second argument must be a list", syntax.span)
    return _multi(syntax, arguments)


def _concat(syntax: Call, arguments: list[TypedOperand]) -> TypedOperand:
    if len(arguments) < 2:
        raise OperandError("concat() requires at least 2 arguments", syntax.span)
    if any(argument.type != "charbuf" or argument.is_list for argument in arguments):
        raise OperandError("concat() arguments must be strings", syntax.span)
    return _multi(syntax, arguments)


def _getopt(syntax: Call, arguments: list[TypedOperand]) -> TypedOperand:
    message = None
    if len(arguments) != 2:
        message = "getopt() requires exactly 2 arguments: args list and optstring"
    elif not arguments[0].is_list:
        message = "getopt() first argument must be a list"
    elif arguments[1].is_list:
        message = "getopt() second argument (optstring) must be a single value"
    elif any(argument.type != "charbuf" for argument in arguments):
        message = "getopt() arguments must be strings"
    elif syntax.argument is not None and len(syntax.argument.encode()) != 1:
        message = "getopt() field argument must be a single option character"
    if message is not None:
        raise OperandError(message, syntax.span)
    return _multi(syntax, arguments, argument=syntax.argument, is_list=syntax.argument is None)
