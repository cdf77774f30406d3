"""A policy's `metadata`: it means nothing, and the API server decodes it all the same."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from lanner.audit.policy import codes
from lanner.audit.policy.fields import METADATA
from lanner.audit.policy.values import Kind, UnreadableKeyError, fields_of, kind_of
from lanner.rules.yaml_nodes import Mapping

if TYPE_CHECKING:
    from lanner.audit.policy.fields import Reader
    from lanner.audit.policy.values import Field
    from lanner.rules.yaml_nodes import Node

_NUMBERS = frozenset(("generation", "deletionGracePeriodSeconds"))
_TIMES = frozenset(("creationTimestamp", "deletionTimestamp"))
_TEXTS_BY_KEY = frozenset(("labels", "annotations"))
_OBJECTS = frozenset(("ownerReferences", "managedFields"))


def check(field: Field | None, reader: Reader) -> None:
    """Reports what the API server refuses of `metadata` (apimachinery `ObjectMeta`)."""
    if field is None:
        return
    for name, (_, node) in reader.fields(field[1], METADATA, "metadata").items():
        path = f"metadata.{name}"
        if kind_of(node) is Kind.NULL:
            continue
        if name in _NUMBERS:
            _expect(node, path, Kind.NUMBER, reader)
        elif name in _TEXTS_BY_KEY:
            _texts_by_key(node, path, reader)
        elif name in _OBJECTS or name == "finalizers":
            wanted = Kind.MAPPING if name in _OBJECTS else Kind.TEXT
            for number, item in enumerate(reader.items((field[0], node), path)):
                _expect(item, f"{path}[{number}]", wanted, reader)
        else:
            text = reader.text(node, path)
            if name in _TIMES and path not in reader.broken and not _is_time(text):
                hint = "leave it out, or write a time like 2026-11-23T07:00:00Z"
                reader.error(codes.TYPE, f"{path}: this is no time", node.span, hint)


def _expect(node: Node, path: str, wanted: Kind, reader: Reader) -> None:
    if kind_of(node) not in {wanted, Kind.NULL}:
        reader.wrong_type(node, path, wanted)


def _texts_by_key(node: Node, path: str, reader: Reader) -> None:
    if not isinstance(node, Mapping):
        reader.wrong_type(node, path, Kind.MAPPING)
        return
    try:
        fields, _ = fields_of(node)
    except UnreadableKeyError as unreadable:
        reader.error(codes.SYNTAX, unreadable.message, unreadable.node.span)
        return
    for name, (_, value) in fields.items():
        reader.text(value, f"{path}.{name}")


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None and "T" in text
    except ValueError:
        return False
