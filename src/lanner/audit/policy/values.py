"""What the values of a policy file are for kube-apiserver.

The API server turns YAML into JSON, then decodes that (sigs.k8s.io/yaml on go-yaml v2; apimachinery
`pkg/runtime/serializer/json`). An unquoted `on` or `0x10` is no text there, `<<` merges mappings,
and of a field that is given twice the last counts.
"""

from __future__ import annotations

import re
from enum import StrEnum

from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_NUMBER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+"
    r"|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_TAGS = "tag:yaml.org,2002:"
_RESOLVED = frozenset(_TAGS + kind for kind in ("bool", "int", "float", "null"))


class Kind(StrEnum):
    """What a value is in JSON; the words are for people."""

    NULL = "nothing"
    BOOLEAN = "a boolean"
    NUMBER = "a number"
    TEXT = "text"
    LIST = "a list"
    MAPPING = "a mapping"


def kind_of(node: Node) -> Kind:
    """What the node is in JSON."""
    if isinstance(node, Sequence):
        return Kind.LIST
    if isinstance(node, Mapping):
        return Kind.MAPPING
    if (node.style and node.tag is None) or (node.tag is not None and node.tag not in _RESOLVED):
        return Kind.TEXT
    word = node.value
    if word in _NULLS:
        return Kind.NULL
    if word in _TRUE or word in _FALSE:
        return Kind.BOOLEAN
    # numbers may be grouped with underscores; those that begin with a dot may not
    plain = word if word.startswith(".") else word.replace("_", "")
    return Kind.NUMBER if _NUMBER.fullmatch(plain) else Kind.TEXT


def is_true(node: Scalar) -> bool:
    """The value of a boolean."""
    return node.value in _TRUE


class UnreadableKeyError(Exception):
    """A mapping has a key, or a merge, that JSON cannot have."""

    def __init__(self, message: str, node: Node) -> None:
        super().__init__(message)
        self.message = message
        self.node = node


Field = tuple[Scalar, Node]
"""A key and its value."""


def fields_of(mapping: Mapping) -> tuple[dict[str, Field], list[tuple[Scalar, Scalar]]]:
    """The fields of a mapping, and keys that were there before: (the earlier one, the later one).

    Raises:
        UnreadableKeyError: the API server cannot read such a mapping.

    """
    fields: dict[str, Field] = {}
    repeated: list[tuple[Scalar, Scalar]] = []
    _collect(mapping, fields, repeated)
    return fields, repeated


def _collect(
    mapping: Mapping, fields: dict[str, Field], repeated: list[tuple[Scalar, Scalar]]
) -> None:
    for key, value in mapping.pairs:
        if not isinstance(key, Scalar) or kind_of(key) is Kind.NULL:
            raise UnreadableKeyError("a key must be a word", key)
        if key.value == "<<" and not key.style:
            _merge(value, fields, repeated)
            continue
        name = _key_text(key)
        if name in fields:
            repeated.append((fields[name][0], key))
        fields[name] = (key, value)


def _merge(value: Node, fields: dict[str, Field], repeated: list[tuple[Scalar, Scalar]]) -> None:
    # the first mapping of a list has the last word
    sources = list(reversed(value.items)) if isinstance(value, Sequence) else [value]
    for source in sources:
        if not isinstance(source, Mapping):
            raise UnreadableKeyError("`<<` needs a mapping, or a list of mappings", source)
        _collect(source, fields, repeated)


def _key_text(key: Scalar) -> str:
    if kind_of(key) is Kind.BOOLEAN:
        return "true" if is_true(key) else "false"
    return key.value
