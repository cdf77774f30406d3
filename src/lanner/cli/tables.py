"""Plain tables: aligned for people, or Markdown.

Control characters of cells are made visible: names of rules and files, and command lines, can be
chosen by an attacker, and terminals obey them.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from lanner.diagnostics.render_text import printable

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from typing import TextIO

_GAP = "  "
_MIN_LAST = 20


def write(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    markdown: bool = False,
    numbers: Container[int] = (),
    out: TextIO | None = None,
) -> None:
    """Prints a table, on standard output unless said. The columns `numbers` are aligned to the
    right. On a terminal the last column is wrapped to its width.
    """
    out = out or sys.stdout
    rows = _visible(rows)
    if markdown:
        print(_markdown_row(heads), file=out)
        print("|" + "---|" * len(heads), file=out)
        for row in rows:
            print(_markdown_row(row), file=out)
        return
    widths = [
        max([len(head), *(len(row[column]) for row in rows)]) for column, head in enumerate(heads)
    ]
    room = 0
    if out.isatty():
        left = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
        room = max(_MIN_LAST, shutil.get_terminal_size().columns - left)
    for row in [heads, *rows]:
        start = "".join(
            (cell.rjust(width) if column in numbers else cell.ljust(width)) + _GAP
            for column, (cell, width) in enumerate(zip(row[:-1], widths[:-1], strict=True))
        )
        last = textwrap.wrap(row[-1], room) if room and row[-1] else [row[-1]]
        print((start + last[0]).rstrip(), file=out)
        for more in last[1:]:
            print(" " * len(start) + more, file=out)


class Running:
    """A table without end: its first rows say how wide its columns are."""

    def __init__(self, heads: Sequence[str]) -> None:
        self._heads = heads
        self._widths: list[int] = []

    def write(self, rows: Sequence[Sequence[str]]) -> None:
        """Prints further rows, with the heads before the first ones."""
        if not rows:
            return
        rows = _visible(rows)
        if not self._widths:
            columns = zip(self._heads, *rows, strict=True)
            self._widths = [max(map(len, column)) for column in columns]
            rows = [self._heads, *rows]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, self._widths, strict=True))
            print(_GAP.join(cells).rstrip())  # noqa: T201


def _visible(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    return [[printable(cell) for cell in row] for row in rows]


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
