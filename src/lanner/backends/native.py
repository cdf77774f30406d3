"""The native engine on events given as maps: the same interface as the reference interpreter.

A map event says nothing about kinds: text and bytes are both `bytes`, all integers are `int`. The
plan knows the kind of every field that it reads, and fields that it does not read are left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lanner._native import MapEngine
from lanner.plan.encode import encode
from lanner.plan.model import FieldNode, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lanner.backends.transformers import Value

_MEMBERS = {
    "bytes": "x",
    "unsigned": "u",
    "signed": "i",
    "double": "f",
    "bool": "b",
    "ip": "ip",
    "net": "ip",
}


class Native:
    """Runs a plan of any source on events given as maps, natively."""

    def __init__(self, plan: Plan) -> None:
        """Raises ValueError if the engine does not take the plan."""
        self._engine = MapEngine(encode(plan))
        self._kinds = {
            field_key(node): node.kind for node in plan.operands if isinstance(node, FieldNode)
        }

    def match(self, event: Mapping[str, Sequence[Value]]) -> list[int]:
        """Ids of the rules that match, in order; only the first with `rule_matching: first`."""
        return self._engine.match(self._encode(event))

    def match_many(self, events: Iterable[Mapping[str, Sequence[Value]]]) -> list[list[int]]:
        """The same for many events at once."""
        return self._engine.match_many(b"[" + b",".join(map(self._encode, events)) + b"]")

    def outputs(self, event: Mapping[str, Sequence[Value]]) -> list[str]:
        """The formatted outputs of the rules that match, in order."""
        return self._engine.outputs(self._encode(event))

    def _encode(self, event: Mapping[str, Sequence[Value]]) -> bytes:
        fields = {
            key: [_scalar(value, self._kinds[key]) for value in values]
            for key, values in event.items()
            if key in self._kinds
        }
        return json.dumps({"fields": fields}).encode()


def field_key(field: FieldNode) -> str:
    """The key of a field in a map event: `name` or `name[argument]`."""
    return field.name if field.argument is None else f"{field.name}[{field.argument}]"


def _scalar(value: Value, kind: str) -> dict[str, Any]:
    if not isinstance(value, bytes):
        return {_MEMBERS[kind]: value}
    if kind == "bytes":
        return {"x": value.hex()}
    try:
        return {"s": value.decode()}
    except UnicodeDecodeError:
        # JSON has no other text than Unicode; operators take bytes as well
        return {"x": value.hex()}


__all__ = ["Native", "field_key"]
