"""The JSON schema of configurations."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from lanner.config.model import Config


def config_schema() -> dict[str, Any]:
    """What configurations look like: unknown keys are mistakes, one value stands for a list."""
    schema = msgspec.json.schema(Config)
    definitions = {name: _strict(one) for name, one in schema.pop("$defs").items()}
    return {"$schema": _DIALECT, **schema, "$defs": definitions}


_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _strict(node: Any) -> Any:
    match node:
        case {"properties": dict(properties)}:
            known = {name: _strict(one) for name, one in properties.items()}
            text = {"description": cleandoc(node.get("description", ""))}
            return {**node, **text, "properties": known, "additionalProperties": False}
        case {"type": "array", "items": items, **rest}:
            item = _strict(items)
            default = {name: rest[name] for name in rest.keys() & {"default"}}
            return {"anyOf": [{"type": "array", "items": item}, item], **default}
        case {"anyOf": list(choices)}:
            return {**node, "anyOf": [_strict(one) for one in choices]}
        case _:
            return node
