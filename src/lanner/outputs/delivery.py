"""Delivery: from the store to a channel, at least once and in order.

Each channel has a thread. What cannot be delivered is tried again, later and later; what is refused
for good, and what is too much, becomes a dead letter: it stays in the store, and is counted.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from lanner.outputs.channels import DeliveryError
from lanner.outputs.database import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lanner.outputs.channels import Channel, Record
    from lanner.outputs.forms import Form
    from lanner.outputs.store import Store

_AT_ONCE = 500
"""Alerts that a channel is given at a time, at most."""
_AT_FIRST = 16
_BATCH_S = 1.0
"""So long a channel may take for them: one that is slower is given fewer, because only behind them
it can be ended, and what it got is known."""
_SAVE_EVERY_S = 0.2
"""So often it is kept how far a channel is: what was sent since is sent again after a crash."""
_IDLE_S = 0.5
_GRACE_S = 5.0
"""Beyond the deadline: a channel may take its own time-out."""
_BACKLOG = 1_000_000
_GONE = (
    "it is not in the store any more: too old, too many (store.max_age, max_size_mb), or lost with"
    " a disk"
)
_QUIET_S = 60.0
_LASTING_S = 10.0
"""A channel that fails now and then is told of once in so long, or when it has failed this long:
its counters have every failure."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long it is tried; times in seconds.

    `max_backlog` alerts may wait for a channel, 0 for any number. Then the oldest become dead
    letters; with `blocks`, whoever brings more waits instead.
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    refusals: int = 3
    max_backlog: int = _BACKLOG
    blocks: bool = False


DEFAULT_PATIENCE = Patience()


@dataclass(slots=True)
class ChannelCounters:
    """Counters of a channel: alerts that it got, and calls that failed.

    `problem` says what is wrong now. `lag_s` is the age of the alert that was delivered last, when
    it was.
    """

    delivered: int = 0
    failures: int = 0
    problem: str | None = None
    lag_s: float = 0.0


class Delivery:
    """Delivers the alerts of a store to one channel."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        store: Store,
        form: Form,
        patience: Patience = DEFAULT_PATIENCE,
        *,
        on_trouble: Callable[[str, str | None], None] = lambda _channel, _problem: None,
        on_gone: Callable[[str], None] = lambda _channel: None,
        before: ChannelCounters | None = None,
    ) -> None:
        """Attaches the channel; `start` begins.

        `on_trouble` is told when a channel fails, and with None when it works again;
        `on_gone`, that it is over for good: it ends then, and its alerts stay in the store.
        `before` are the counters of the delivery in whose place this one is: they go on.
        """
        self.name = name
        before = before or ChannelCounters()
        self.counters = ChannelCounters(before.delivered, before.failures)
        self._channel = channel
        self._store = store
        self._form = form
        self._patience = patience
        self._on_trouble = on_trouble
        self._on_gone = on_gone
        limit = patience.max_backlog if patience.blocks else 0
        self._done = store.attach(name, limit=limit)
        self._at_once = _AT_FIRST
        self._is_told = self._is_slow = False
        self._quiet_until = self._failing_since = 0.0
        self._is_over = threading.Event()
        self._is_left = False
        """The place is another's: who comes back from a call that hung does not change it."""
        self._deadline: float | None = None
        self._wants_reopening = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"channel-{name}", daemon=True)

    @property
    def waiting(self) -> int:
        """Alerts that wait for it."""
        return self._store.last_id - self._done

    def start(self) -> None:
        """Begins to deliver."""
        self._thread.start()

    def reopen(self) -> None:
        """Files are opened again before the next alert; may be called by a signal handler."""
        self._wants_reopening.set()

    def stop(self, deadline: float) -> None:
        """Ends it, when all is delivered or at the deadline (monotonic seconds); call `join` then.

        What is not delivered stays in the store.
        """
        self._deadline = deadline
        self._is_over.set()

    def join(self) -> None:
        """Waits for the end. Its alerts wait in the store for the next of its name, until `detach`
        there.
        """
        self._thread.join(max(0.0, (self._deadline or 0) - time.monotonic()) + _GRACE_S)
        self._is_left = self._thread.is_alive()
        self._channel.close()
        self._store.save()

    def _run(self) -> None:
        wait = 0.0
        refused = 0
        next_save = 0.0
        while True:
            if wait:
                self._is_over.wait(wait)
            if self._must_end():
                return
            if self._wants_reopening.is_set():
                self._wants_reopening.clear()
                self._channel.reopen()
            last = self._store.last_id
            try:
                records = self._store.read(self._done, self._at_once, _IDLE_S)
            except sqlite3.Error as error:
                wait = self._failed(f"the store cannot be read: {error}", wait)
                continue
            until = records[0].id - 1 if records else last
            if until > self._done:
                self._bury(self._done + 1, until, _GONE)
                continue
            self._drop_backlog()
            records = [one for one in records if one.id > self._done]
            wanted = [one for one in records if one.text]
            before = time.monotonic()
            if wanted:
                wait, refused = self._send(wanted, wait, refused)
            elif records:
                self._advance(records[-1].id)
            now = time.monotonic()
            if now - before > _BATCH_S:
                self._at_once = max(1, self._at_once // 2)
            elif now - before < _BATCH_S / 4:
                self._at_once = min(_AT_ONCE, self._at_once * 2)
            if now >= next_save or not records:
                next_save = now + _SAVE_EVERY_S
                self._store.save()
            if not records and self._is_over.is_set():
                return

    def _must_end(self) -> bool:
        """Whether it is to end although something may be left."""
        if not self._is_over.is_set():
            return False
        if self._is_left:
            return True
        is_late = self._deadline is not None and time.monotonic() >= self._deadline
        # there is no waiting for one that fails
        return is_late or self.counters.problem is not None

    def _send(self, records: Sequence[Record], wait: float, refused: int) -> tuple[float, int]:
        """Sends records; how long to wait now, and how often the next was refused."""
        try:
            self._channel.send(self._form.messages(records))
        except DeliveryError as error:
            if error.delivered:
                self._delivered(records[: error.delivered])
                wait, refused = 0.0, 0
            if error.is_gone:
                self._failed(str(error), wait)
                self._is_over.set()
                if not self._is_left:
                    self._store.give_up(self.name)
                self._on_gone(self.name)
                return 0.0, 0
            refused += error.is_final
            if error.is_final and refused >= self._patience.refusals:
                record = records[error.delivered]
                self._bury(record.id, record.id, str(error))
                return 0.0, 0
            wait = self._failed(str(error), wait)
            return max(wait, min(error.wait_s, self._patience.longest_s)), refused
        except Exception as error:  # noqa: BLE001 - a channel's bug must not end the others' alerts
            return self._failed(f"{type(error).__name__}: {error}", wait), refused
        self._delivered(records)
        return 0.0, 0

    def _delivered(self, records: Sequence[Record]) -> None:
        last = records[-1]
        self._advance(last.id)
        counters = self.counters
        counters.delivered += len(records)
        counters.lag_s = max(0.0, time.time() - last.time_ns / 1e9)
        counters.problem = None
        if self._is_told:
            self._is_told = False
            self._on_trouble(self.name, None)
        self._look_whether_slow()

    def _look_whether_slow(self) -> None:
        """A channel that works can still be slower than alerts come."""
        limit = max(_AT_ONCE, (self._patience.max_backlog or _BACKLOG) // 10)
        waiting = self.waiting
        if not self._is_slow and waiting > limit:
            self._is_slow = True
            self._on_trouble(self.name, f"{waiting:,} alerts wait: it is slower than they come")
        elif self._is_slow and waiting <= limit // 2:
            self._is_slow = False
            self._on_trouble(self.name, None)

    def _failed(self, problem: str, wait: float) -> float:
        """Notes it; how long to wait: twice as long as the last time."""
        self.counters.failures += 1
        now = time.monotonic()
        if self.counters.problem is None:
            self._failing_since = now
        self.counters.problem = problem
        is_lasting = now - self._failing_since >= _LASTING_S
        if not self._is_told and (is_lasting or now >= self._quiet_until):
            self._is_told = True
            self._quiet_until = now + _QUIET_S
            self._on_trouble(self.name, problem)
        return min(self._patience.longest_s, wait * 2 or self._patience.first_s)

    def _drop_backlog(self) -> None:
        """Too many wait: the oldest become dead letters."""
        limit = self._patience.max_backlog
        if limit and not self._patience.blocks:
            last = self._store.last_id - limit
            if last > self._done:
                self._bury(self._done + 1, last, "too many alerts waited (delivery.max_backlog)")

    def _bury(self, first: int, last: int, reason: str) -> None:
        letter = DeadLetter(self.name, first, last, reason, time.time_ns())
        self._advance(last, letter)

    def _advance(self, done: int, *dead_letters: DeadLetter) -> None:
        self._done = done
        if not self._is_left:
            self._store.advance(self.name, done, dead_letters)
