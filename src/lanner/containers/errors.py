"""Answers of runtimes can hold anything."""

from __future__ import annotations

from typing import Any


class RuntimeFailure(Exception):  # noqa: N818 - it is what it says
    """A runtime does not answer, or not as it should; for people, behind its name."""


def as_dict(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: Any, key: str) -> str:
    """A text of an object, or an empty one."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


class Text:
    """Maps of texts."""

    @staticmethod
    def of(value: Any) -> dict[str, str]:
        """What of an object is text."""
        return {key: text for key, text in as_dict(value).items() if isinstance(text, str)}
