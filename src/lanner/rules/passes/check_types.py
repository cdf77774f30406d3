"""Checks a condition against the catalogue and gives it types.

Checks are visited in the order in which Falco compiles them, so the first error is Falco's; the
others are reported too, since they do not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner import catalog
from lanner.diagnostics import Diagnostic, Severity, Span
from lanner.diagnostics.suggest import did_you_mean
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
    Value,
)
from lanner.rules.constants import ConstantError, parse_constant
from lanner.rules.operands import OperandError, TypedOperand, type_operand
from lanner.rules.regexes import regex_problem
from lanner.rules.typed import TAnd, TCheck, TCondition, TNot, TOr
from lanner.rules.types import falco_name, operator_problem

if TYPE_CHECKING:
    from lanner.rules.typed import Constant

ERROR = "LOAD_ERR_COMPILE_CONDITION"
WARNING = "LOAD_COMPILE_CONDITION"
_UNKNOWN = ("nonexistent field", "unknown event type", "unknown filter:")


@dataclass(frozen=True, slots=True)
class CheckedCondition:
    """A typed condition, or None when there are errors; and what was found."""

    typed: TCondition | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def unknown_name(self) -> Diagnostic | None:
        """The first error if it is about an unknown field or event type.

        Such rules are left out instead when they say `skip-if-unknown-filter`.
        """
        for found in self.diagnostics:
            if found.is_error:
                text = found.falco_message or found.message
                return found if any(words in text for words in _UNKNOWN) else None
        return None


def check_condition(condition: Condition, scope: str) -> CheckedCondition:
    """Types a condition whose macros are replaced, for rules of a scope.

    Macros that could not be replaced are passed over; the result is not typed then.
    """
    checker = _Checker(scope)
    typed = checker.visit(condition)
    errors = [found for found in checker.diagnostics if found.is_error]
    if errors:
        return CheckedCondition(None, tuple(errors))
    return CheckedCondition(typed, tuple(checker.diagnostics))


class _Checker:
    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.diagnostics: list[Diagnostic] = []
        self.sites: list[Expanded] = []
        self.done: dict[int, TCondition | None] = {}

    def visit(self, node: Condition) -> TCondition | None:
        if isinstance(node, Check):
            return self._check(node)
        if isinstance(node, Expanded):
            # a macro's tree is shared by its uses: it means the same each time
            key = id(node.child)
            if key not in self.done:
                self.sites.append(node)
                self.done[key] = self.visit(node.child)
                self.sites.pop()
            return self.done[key]
        if isinstance(node, Not):
            child = self.visit(node.child)
            return None if child is None else TNot(child)
        if isinstance(node, Macro):
            # undefined: the macro resolver has reported it
            return None
        children = [self.visit(child) for child in node.children]
        typed = tuple([child for child in children if child is not None])
        if len(typed) != len(children):
            return None
        return TAnd(typed) if isinstance(node, And) else TOr(typed)

    def _report(
        self, severity: Severity, falco: str, span: Span, message: str, help_text: str | None
    ) -> None:
        for site in reversed(self.sites):
            span = span.expanded("macro", site.name, site.span)
        code = ERROR if severity is Severity.ERROR else WARNING
        self.diagnostics.append(
            Diagnostic(code, severity, message, span, help=help_text, falco_message=falco)
        )

    def _error(
        self, falco: str, span: Span, message: str | None = None, help_text: str | None = None
    ) -> None:
        self._report(Severity.ERROR, falco, span, message or falco, help_text)

    def _warning(self, message: str, span: Span, help_text: str | None = None) -> None:
        self._report(Severity.WARNING, message, span, message, help_text)

    def _check(self, check: Check) -> TCheck | None:
        try:
            left = type_operand(check.left, self.scope)
        except OperandError as error:
            self._error(error.falco_message, error.span, error.message, error.help)
            return None
        operator = "=" if check.operator == "==" else check.operator
        problem = operator_problem(operator, check.modifier, left.type, is_list=left.is_list)
        if problem is not None:
            self._error(problem[0], check.operator_span, problem[1])
            return None
        if not self._has_event_types(check, operator):
            return None
        if isinstance(check.right, Call):
            return self._compare_with_operand(check, operator, left)
        values: tuple[Value, ...]
        if check.right is None:
            values = ()
        elif isinstance(check.right, Value):
            values = (check.right,)
        else:
            values = check.right.values
        constants: list[Constant] = []
        failed = False
        for value in values:
            if not value.text and not value.quoted:
                continue
            self._warn_about(value, operator)
            try:
                constants.append(parse_constant(value.text, left.type, operator))
                self._check_special(value, operator, left)
            except ConstantError as error:
                self._error(error.falco_message, value.span, error.message)
                failed = True
            except OperandError as error:
                self._error(error.falco_message, error.span, error.message, error.help)
                failed = True
        if failed:
            return None
        return TCheck(left.operand, operator, check.modifier, tuple(constants), None, check.span)

    def _has_event_types(self, check: Check, operator: str) -> bool:
        """Whether Falco can tell the event types of a check; it stops where it cannot."""
        if operator not in ("exists", "=", "!=", "in") or check.modifier is not None:
            return True
        if isinstance(check.left, Call) and _names_event_type(check.left):
            falco = "event code search does not support `evt.type` checks with transformers"
            self._error(falco, check.left.span, "evt.type cannot be transformed here")
            return False
        if isinstance(check.right, Call) and _names_event_type(check.left):
            falco = (
                "right-hand field comparisons on `evt.type`/`syscall.type` checks are not"
                " supported by event code search"
            )
            message = "evt.type can only be compared with constants here"
            self._error(falco, check.right.span, message)
            return False
        return True

    def _check_special(self, value: Value, operator: str, left: TypedOperand) -> None:
        if left.name == "evt.type" and not catalog.is_event_type(value.text):
            raise OperandError(
                f"unknown event type {value.text}",
                value.span,
                f"`{value.text}` is not an event type",
                did_you_mean(value.text, catalog.event_names()),
            )
        if left.name.startswith("evt.around") and operator != "=":
            message = "evt.around supports only '=' comparison operator"
            raise OperandError(message, value.span)
        if operator == "regex":
            problem = regex_problem(value.text)
            if problem is not None:
                falco = f"invalid regex pattern: {problem.falco_message}"
                raise OperandError(falco, value.span, problem.message)

    def _compare_with_operand(
        self, check: Check, operator: str, left: TypedOperand
    ) -> TCheck | None:
        if not isinstance(check.right, Call):
            raise TypeError("only for right sides that are fields")
        span = check.right.span
        try:
            right = type_operand(check.right, self.scope)
        except OperandError as error:
            self._error(error.falco_message, error.span, error.message, error.help)
            return None
        falco = None
        if operator in ("pmatch", "regex"):
            falco = f"operator '{operator.upper()}' doesn't support right-hand side fields"
        elif left.type in ("ipnet", "ipv4net", "ipv6net"):
            falco = "field type 'IPNET' doesn't support right-hand side fields"
        elif "no_rhs" in left.flags:
            falco = f"field '{left.name}' doesn't support right-hand side fields"
        elif "no_rhs" in right.flags:
            falco = f"field '{right.name}' can't be used as a right-hand side field"
        elif (left.type, left.is_list) != (right.type, right.is_list):
            falco = (
                f"field '{left.name}' has type '{_type_text(left)}' while the right-hand side"
                f" field '{right.name}' has incompatible type '{_type_text(right)}'"
            )
        if falco is not None:
            self._error(falco, span)
            return None
        return TCheck(left.operand, operator, None, (), right.operand, check.span)

    def _warn_about(self, value: Value, operator: str) -> None:
        text = value.text
        if operator == "regex" and _simple_regex(text):
            self._warning(
                f"regex check with '{text}' may be optimized with simpler operators such as"
                " '=', 'contains', 'startswith', 'endswith'",
                value.span,
            )
        if "." not in text and "(" not in text:
            return
        stripped = "".join(text.split())
        name, bracket, rest = stripped.partition("[")
        argument = rest.removesuffix("]") if bracket else None
        if (
            "." in name
            and grammar.FIELD_NAME.fullmatch(name)
            and isinstance(catalog.resolve(name, argument, self.scope), catalog.ResolvedField)
        ):
            self._warning(
                f"'{text}' may be a valid field misused as a const string value",
                value.span,
                f"to compare with the field write `val({stripped})`",
            )
        for function in ("val", *grammar.TRANSFORMERS):
            if stripped.startswith(f"{function}(") and stripped.endswith(")"):
                self._warning(
                    f"'{text}' may be a valid field transformer misused as a const string value",
                    value.span,
                    "without quotes it is applied",
                )


def _type_text(operand: TypedOperand) -> str:
    return falco_name(operand.type) + (" (list)" if operand.is_list else "")


def _names_event_type(operand: Operand) -> bool:
    if isinstance(operand, Field):
        return operand.name in ("evt.type", "syscall.type") and operand.argument is None
    if isinstance(operand, Call):
        return any(_names_event_type(argument) for argument in operand.arguments)
    return isinstance(operand, CallList) and any(_names_event_type(item) for item in operand.items)


_SPECIAL = ".+*?^$()[]{}|\\"


def _simple_regex(pattern: str) -> bool:
    """Whether a pattern is plain text but for anchors and `.*` at its ends."""
    length = len(pattern)
    index = 0
    while index < length:
        character = pattern[index]
        anchored = (index == 0 and character == "^") or (index == length - 1 and character == "$")
        at_end = (index == 0 and length > 1) or index == length - 2
        if anchored:
            index += 1
        elif at_end and character == "." and pattern[index + 1] in "+*?":
            index += 2
        elif character in _SPECIAL:
            return False
        else:
            index += 1
    return True
