"""The JSON schema of rule files, and what Falco says of files that do not keep it.

A file that breaks the schema can still be valid: Falco only warns (`-V`, `--rule-schema`). Keys and
types: falcosecurity/falco 0.44.1 `rule_json_schema.h`. Which sentences in which order, and what
passes for which type in YAML: valijson 1.0, as Falco uses it (weak types).
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from lanner.rules.model import PRIORITY_NAMES
from lanner.rules.yaml_nodes import Mapping, Scalar, Sequence, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lanner.diagnostics import Source
    from lanner.rules.yaml_nodes import Node

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "integer"}
_MAX_MESSAGES = 1_000
_WHOLE = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]{1,19}")


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _list_of(what: Schema) -> Schema:
    return {"type": "array", "items": what}


def _object(title: str, properties: dict[str, Schema], *required: str) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
        "title": title,
    }


_OVERRIDABLE = (
    "items",
    "desc",
    "condition",
    "output",
    "priority",
    "enabled",
    "exceptions",
    "capture",
    "capture_duration",
    "tags",
    "warn_evttypes",
    "skip-if-unknown-filter",
)

RULE_SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-06/schema#",
    "type": "array",
    "items": _ref("FalcoRule"),
    "definitions": {
        "FalcoRule": _object(
            "FalcoRule",
            {
                "required_engine_version": _TEXT,
                "required_plugin_versions": _list_of(_ref("RequiredPluginVersion")),
                "macro": _TEXT,
                "condition": _TEXT,
                "list": _TEXT,
                "items": _list_of(_ref("Item")),
                "rule": _TEXT,
                "desc": _TEXT,
                "enabled": _FLAG,
                "output": _TEXT,
                "append": _FLAG,
                "priority": _ref("Priority"),
                "capture": _FLAG,
                "capture_duration": _NUMBER,
                "source": _TEXT,
                "exceptions": _list_of(_ref("Exception")),
                "override": _ref("Override"),
                "tags": _list_of(_TEXT),
                "warn_evttypes": _FLAG,
                "skip-if-unknown-filter": _FLAG,
            },
        ),
        "Item": {"anyOf": [_NUMBER, _TEXT], "title": "Item"},
        "Exception": _object(
            "Exception", {"name": _TEXT, "fields": {}, "comps": {}, "values": {}}, "name"
        ),
        "Priority": {"type": "string", "enum": [*PRIORITY_NAMES, "INFO"], "title": "Priority"},
        "OverriddenItem": {
            "type": "string",
            "enum": ["append", "replace"],
            "title": "OverriddenItem",
        },
        "Override": {
            **_object("Override", dict.fromkeys(_OVERRIDABLE, _ref("OverriddenItem"))),
            "minProperties": 1,
        },
        "RequiredPluginVersion": _object(
            "RequiredPluginVersion",
            {"name": _TEXT, "version": _TEXT, "alternatives": _list_of(_ref("Alternative"))},
            "name",
            "version",
        ),
        "Alternative": _object("Alternative", {"name": _TEXT, "version": _TEXT}, "name", "version"),
    },
}
"""As `--rule-schema` prints it."""

OK = "ok"


def schema_status(source: Source) -> tuple[str, ...]:
    """What a rule file's check says: `OK` for each good document, sentences for the others.

    Empty where there is nothing to check: an empty file, or one that is not YAML.
    """
    parsed = parse_yaml(source)
    if parsed.problem is not None:
        return ()
    status: list[str] = []
    for document in parsed.documents:
        found = islice(_check(document, RULE_SCHEMA, "<root>"), _MAX_MESSAGES)
        messages = [f"failed for {message}" for message in found]
        status += messages or [OK]
    return tuple(status)


def _check(node: Node, schema: Schema, path: str) -> Iterator[str]:
    """The messages, those about parts before those about the whole."""
    if "$ref" in schema:
        schema = RULE_SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        yield from _any_of(node, schema["anyOf"], path)
    if "enum" in schema and not (isinstance(node, Scalar) and node.value in schema["enum"]):
        yield f"{path}: Failed to match against any enum values."
    if "items" in schema and isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            messages = list(_check(item, schema["items"], f"{path}[{index}]"))
            if messages:
                yield from messages
                yield f"{path}: Failed to validate item #{index} in array."
    if isinstance(node, Mapping):
        yield from _check_mapping(node, schema, path)
    kind = schema.get("type")
    if kind and not _PASSES[kind](node):
        yield f"{path}: Value type not permitted by 'type' constraint."


def _any_of(node: Node, choices: list[Schema], path: str) -> Iterator[str]:
    messages: list[str] = []
    for index, choice in enumerate(choices):
        found = list(_check(node, choice, path))
        if not found:
            return
        messages += [*found, f"{path}: Failed to validate against child schema #{index}."]
    yield from messages
    yield f"{path}: Failed to validate against any schemas allowed by anyOf constraint."


def _check_mapping(node: Mapping, schema: Schema, path: str) -> Iterator[str]:
    keys = [key.value for key, _ in node.pairs if isinstance(key, Scalar)]
    least = schema.get("minProperties", 0)
    if len(node.pairs) < least:
        yield f"{path}: Object should have no fewer than {least} properties."
    properties: dict[str, Schema] = schema.get("properties", {})
    for name in sorted(properties):
        value = node.get(name)
        messages = list(_check(value, properties[name], f"{path}[{name}]")) if value else []
        if messages:
            yield from messages
            yield (
                f"{path}: Failed to validate against schema associated with property name '{name}'."
            )
    unwanted = next((key for key in keys if key not in properties), None)
    if unwanted is not None and "properties" in schema:
        yield (
            f"{path}: Object contains a property that could not be validated using 'properties' or"
            f" 'additionalProperties' constraints: '{unwanted}'."
        )
    for name in schema.get("required", ()):
        if name not in keys:
            yield f"{path}: Missing required property '{name}'."


def _is_text(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.is_null


def _is_flag(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value in {"true", "false"}


def _is_whole(node: Node) -> bool:
    return isinstance(node, Scalar) and bool(_WHOLE.fullmatch(node.value))


def _is_array(node: Node) -> bool:
    return isinstance(node, Sequence) or (isinstance(node, Mapping) and not node.pairs)


def _is_object(node: Node) -> bool:
    return isinstance(node, Mapping) or (isinstance(node, Sequence) and not node.items)


_PASSES: dict[str, Callable[[Node], bool]] = {
    "string": _is_text,
    "boolean": _is_flag,
    "integer": _is_whole,
    "array": _is_array,
    "object": _is_object,
}
"""With weak types an empty list is an empty object, too, and the other way round."""
