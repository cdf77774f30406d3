"""Where a channel is among the alerts of a store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.outputs.database import DeadLetter


@dataclass(slots=True)
class Position:
    """How far a channel is.

    Attributes:
        done: the id up to which it has what it gets.
        saved: of `done`, what the database knows; -1 for nothing.
        limit: so many alerts may wait for it; 0 for any number.
        is_gone: it will never get anything again.
        dead_letters: those that the database does not know yet.

    """

    done: int
    saved: int
    limit: int = 0
    is_gone: bool = False
    dead_letters: list[DeadLetter] = field(default_factory=list)
