"""Lost events: what is done about them (Falco's `syscall_event_drops`)."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from lanner.api.events import Events
from lanner.outputs.internal import drop_alert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lanner.api import Batch
    from lanner.api.live import LiveStats
    from lanner.config.sections import SyscallEventDrops
    from lanner.service.log import Log
    from lanner.service.sink import Sink
    from lanner.service.sources import Reading

_SECOND_NS = 1_000_000_000


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
    """Looks once a second whether events were lost.

    Attributes:
        occurrences: seconds in which more were lost than is allowed.
        actions: how often something was done about it.

    """

    def __init__(
        self, settings: SyscallEventDrops, sink: Sink, log: Log, give_up: Callable[[], None]
    ) -> None:
        """`give_up` is called when the settings say that Lanner is to end."""
        self.occurrences = self.actions = 0
        self._settings = settings
        self._sink = sink
        self._log = log
        self._give_up = give_up
        self._bucket: TokenBucket | None = None
        self._next = time.monotonic() + 1
        self._lost = 0
        self._events = 0
        self._kinds: Counter[str] = Counter()

    def look(self, stats: Callable[[], LiveStats], *, at_once: bool = False) -> None:
        """Looks, if it is time or the last chance."""
        now = time.monotonic()
        if now < self._next and not at_once:
            return
        self._next = now + 1
        found = stats()
        lost, events = found.lost - self._lost, found.events - self._events
        kinds = Counter(found.dropped) - self._kinds
        self._lost, self._events, self._kinds = found.lost, found.events, Counter(found.dropped)
        if self._settings.simulate_drops and not at_once:
            self._act(now, time.time_ns(), lost + 1, events, kinds)
        elif lost and lost / (lost + events) > self._settings.threshold:
            self._act(now, time.time_ns(), lost, events, kinds)

    def simulate(self, time_ns: int) -> None:
        """An event of a capture counts as lost."""
        self._act(time_ns / 1e9, time_ns, 1, 1, {})

    def _act(
        self, now: float, time_ns: int, lost: int, events: int, kinds: Mapping[str, int]
    ) -> None:
        self.occurrences += 1
        if self._bucket is None:
            self._bucket = TokenBucket(self._settings.rate, self._settings.max_burst, now)
        if not self._bucket.claim(now):
            self._log("events were lost again; that was said not long ago", "debug")
            return
        self.actions += 1
        actions = self._settings.actions
        alert = drop_alert(time_ns, lost, events, kinds)
        if "log" in actions:
            self._log(alert.message, "warning")
        if "alert" in actions:
            self._sink.internal(alert)
        if "exit" in actions:
            self._log(f"{alert.message} Exiting.", "critical")
            self._give_up()


class Simulating:
    """A capture in which, each second, an event counts as lost (`simulate_drops`)."""

    def __init__(self, losses: Losses, times: Iterable[int], reading: Reading) -> None:
        """`times` are those of the losses, in nanoseconds since the epoch."""
        self._losses = losses
        self._times = times
        self._reading = reading
        self.stop = reading.stop
        self.after_batch = reading.after_batch
        self.close = reading.close

    def batches(self) -> Iterator[Batch | None]:
        """What is in the capture; all losses are told before."""
        for time_ns in self._times:
            self._losses.simulate(time_ns)
        yield from self._reading.batches()


def seconds_of(path: str) -> Iterator[int]:
    """Of a capture, the times of the first events that come more than a second after the one
    before; nanoseconds since the epoch. So does Falco look for losses.
    """
    after: int | None = None
    for batch in Events([path], format_text="%evt.rawtime").batches():
        for word in batch.messages().split():
            time_ns = int(word)
            if after is None:
                after = time_ns + _SECOND_NS
            elif time_ns > after:
                after = time_ns + _SECOND_NS
                yield time_ns
