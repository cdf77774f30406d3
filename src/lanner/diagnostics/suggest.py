"""“Did you mean”: the known name nearest to a misspelt one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_LENGTH = 100
_CUTOFF = 0.72
_MAX_KNOWN = 1_000
"""More names than this are thinned out first: a file may misspell thousands of thousands."""


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like `word`, or None when none is near. Deterministic."""
    if not word or len(word) > _MAX_LENGTH:
        return None
    sought = word.lower()
    # names whose length alone puts them below the cutoff need no closer look
    low, high = len(word) * _CUTOFF / (2 - _CUTOFF), len(word) * (2 - _CUTOFF) / _CUTOFF
    alike = [name for name in known if low <= len(name) <= high]
    if len(alike) > _MAX_KNOWN:
        alike = [name for name in alike if name[:1].lower() == sought[:1]]
        alike = sorted(alike, key=lambda name: (abs(len(name) - len(word)), name))[:_MAX_KNOWN]
    lowered = {name.lower(): name for name in sorted(alike, reverse=True)}
    near = difflib.get_close_matches(sought, lowered, n=1, cutoff=_CUTOFF)
    return lowered[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A help line: ``did you mean `proc.name`?``, or None."""
    name = suggest(word, known)
    return f"did you mean `{name}`?" if name else None
