"""Lost events: what is done about them (Falco's `syscall_event_drops`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lanner.outputs.internal import drop_alert

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.api.live import LiveStats
    from lanner.config.sections import SyscallEventDrops
    from lanner.service.log import Log
    from lanner.service.sink import Sink


class TokenBucket:
    """Lets so many things happen at once, and then `rate` a second."""

    def __init__(self, rate: float, most: float, now: float) -> None:
        """Begins full."""
        self._rate, self._most, self._tokens, self._last = rate, most, most, now

    def claim(self, now: float) -> bool:
        """Whether one more may happen; times in seconds."""
        self._tokens = min(self._most, self._tokens + (now - self._last) * self._rate)
        self._last = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Losses:
    """Looks once a second whether events were lost."""

    def __init__(
        self, settings: SyscallEventDrops, sink: Sink, log: Log, give_up: Callable[[], None]
    ) -> None:
        """`give_up` is called when the settings say that Lanner is to end."""
        self._settings = settings
        self._sink = sink
        self._log = log
        self._give_up = give_up
        now = time.monotonic()
        self._bucket = TokenBucket(settings.rate, settings.max_burst, now)
        self._next = now + 1
        self._lost = 0
        self._events = 0

    def look(self, stats: Callable[[], LiveStats], *, at_once: bool = False) -> None:
        """Looks, if it is time or the last chance."""
        now = time.monotonic()
        if now < self._next and not at_once:
            return
        self._next = now + 1
        found = stats()
        lost, events = found.lost - self._lost, found.events - self._events
        self._lost, self._events = found.lost, found.events
        if not lost or lost / (lost + events) <= self._settings.threshold:
            return
        if not self._bucket.claim(now):
            self._log("events were lost again; that was said not long ago", "debug")
            return
        actions = self._settings.actions
        alert = drop_alert(time.time_ns(), lost, events, found.dropped)
        if "log" in actions:
            self._log(alert.message, "warning")
        if "alert" in actions:
            self._sink.internal(alert)
        if "exit" in actions:
            self._log(f"{alert.message} Exiting.", "critical")
            self._give_up()
