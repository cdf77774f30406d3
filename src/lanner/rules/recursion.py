"""Room for deeply nested conditions.

Falco's limit is 1,000 levels; the tree walks below a loader take a few Python frames per level.
Since Python 3.11 calls between Python functions use no C stack, so a higher limit is safe as long
as the walks do not pass through C functions on their way down.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 20_000


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Raises the interpreter's recursion limit for the duration of the block."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
