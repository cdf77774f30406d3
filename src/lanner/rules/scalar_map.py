"""From the characters of a YAML scalar's value back to the file.

A condition is usually a folded block: line breaks became blanks and indentation is gone. The map
is made only when a diagnostic or an expansion asks where a character stands.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from lanner.rules.condition_text import MappedText, Piece

if TYPE_CHECKING:
    from lanner.rules.yaml_nodes import Scalar

_WIDE_ESCAPES = {"x": 2, "u": 4, "U": 8}


class ScalarMap:
    """File offsets of the characters of a scalar's value."""

    def __init__(self, scalar: Scalar) -> None:
        self._scalar = scalar

    def __getitem__(self, index: int) -> int:
        offsets = self._offsets
        return offsets[min(index, len(offsets) - 1)]

    @cached_property
    def _offsets(self) -> list[int]:
        scalar = self._scalar
        if scalar.style == '"':
            return _double_quoted(scalar)
        if scalar.style == "'":
            return _aligned(scalar, scalar.start + 1, doubled="'")
        if scalar.style:
            header = scalar.source.text.find("\n", scalar.start)
            return _aligned(scalar, header + 1 if header >= 0 else scalar.start)
        return _aligned(scalar, scalar.start)


def _aligned(scalar: Scalar, begin: int, doubled: str = "") -> list[int]:
    """Walks value and file side by side. Blanks may stand for line breaks with indentation;
    everything else is the same on both sides.
    """
    raw = scalar.source.text
    end = scalar.end
    at = begin
    offsets = []
    for character in scalar.value:
        if character.isspace():
            offsets.append(min(at, end))
            if at < end and raw[at] == character:
                at += 1
            elif at < end and raw[at] in " \t\r\n":
                at = _past_break(raw, at, end)
            continue
        while at < end and raw[at] != character:
            at += 1
        offsets.append(min(at, end))
        at += 2 if character == doubled else 1
    return offsets or [begin]


def _past_break(raw: str, at: int, end: int) -> int:
    while at < end and raw[at] in " \t\r\n":
        at += 1
    return at


def _double_quoted(scalar: Scalar) -> list[int]:
    raw = scalar.source.text
    end = max(scalar.start, scalar.end - 1)
    at = scalar.start + 1
    offsets = []
    for character in scalar.value:
        while at + 1 < end and raw[at] == "\\" and raw[at + 1] in "\r\n":
            at = _past_break(raw, at + 1, end)
        offsets.append(min(at, end))
        if at < end and raw[at] == "\\":
            at += 2 + _WIDE_ESCAPES.get(raw[at + 1], 0)
        elif at < end and character in " \n" and raw[at] in " \t\r\n" and raw[at] != character:
            at = _past_break(raw, at, end)
        else:
            at += 1
    return offsets or [scalar.start]


def mapped(scalar: Scalar) -> MappedText:
    """The value of a scalar, each character mapped to the file."""
    raw = scalar.source.text
    # most list items and short values stand in the file as they are
    if not scalar.style and raw.startswith(scalar.value, scalar.start):
        return MappedText([Piece(scalar.value, scalar.source, scalar.start)])
    return MappedText([Piece(scalar.value, scalar.source, 0, map=ScalarMap(scalar))])
