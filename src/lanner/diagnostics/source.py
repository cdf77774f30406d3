"""Text that diagnostics point into: a file, standard input, or a string.

A `Source` is created once per file read and shared by all spans into it.
Offsets count characters (not bytes) from zero; lines and columns are shown to
people and count from one.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a source: line and column from one, offset from zero."""

    line: int
    column: int
    offset: int


@dataclass(frozen=True, eq=False)
class Source:
    """A named text. `name` is what the user typed: a path, or `<stdin>`."""

    name: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        # only line feeds end lines, as in editors: YAML texts may hold rarer separators
        lines = self.text.split("\n")
        return [0, *accumulate(len(line) + 1 for line in lines[:-1])]

    def position(self, offset: int) -> Position:
        """Line and column of a character offset; past the end means the end."""
        offset = max(0, min(offset, len(self.text)))
        starts = self._line_starts
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1, offset)

    def line_text(self, line: int) -> str:
        """The text of a line (from one), without its line break."""
        starts = self._line_starts
        if not 1 <= line <= len(starts):
            return ""
        end = starts[line] if line < len(starts) else len(self.text)
        return self.text[starts[line - 1] : end].rstrip("\r\n")
