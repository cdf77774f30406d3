"""The wildcards of options: `*` and `?`; every other character stands for itself."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(text: str, pattern: str) -> bool:
    """Whether the whole text is what a pattern says."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))
