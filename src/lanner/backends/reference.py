"""The reference interpreter: what a plan means, written plainly.

It is the oracle that the native engine is tested against, and what explains a rule's answer. Values
of fields are lists; an absent field has no entry in the event. Semantics: falcosecurity/libs 0.25.4
`sinsp_filtercheck.cpp` (`compare_rhs` and the functions around it) and `filter_compare.cpp`.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from lanner.backends import transformers
from lanner.backends.glob import glob_match
from lanner.plan.model import (
    AndNode,
    CallNode,
    ConstantNode,
    FieldNode,
    FieldPart,
    NotNode,
    Plan,
    Predicate,
    PredicateNode,
    RulePlan,
    Scalar,
)
from lanner.rules.regex_match import compile_regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lanner.backends.transformers import Value, Values

NOT_AVAILABLE = "<NA>"
MAX_PRINTED = 1023
"""Lists and bytes are cut to so many bytes in outputs, as by Falco's buffer for them."""


def constant(scalar: Scalar) -> Value:
    """The Python value of a constant: text is bytes, addresses and networks stay text."""
    if scalar.s is not None:
        return scalar.s.encode("utf-8", "surrogateescape")
    if scalar.x is not None:
        return bytes.fromhex(scalar.x)
    for value in (scalar.b, scalar.u, scalar.i, scalar.f, scalar.ip, scalar.net):
        if value is not None:
            return value
    raise ValueError("an empty constant")


class Reference:
    """Interprets a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def match(self, event: Mapping[str, Sequence[Value]]) -> list[int]:
        """Ids of the rules that match, in order; only the first with `rule_matching: first`.

        Keys of the event are `name` or `name[argument]`.
        """
        truths = self.truths(event)
        matching = [rule.id for rule in self._plan.rules if truths[rule.condition]]
        return matching[:1] if self._plan.rule_matching == "first" else matching

    def truths(self, event: Mapping[str, Sequence[Value]]) -> list[bool]:
        """The truth of every condition node of the plan."""
        plan = self._plan
        operands = self._operands(event)
        predicates = [self._predicate(predicate, operands) for predicate in plan.predicates]
        truths: list[bool] = []
        for node in plan.nodes:
            if isinstance(node, PredicateNode):
                truths.append(predicates[node.predicate])
            elif isinstance(node, NotNode):
                truths.append(not truths[node.child])
            elif isinstance(node, AndNode):
                truths.append(all(truths[child] for child in node.children))
            else:
                truths.append(any(truths[child] for child in node.children))
        return truths

    def holds(self, predicate: int, event: Mapping[str, Sequence[Value]]) -> bool:
        """The truth of one predicate of the plan."""
        return self._predicate(self._plan.predicates[predicate], self._operands(event))

    def output(self, rule: RulePlan, event: Mapping[str, Sequence[Value]]) -> str:
        """The output of a rule for an event."""
        operands = self._operands(event)
        parts: list[bytes] = []
        for part in rule.output:
            if isinstance(part, FieldPart):
                text = self._text(part.operand, operands[part.operand])
                # Falco cuts and pads bytes, not characters
                parts.append(text[: part.width].ljust(part.width) if part.width else text)
            else:
                parts.append(part.text.encode("utf-8", "surrogateescape"))
        return b"".join(parts).decode("utf-8", "replace")

    # operands

    def _operands(self, event: Mapping[str, Sequence[Value]]) -> list[Values]:
        found: list[Values] = []
        for node in self._plan.operands:
            if isinstance(node, FieldNode):
                key = node.name if node.argument is None else f"{node.name}[{node.argument}]"
                values = list(event.get(key, ()))
                found.append(values or None)
            elif isinstance(node, ConstantNode):
                found.append([constant(node.value)])
            elif isinstance(node, CallNode):
                arguments = [found[index] for index in node.arguments]
                first = node.arguments[0]
                found.append(
                    transformers.apply(
                        node.function,
                        arguments,
                        node.argument,
                        takes_list=self._is_list(first),
                        is_text=self._kind(first) != "bytes",
                    )
                )
            else:
                items = [found[index] for index in node.items]
                absent = any(item is None for item in items)
                found.append(None if absent else [value for item in items for value in item or ()])
        return found

    def _is_list(self, operand: int) -> bool:
        node = self._plan.operands[operand]
        return getattr(node, "list", not isinstance(node, ConstantNode))

    def _kind(self, operand: int) -> str:
        node = self._plan.operands[operand]
        return node.kind if isinstance(node, (FieldNode, CallNode)) else "string"

    def _text(self, operand: int, values: Values) -> bytes:
        if not values and (values is None or not self._is_list(operand)):
            return NOT_AVAILABLE.encode()
        is_text = self._kind(operand) != "bytes"
        texts = [_printed(value, is_text=is_text) for value in values]
        if self._is_list(operand):
            return (b"(" + b",".join(texts) + b")")[:MAX_PRINTED]
        return texts[0] if is_text else texts[0][:MAX_PRINTED]

    # predicates

    def _predicate(self, predicate: Predicate, operands: list[Values]) -> bool:
        left = operands[predicate.left]
        if left is None:
            return False
        if predicate.operator == "exists":
            return True
        if predicate.right is None:
            right: list[Value] = [constant(scalar) for scalar in predicate.values]
        else:
            from_field = operands[predicate.right]
            if from_field is None:
                return False
            right = from_field
        if self._is_list(predicate.left):
            contained = [any(_compare("=", value, other) for other in right) for value in left]
            return all(contained) if predicate.operator == "in" else any(contained)
        if not left:
            return False
        if predicate.operator in ("in", "intersects"):
            return any(_compare("=", left[0], other) for other in right)
        if predicate.operator == "pmatch":
            return any(_has_prefix(_as_bytes(left[0]), _as_bytes(other)) for other in right)
        results = [_compare(predicate.operator, left[0], other) for other in right]
        if predicate.modifier == "oneof":
            return sum(results) == 1
        if predicate.modifier == "allof":
            return bool(results) and all(results)
        return any(results)


def _as_bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _compare(operator: str, left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return _compare_addresses(operator, left, right)
    if isinstance(left, bytes) and isinstance(right, bytes):
        return _compare_text(operator, left, right)
    if isinstance(left, (bytes, str)) or isinstance(right, (bytes, str)):
        raise TypeError("a plan compares values of one kind")
    match operator:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


def _compare_addresses(operator: str, left: str, right: str) -> bool:
    """An address against an address or a network; different versions are not equal."""
    address = ipaddress.ip_address(left)
    if "/" in right:
        network = ipaddress.ip_network(right)
        equal = address.version == network.version and address in network
    else:
        equal = address == ipaddress.ip_address(right)
    return equal is (operator == "=")


def _compare_text(operator: str, left: bytes, right: bytes) -> bool:
    match operator:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "contains" | "bcontains":
            return right in left
        case "icontains":
            # only ASCII letters have a case here
            return right.lower() in left.lower()
        case "startswith" | "bstartswith":
            return left.startswith(right)
        case "endswith":
            return left.endswith(right)
        case "glob":
            return glob_match(right, left)
        case "iglob":
            return glob_match(right, left, fold=True)
        case "regex":
            pattern = compile_regex(right.decode("utf-8", "surrogateescape"))
            return pattern.matches(left.decode("utf-8", "surrogateescape"))
        case _:
            raise ValueError(f"unknown operator {operator}")


def _has_prefix(path: bytes, prefix: bytes) -> bool:
    """Whether the components of `prefix`, which may be globs, start the components of `path`."""
    wanted = [component for component in prefix.split(b"/") if component]
    given = [component for component in path.split(b"/") if component]
    if len(wanted) > len(given):
        return False
    return all(
        glob_match(want, have) if any(special in want for special in b"?*[") else want == have
        for want, have in zip(wanted, given, strict=False)
    )


def _printed(value: Value, *, is_text: bool) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, float):
        return f"{value:.1f}".encode()
    if isinstance(value, bytes) and not is_text:
        return bytes(code if 32 <= code < 127 else ord(".") for code in value)
    return _as_bytes(value)


__all__ = ["NOT_AVAILABLE", "Reference", "constant"]
