"""From the characters of a YAML scalar's value back to the file.

A condition is usually a folded block: line breaks became blanks and indentation is gone. The map
is made only when a diagnostic or an expansion asks where a character stands. It replays what
libyaml's scanner does to the text (yaml/libyaml `scanner.c`, `yaml_parser_scan_*_scalar`).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from lanner.rules.condition_text import MappedText, Piece

if TYPE_CHECKING:
    from lanner.rules.yaml_nodes import Scalar

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_WIDE_BREAKS = "\u2028\u2029"
# a scalar without escapes, cut into words and what is between them
_FLOW = re.compile("[ \t\r\n\x85\u2028\u2029]+|''|'|[^ \t\r\n\x85\u2028\u2029']+")
_QUOTED = re.compile(
    r"[ \t\r\n\x85\u2028\u2029]+"
    r"|\\(?:x..|u....|U........|(?:\r\n|[\r\n\x85\u2028\u2029])[ \t\r\n\x85\u2028\u2029]*|.)"
    r"|[^ \t\r\n\x85\u2028\u2029\\]+"
)


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
        offsets = _block(scalar) if scalar.style in ("|", ">") else _flow(scalar)
        return offsets[: len(scalar.value)] or [scalar.start]


def _flow(scalar: Scalar) -> list[int]:
    """Plain and quoted scalars: one line break is a blank, further ones stay."""
    raw = scalar.source.text
    quotes = 1 if scalar.style else 0
    begin, end = scalar.start + quotes, max(scalar.start + quotes, scalar.end - quotes)
    offsets: list[int] = []
    token = _QUOTED if scalar.style == '"' else _FLOW
    for found in token.finditer(raw, begin, end):
        at, text = found.start(), found.group()
        first = text[0]
        if first == "\\" and token is _QUOTED:
            # an escaped line break is nothing; those after it stay
            if _BREAK.match(text, 1):
                offsets += [one.start() for one in _BREAK.finditer(raw, at, found.end())][1:]
            else:
                offsets.append(at)
        elif first in " \t\r\n\x85\u2028\u2029":
            breaks = [one.start() for one in _BREAK.finditer(raw, at, found.end())]
            if not breaks:
                offsets += range(at, found.end())
            elif len(breaks) == 1 or raw[breaks[0]] in _WIDE_BREAKS:
                offsets += breaks
            else:
                offsets += breaks[1:]
        elif text == "''" and scalar.style == "'":
            offsets.append(at)
        else:
            offsets += range(at, found.end())
    return offsets


def _block(scalar: Scalar) -> list[int]:
    """Literal and folded scalars, line by line."""
    raw = scalar.source.text
    header = _BREAK.search(raw, scalar.start, scalar.end)
    if header is None:
        return []
    indentation = _indentation(scalar, header.end())
    offsets: list[int] = []
    pending: int | None = None  # the break behind the last line with content
    empty: list[int] = []  # the breaks of empty lines since then
    blank_before = False
    at = header.end()
    while at < scalar.end:
        found = _BREAK.search(raw, at, scalar.end)
        stop = found.start() if found else scalar.end
        start = at
        while start < stop and start - at < indentation and raw[start] == " ":
            start += 1
        at = found.end() if found else scalar.end
        if start == stop:
            empty.append(stop)
            continue
        blank = raw[start] in " \t"
        if pending is not None:
            folds = scalar.style == ">" and not (blank or blank_before)
            if not folds or raw[pending] in _WIDE_BREAKS or not empty:
                offsets.append(pending)
        offsets += empty
        offsets += range(start, stop)
        blank_before, empty = blank, []
        pending = stop
    if pending is not None:
        offsets.append(pending)
    return offsets + empty


def _indentation(scalar: Scalar, begin: int) -> int:
    """How many blanks the scanner took from each line: seen at the first that says it."""
    value = scalar.value
    inside = re.search(r"[^ \n]", value)
    written = re.compile("[^ \r\n\x85\u2028\u2029]").search(scalar.source.text, begin, scalar.end)
    if inside is None or written is None:
        return scalar.end
    kept = inside.start() - (value.rfind("\n", 0, inside.start()) + 1)
    line = max(
        (one.end() for one in _BREAK.finditer(scalar.source.text, begin, written.start())),
        default=begin,
    )
    return written.start() - line - kept


def mapped(scalar: Scalar) -> MappedText:
    """The value of a scalar, each character mapped to the file."""
    raw = scalar.source.text
    # most list items and short values stand in the file as they are
    if not scalar.style and raw.startswith(scalar.value, scalar.start):
        return MappedText([Piece(scalar.value, scalar.source, scalar.start)])
    return MappedText([Piece(scalar.value, scalar.source, 0, map=ScalarMap(scalar))])
