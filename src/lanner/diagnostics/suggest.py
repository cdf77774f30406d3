"""“Did you mean”: the known name nearest to a misspelt one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_LENGTH = 100
_CUTOFF = 0.72


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like `word`, or None when none is near. Deterministic."""
    if not word or len(word) > _MAX_LENGTH:
        return None
    lowered = {name.lower(): name for name in sorted(known, reverse=True)}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=_CUTOFF)
    return lowered[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A help line: ``did you mean `proc.name`?``, or None."""
    name = suggest(word, known)
    return f"did you mean `{name}`?" if name else None
