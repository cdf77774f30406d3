"""Which alerts are old by a clock that nobody sets."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS = 64


def _since_boot() -> float:
    """Seconds, those of sleep among them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Ages:
    """Remembers how far ids were, and when: where the wall clock jumps by a month, what came a
    minute before is no month old.
    """

    def __init__(self, last_id: int, *, clock: Callable[[], float] = _since_boot) -> None:
        """Of alerts up to this id it is not known how old they are: they count as old."""
        self._clock = clock
        self._marks = deque([(float("-inf"), last_id)])

    def aged(self, age_s: float, last_id: int) -> int:
        """The id up to which alerts can be that old; `last_id` is that of the newest now. To be
        asked now and then: ids count when they are a 64th older.
        """
        now = self._clock()
        if now - self._marks[-1][0] >= age_s / _STEPS:
            self._marks.append((now, last_id))
        while len(self._marks) > 1 and self._marks[1][0] <= now - age_s:
            self._marks.popleft()
        return self._marks[0][1]
