"""Nodes of YAML → the values of a section, by its types.

Scalars are read as Falco reads them (yaml-cpp): quotes make no difference, `yes` is a boolean. One
value stands for a list of one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import inspect

from lanner.config import codes
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from lanner.diagnostics import Span

S = TypeVar("S", bound=msgspec.Struct)

_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_MAX_DIGITS = 40


class _WrongError(Exception):
    """A value that is not of the type."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted
        self.falco: str | None = None


@dataclass(slots=True)
class Decoder:
    """Decodes nodes, and collects what is wrong with them."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def section(self, node: Mapping, defaults: S, path: str = "") -> S:
        """A section: what the mapping says, and for the rest the defaults."""
        members = {member.name: member for member in _members(type(defaults))}
        changes: dict[str, Any] = {}
        for name, value in self._pairs(node, members, path):
            member, inner = members[name], f"{path}.{name}" if path else name
            found = self._value(value, member.type, inner, getattr(defaults, name, None))
            if found is not _NOTHING:
                changes[name] = found
        return msgspec.structs.replace(defaults, **changes)

    def _new(self, node: Mapping, kind: inspect.StructType, path: str) -> Any:
        """A section that has no defaults: all that is required must be there."""
        members = {member.name: member for member in _members(kind.cls)}
        values: dict[str, Any] = {}
        for name, value in self._pairs(node, members, path):
            found = self._value(value, members[name].type, f"{path}.{name}", None)
            if found is not _NOTHING:
                values[name] = found
        missing = [
            name for name, member in members.items() if member.required and name not in values
        ]
        if missing:
            there = {key.value for key, _ in node.pairs if isinstance(key, Scalar)}
            for name in missing:
                if name not in there:
                    self._error(codes.VALUE, f"`{name}` is missing in `{path}`", node.span)
            return _NOTHING
        return kind.cls(**values)

    def _pairs(
        self, node: Mapping, members: dict[str, inspect.Field], path: str
    ) -> list[tuple[str, Node]]:
        """The known keys with their values; of the others is told."""
        pairs: dict[str, Node] = {}
        for key, value in node.pairs:
            name = key.value if isinstance(key, Scalar) else None
            if name in pairs:
                continue  # told of for the whole file
            if name is not None and name in members:
                pairs[name] = value
            else:
                shown = f"{path}.{name}" if path else name
                self._add(
                    codes.UNKNOWN_KEY,
                    Severity.WARNING,
                    f"`{shown}` is not a key of this configuration; it is ignored",
                    key.span,
                    did_you_mean(name or "", members),
                )
        return list(pairs.items())

    def _value(self, node: Node, kind: inspect.Type, path: str, default: Any) -> Any:
        """A value; `_NOTHING` where there is none, or a wrong one."""
        if isinstance(node, Scalar) and node.is_null:
            return _NOTHING
        try:
            found = self._read(node, kind, path, default)
        except _WrongError as wrong:
            shown = f"`{node.value}`" if isinstance(node, Scalar) else _kind_of(node)
            falco = wrong.falco and wrong.falco.format(shown.strip("`"))
            self._add(
                codes.TYPE,
                Severity.ERROR,
                f"`{path}` is {wrong.wanted}, not {shown}",
                node.span,
                falco=falco,
            )
            return _NOTHING
        if found is _NOTHING:
            return found
        return found if self._is_allowed(found, kind, path, node) else _NOTHING

    def _read(self, node: Node, kind: inspect.Type, path: str, default: Any) -> Any:
        match kind:
            case inspect.Metadata(type=inner, extra=extra):
                try:
                    return self._read(node, inner, path, default)
                except _WrongError as wrong:
                    wrong.falco = (extra or {}).get("falco")
                    raise
            case inspect.AnyType():
                return plain(node)
            case inspect.BoolType():
                value = node.as_bool() if isinstance(node, Scalar) else None
                if value is None:
                    raise _WrongError("`true` or `false`")
                return value
            case inspect.IntType():
                return _number(node, _INTEGER, int_of, "a whole number")
            case inspect.FloatType():
                return _number(node, _FLOAT, float, "a number")
            case inspect.StrType():
                if not isinstance(node, Scalar):
                    raise _WrongError("text")
                if "\0" in node.value:
                    raise _WrongError("text without NUL")  # no name of a file can have it
                return node.value
            case inspect.LiteralType(values=values):
                if isinstance(node, Scalar) and node.value in values:
                    return node.value
                raise _WrongError("one of " + ", ".join(f"`{value}`" for value in values))
            case inspect.VarTupleType(item_type=item):
                items = node.items if isinstance(node, Sequence) else [node]
                found = [
                    self._value(one, item, f"{path}[{number}]", None)
                    for number, one in enumerate(items)
                ]
                return tuple(one for one in found if one is not _NOTHING)
            case inspect.StructType(cls=cls):
                if not isinstance(node, Mapping):
                    raise _WrongError("a mapping")
                if isinstance(default, cls):
                    return self.section(node, default, path)
                return self._new(node, kind, path)
            case inspect.DictType(value_type=inner):
                if not isinstance(node, Mapping):
                    raise _WrongError("a mapping")
                return {
                    key.value: value
                    for key, one in node.pairs
                    if isinstance(key, Scalar)
                    and (value := self._value(one, inner, f"{path}.{key.value}", None))
                    is not _NOTHING
                }
            case inspect.UnionType(types=types):
                return self._any_of(node, types, path, default)
        raise TypeError(f"{path}: no configuration has {kind}")

    def _any_of(self, node: Node, types: tuple[inspect.Type, ...], path: str, default: Any) -> Any:
        """The alternatives differ in what kind of node they are."""
        mappings = [one for one in types if isinstance(one, (inspect.StructType, inspect.DictType))]
        others = [
            one for one in types if one not in mappings and not isinstance(one, inspect.NoneType)
        ]
        chosen = mappings if isinstance(node, Mapping) and mappings else others or mappings
        return self._read(node, chosen[0], path, default)

    def _is_allowed(self, value: Any, kind: inspect.Type, path: str, node: Node) -> bool:
        """Whether a number is within the bounds."""
        low, high = getattr(kind, "ge", None), getattr(kind, "le", None)
        if (low is None or value >= low) and (high is None or value <= high):
            return True
        bounds = f"from {low} to {high}" if high is not None else f"at least {low}"
        self._error(codes.VALUE, f"`{path}` is {bounds}, not {value}", node.span)
        return False

    def _error(self, code: str, message: str, span: Span) -> None:
        self._add(code, Severity.ERROR, message, span)

    def _add(
        self,
        code: str,
        severity: Severity,
        message: str,
        span: Span,
        help_text: str | None = None,
        *,
        falco: str | None = None,
    ) -> None:
        self.diagnostics.append(
            Diagnostic(code, severity, message, span, help=help_text, falco_message=falco)
        )


def plain(node: Node) -> Any:
    """What a node is without a type: as JSON has it."""
    match node:
        case Mapping(pairs=pairs):
            return {key.value: plain(value) for key, value in pairs if isinstance(key, Scalar)}
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Scalar(style=style, value=text):
            if style:
                return text
            if node.is_null:
                return None
            if len(text) <= _MAX_DIGITS and _INTEGER.fullmatch(text):
                return int_of(text)
            if len(text) <= _MAX_DIGITS and _FLOAT.fullmatch(text):
                return float(text)
            known = node.as_bool()
            return text if known is None else known


def int_of(text: str) -> int:
    """A whole number, decimal or with `0x`."""
    return int(text, 16 if "x" in text.lower() else 10)


def _number(node: Node, form: re.Pattern[str], read: Any, wanted: str) -> Any:
    if isinstance(node, Scalar):
        text = node.value.strip()
        if len(text) <= _MAX_DIGITS and form.fullmatch(text):
            return read(text)
    raise _WrongError(wanted)


def _kind_of(node: Node) -> str:
    return "a list" if isinstance(node, Sequence) else "a mapping"


def _members(kind: type) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(kind)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{kind} is no section")
    return info.fields


_NOTHING: Any = object()
