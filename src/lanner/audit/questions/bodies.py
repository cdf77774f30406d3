"""What requests sent, where the level let it be recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from lanner.audit.questions.model import Group

BODY = "jevt.value[/requestObject]"
LEVEL = "level"
NEEDS = (BODY, LEVEL)


def body(group: Group) -> Any:
    """The request's object, or None where it is not recorded."""
    return decoded(group[BODY])


def decoded(text: str | None) -> Any:
    """The value that a field has as JSON text, None where it has none."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        # a text, and what no API server takes
        return text


def not_recorded(group: Group) -> str:
    """What to say where a body is missing."""
    level = group[LEVEL]
    return "not recorded (level Metadata)" if level == "Metadata" else "not recorded"


def is_missing(groups: list[Group]) -> bool:
    """Whether a body is missing."""
    return any(not group[BODY] for group in groups)


def part_of(value: Any, *path: str) -> Any:
    """The value at a path of keys; None where there is none. Bodies are what clients sent: any
    member can be anything.
    """
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def items_of(value: Any, *path: str) -> list[Any]:
    """The items of the list at a path of keys; none where there is no list."""
    found = part_of(value, *path)
    return found if isinstance(found, list) else []


def words_of(value: Any, *path: str) -> list[str]:
    """The same for a list of texts."""
    return [item for item in items_of(value, *path) if isinstance(item, str)]
