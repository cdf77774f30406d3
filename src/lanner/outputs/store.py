"""The store: alerts on their way, each kept before any channel gets it.

Alerts are numbered as they come. The newest are also in memory, where channels read them; those who
are behind read the database. While it cannot be written (a full disk), alerts wait in memory and
are sent from there, and are written when it can be again. Without a database, alerts are kept until
all channels have them.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lanner.outputs.channels import Record
from lanner.outputs.position import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lanner.outputs.database import Database, DeadLetter

Row = tuple[int, int, str, str, str, str]
"""A record without its id."""

_RECENT = 4096
"""Alerts that are kept in memory besides those that wait."""
_TRY_AGAIN_S = 1.0
_RECORD_BYTES = 400
"""What a record takes besides its texts, in bytes."""


@dataclass(slots=True)
class StoreCounters:
    """Counters of a store.

    `unstored` alerts were sent to all channels and never written, `lost` ones not even that: there
    was no room in memory. `failures` counts attempts to write that failed.
    """

    stored: int = 0
    unstored: int = 0
    lost: int = 0
    failures: int = 0


class Store:
    """Numbers, keeps and hands out alerts; for any thread."""

    def __init__(
        self,
        database: Database | None = None,
        *,
        max_waiting_bytes: int = 64 << 20,
        on_trouble: Callable[[str | None, int], None] = lambda _reason, _lost: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begins behind what the database holds.

        Args:
            database: None keeps alerts in memory alone.
            max_waiting_bytes: of what cannot be written, or waits for channels without a database.
            on_trouble: is told, with a reason, that alerts cannot be written; and with None that
                they can be again. The number is that of alerts that were lost until then. It must
                not use the store.
            clock: seconds.

        """
        self.database = database
        self.counters = StoreCounters()
        self._max_waiting = max_waiting_bytes
        self._on_trouble = on_trouble
        self._clock = clock
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._recent: deque[Record] = deque()
        self._recent_bytes = 0
        self._last = database.last_id() if database else 0
        self._kept = self._last
        self._known = database.delivered() if database else {}
        self._channels: dict[str, Position] = {}
        self._dead: Counter[str] = Counter()
        self._unsaved: dict[str, int] = {}
        self._problem: str | None = None
        self._next_try = 0.0
        self._is_another = False
        if database and database.file.problem:
            self._failed(database.file.problem)
        self._is_over = False

    @property
    def last_id(self) -> int:
        """The id of the newest alert."""
        return self._last

    @property
    def problem(self) -> str | None:
        """Why alerts cannot be written now."""
        return self._problem

    def knows(self, channel: str) -> bool:
        """Whether an earlier process had a channel, or this one had it and took it away."""
        return channel in self._known

    def attach(self, channel: str, *, limit: int = 0) -> int:
        """Adds a channel, or begins one again where it is; the id up to which it is done. One that
        is new begins with the next.

        With a `limit`, `wait_for_room` waits while more than so many alerts wait for it.
        """
        with self._changed:
            position = self._channels.get(channel)
            if position is None:
                done = self._known.get(channel, self._last)
                position = Position(done, self._known.get(channel, -1))
                self._channels[channel] = position
            position.limit, position.is_gone = limit, False
            return position.done

    def detach(self, channel: str) -> None:
        """Takes a channel away; how far it was is kept."""
        with self._changed:
            position = self._channels.pop(channel)
            self._known[channel] = position.done
            self._changed.notify_all()

    def give_up(self, channel: str) -> None:
        """Nobody waits for a channel that is gone; how far it was is kept."""
        with self._changed:
            position = self._channels.get(channel)
            if position is None:
                return  # it was taken away, and comes back from a call that hung
            position.limit, position.is_gone = 0, True
            self._shorten()
            self._changed.notify_all()

    def append(self, rows: Sequence[Row]) -> int:
        """Keeps alerts, in order; when it returns, they are durable, or the trouble was told. The
        id of the first.
        """
        with self._writing:
            with self._changed:
                records = [Record(self._last + n, *row) for n, row in enumerate(rows, 1)]
                self._recent.extend(records)
                self._recent_bytes += sum(map(_size, records))
            last = self._last + len(records)
            self._write(last)
            with self._changed:
                self._last = last
                self._shorten()
                self._changed.notify_all()
            return last - len(records) + 1

    def wait_for_room(self, timeout: float) -> bool:
        """Waits while too many alerts wait for a channel that was attached with a limit, at most so
        many seconds; whether there is room.
        """

        def has_room() -> bool:
            return self._is_over or not any(
                one.limit and self._last - one.done > one.limit for one in self._channels.values()
            )

        with self._changed:
            return self._changed.wait_for(has_room, timeout)

    def _write(self, last: int) -> None:
        """Writes what is not written up to an id. One thread at a time."""
        if self.database is None:
            return
        if self._problem and self._clock() < self._next_try:
            return
        try:
            self._is_another |= self.database.file.ready()
            if self._is_another:
                self._start_over(self.database)
            elif self._problem:
                # what failed when it was all but done can be there nevertheless
                there = min(self.database.last_id(), last)
                with self._changed:
                    self.counters.stored += max(0, there - self._kept)
                    self._kept = max(self._kept, there)
        except sqlite3.Error as error:
            self._failed(str(error))
            return
        with self._changed:
            waiting = [one for one in self._recent if one.id > self._kept]
            changed = {
                name: (one, one.done, list(one.dead_letters))
                for name, one in self._channels.items()
                if one.done != one.saved or one.dead_letters
            }
            done = dict(self._unsaved)
        done |= {name: until for name, (_, until, _) in changed.items()}
        letters = [letter for _, _, some in changed.values() for letter in some]
        try:
            self.database.write(waiting, done, letters)
        except sqlite3.Error as error:
            self._failed(f"{self.database.file.path}: {error}")
            return
        with self._changed:
            self._kept = last
            self._unsaved.clear()
            self.counters.stored += len(waiting)
            for one, until, some in changed.values():
                one.saved = until
                del one.dead_letters[: len(some)]
        if self._problem:
            self._problem = None
            self._on_trouble(None, self.counters.lost)

    def _failed(self, problem: str) -> None:
        self.counters.failures += 1
        self._next_try = self._clock() + _TRY_AGAIN_S
        is_new, self._problem = not self._problem, problem
        if is_new:
            self._on_trouble(problem, 0)

    def _start_over(self, database: Database) -> None:
        """The database is another one than before: what it lacks and is still here is written."""
        file = database.file
        if database.last_id() > self._kept:
            file.begin_anew()  # it has numbers that these alerts did not get
        aside = f"; what was there is at {file.put_aside}" if file.put_aside else ""
        self._problem = f"{file.path}: it was damaged, removed or replaced{aside}"
        self._on_trouble(self._problem, 0)
        with self._changed:
            first = self._recent[0].id if self._recent else self._last + 1
            self._kept = max(min(self._kept, database.last_id()), first - 1)
            self._unsaved = dict(self._known)
            for one in self._channels.values():
                one.saved = -1
        self._is_another = False

    def _shorten(self) -> None:
        """Lets go of what is in memory and not needed there."""
        recent = self._recent
        waiting = (one.done for one in self._channels.values() if not one.is_gone)
        done = min(waiting, default=self._last)
        while recent:
            first = recent[0]
            has_room = self._recent_bytes <= self._max_waiting
            if self.database and first.id <= self._kept:
                if has_room and len(recent) <= _RECENT:
                    return
            elif first.id <= done:
                if self.database:
                    if has_room:
                        return
                    self.counters.unstored += 1
            elif has_room:
                return
            else:
                self.counters.lost += 1
            recent.popleft()
            self._recent_bytes -= _size(first)
            self._kept = max(self._kept, first.id)

    def read(self, after: int, limit: int, timeout: float | None) -> list[Record]:
        """Alerts behind an id, in order; waits for the first. None after the time, in seconds, or
        when the store is closed.

        Raises:
            sqlite3.Error: they are in the database alone, which cannot be read.

        """
        with self._changed:
            if after >= self._last and not self._is_over:
                self._changed.wait(timeout)
            if after >= self._last:
                return []
            found = self._from_memory(after, limit)
            if found is not None:
                return found
        if self.database and (records := self.database.read(after, limit)):
            return records
        with self._changed:
            # what was between is lost, or was removed
            first = self._recent[0].id if self._recent else after + 1
            return self._from_memory(max(after, first - 1), limit) or []

    def _from_memory(self, after: int, limit: int) -> list[Record] | None:
        if not self._recent or after < self._recent[0].id - 1:
            return None
        start = after - self._recent[0].id + 1
        end = min(start + limit, len(self._recent) - (self._recent[-1].id - self._last))
        return list(islice(self._recent, start, end))

    def advance(self, channel: str, done: int, dead_letters: Sequence[DeadLetter] = ()) -> None:
        """A channel is done with alerts up to an id, but for dead letters."""
        with self._changed:
            position = self._channels.get(channel)
            if position is None:
                return  # it was taken away, and comes back from a call that hung
            position.done = done
            self._dead[channel] += sum(one.last_id - one.first_id + 1 for one in dead_letters)
            if self.database:
                position.dead_letters += dead_letters
            else:
                self._shorten()
            if position.limit:
                self._changed.notify_all()

    def save(self) -> None:
        """Writes how far channels are, and what waits."""
        with self._writing:
            with self._changed:
                is_sound = self.database is None or (
                    self.database.file.is_sound and not self._problem
                )
                is_clean = (
                    is_sound
                    and self._kept == self._last
                    and not any(
                        one.done != one.saved or one.dead_letters for one in self._channels.values()
                    )
                )
            if not is_clean:
                self._write(self._last)

    def backlog(self, channel: str) -> int:
        """Alerts that wait for a channel; 0 for one that is not there."""
        with self._changed:
            position = self._channels.get(channel)
            return self._last - position.done if position else 0

    def dead(self, channel: str) -> int:
        """Alerts that became dead letters of a channel in this process."""
        return self._dead[channel]

    @property
    def all_dead(self) -> int:
        """Alerts that became dead letters of any channel, also of one that is gone."""
        with self._changed:
            return self._dead.total()

    def size(self) -> int | None:
        """Bytes that the database takes, with its log; None where that is not known."""
        try:
            return self.database.size() + self.log_size() if self.database else None
        except sqlite3.Error:
            return None

    def log_size(self) -> int:
        """Bytes of the database's log."""
        return self.database.file.log_size() if self.database else 0

    def retain(self, before_ns: int, max_bytes: int, *, aged: int | None = None) -> bool:
        """Removes some thousand of the alerts that are from before a time, or the oldest of a store
        that is too large; whether there were any: there may be more. With `aged`, of the former
        none with a higher id.

        Raises:
            sqlite3.Error: the database cannot be written.

        """
        if self.database is None:
            return False
        with self._writing:
            limits = (before_ns, self._last if aged is None else aged, max_bytes)
            last = self.database.oldest_beyond(*limits)
            if last is not None:
                self.database.remove(last)
        return last is not None

    def wake(self) -> None:
        """Lets channels that wait for alerts look whether they are to end."""
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Nothing more comes: nobody waits for it any more."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def close(self) -> None:
        """Saves, and ends it."""
        self.stop()
        if self.database:
            self._next_try = 0
            self.save()
            self.database.close()


def _size(record: Record) -> int:
    return len(record.json) + len(record.text) + _RECORD_BYTES
