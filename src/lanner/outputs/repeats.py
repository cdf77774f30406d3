"""Repeats: of equal alerts, channels get the first, and later how many more there were.

Every alert is stored. A repeat has no text there, and no channel gets it; when the window that its
first alert opened is over, an alert of the same rule tells how many there were, and when. Which
repeats were told so far is the position of `NAME` among the store's channels, so that a kill loses
no count: those that were not told are counted again.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from lanner.outputs.alert import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lanner.outputs.store import Row, Store

NAME = "repeats"
_MAX_WINDOWS = 10_000
"""Beyond it, the oldest window is over early."""
_AT_ONCE = 5_000
_SECOND_NS = 1_000_000_000

Key = tuple[str, ...]


@dataclass(slots=True)
class _Window:
    """Equal alerts from the first on; `count` is of those behind it, from `first_id` on."""

    opened: float
    first_ns: int
    last: Row
    count: int = 0
    first_id: int = 0

    def add(self, row: Row) -> None:
        """One more."""
        self.count += 1
        self.last = row


class Repeats:
    """Puts alerts into a store, with equal ones taken together; for any thread."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes nothing together until it is `set`."""
        self._store = store
        self._clock = clock
        self._window_s = 0.0
        self._by: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._windows: dict[Key, _Window] = {}
        self._is_attached = False

    def set(self, window_s: float, by: Sequence[str]) -> None:
        """How long alerts of a rule are equal that have the same fields; without fields, the same
        message. 0 seconds: never. The first call tells what an earlier process did not.
        """
        with self._lock:
            self._window_s, self._by = window_s, tuple(by)
            if self._is_attached:
                return
            is_known = self._store.knows(NAME)
            if window_s or is_known:
                self._is_attached = True
                done = self._store.attach(NAME)
                if is_known:
                    # those that are lost with a disk are not told
                    with contextlib.suppress(sqlite3.Error):
                        self._recover(done)

    def _recover(self, done: int) -> None:
        """What an earlier process did not tell: of the alerts behind an id."""
        found: dict[Key, _Window] = {}
        while records := self._store.read(done, _AT_ONCE, 0):
            for record in records:
                if record.text:
                    continue
                row: Row = record[1:]
                window = found.setdefault(self._key(row), _Window(0.0, record.time_ns, row))
                window.add(row)
            done = records[-1].id
        self._tell(list(found.values()))

    def append(self, rows: Sequence[Row]) -> None:
        """Stores alerts; when it returns, they are durable, or the trouble was told."""
        if not self._window_s:
            self._store.append(rows)
            return
        with self._lock:
            over: list[_Window] = []
            repeated: list[tuple[int, _Window]] = []
            stored = [self._marked(row, place, repeated, over) for place, row in enumerate(rows)]
            first = self._store.append(stored)
            for place, window in repeated:
                window.first_id = window.first_id or first + place
            self._tell(over)

    def _marked(
        self, row: Row, place: int, repeated: list[tuple[int, _Window]], over: list[_Window]
    ) -> Row:
        """The row, without its text if it is a repeat; windows that it ends are added to `over`."""
        key = self._key(row)
        window = self._windows.get(key)
        if window and row[0] - window.first_ns < self._window_s * _SECOND_NS:
            window.add(row)
            repeated.append((place, window))
            return (*row[:5], "")
        if window:
            over.append(self._windows.pop(key))
        if len(self._windows) >= _MAX_WINDOWS:
            over.append(self._windows.pop(next(iter(self._windows))))
        self._windows[key] = _Window(self._clock(), row[0], row)
        return row

    def _key(self, row: Row) -> Key:
        if not self._by:
            return ("", row[2], _message(row))
        fields = msgspec.json.decode(row[4]).get("output_fields") or {}
        return (row[2], *(str(fields.get(name)) for name in self._by))

    def close(self, *, everything: bool = False) -> None:
        """Tells of the windows that are over, or of all."""
        with self._lock:
            before = self._clock() - self._window_s
            keys = [key for key, one in self._windows.items() if everything or one.opened <= before]
            self._tell([self._windows.pop(key) for key in keys])

    def _tell(self, over: Sequence[_Window]) -> None:
        """Stores what is to be told of windows that are over, and that all repeats are told but
        those of windows that are open.
        """
        told = [_summary(window) for window in over if window.count]
        if told:
            self._store.append(told)
        if self._is_attached:
            waiting = [one.first_id - 1 for one in self._windows.values() if one.count]
            self._store.advance(NAME, min(waiting, default=self._store.last_id))


def _message(row: Row) -> str:
    """An alert's output without its time; a repeat that was stored has it in the JSON alone."""
    text = row[5] or str(msgspec.json.decode(row[4]).get("output"))
    return text.partition(": ")[2] or text


def _summary(window: _Window) -> Row:
    """The last alert again, with what is to be said of all."""
    time_ns, priority, rule, source, json, text = window.last
    first, last = utc_text(window.first_ns), utc_text(time_ns)
    said = f" (repeated {window.count} times since {first})"
    alert: dict[str, Any] = msgspec.json.decode(json)
    output = str(alert.get("output", ""))
    alert["output"] = output + said
    alert["output_fields"] = {
        **(alert.get("output_fields") or {}),
        "lanner.repeats": window.count,
        "lanner.first_time": first,
        "lanner.last_time": last,
    }
    told = msgspec.json.encode(alert, order="sorted").decode()
    # a repeat that was stored has its line in the JSON alone
    return time_ns, priority, rule, source, told, (text or output) + said
