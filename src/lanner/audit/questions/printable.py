"""Cells as text that is safe to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.audit.questions.model import Cell


def printable(cell: Cell) -> str:
    """A cell as text; `-` for what the log does not say. Control characters, and those that turn
    the direction of text, are escaped: names in a log are chosen by whoever sent the request.
    """
    if cell is None:
        return "-"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in str(cell)
    )
