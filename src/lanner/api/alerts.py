"""Alerts that were kept: which are meant, and those of the store (`alert_logs.py`: of logs)."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from lanner.api.alert_lines import KeptAlert
from lanner.api.wildcards import matches
from lanner.outputs.database import DeadLetter
from lanner.outputs.database_file import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 250
"""Alerts that are read at a time: a reader that waits in between does not hold up the writer."""
_MAX_TIME = (1 << 63) - 1


class AlertsError(Exception):
    """Alerts cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts: all conditions must hold.

    Attributes:
        since_ns, until_ns: of this time on, and before this time.
        priority: of this priority or above: 0, emergency, to 7.
        rules: of rules of these names (`*`, `?`).
        tags: with one of these tags.
        source: of this event source.
        fields: with these values (`*`, `?`) of fields; of lists, with one like it. No value is what
            nothing stands for.

    """

    since_ns: int | None = None
    until_ns: int | None = None
    priority: int = 7
    rules: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    source: str | None = None
    fields: tuple[tuple[str, str], ...] = ()

    def takes(self, kept: KeptAlert) -> bool:
        """Whether an alert is meant."""
        return (
            kept.priority <= self.priority
            and (self.since_ns is None or kept.time_ns >= self.since_ns)
            and (self.until_ns is None or kept.time_ns < self.until_ns)
            and (self.source is None or kept.source == self.source)
            and self.takes_rule(kept.rule)
            and (not self.tags or not self.tags.isdisjoint(kept.alert.get("tags") or ()))
            and all(_is_like(kept.value(name), like) for name, like in self.fields)
        )

    def takes_rule(self, rule: str) -> bool:
        """Whether alerts of a rule are meant."""
        return not self.rules or any(matches(rule, name) for name in self.rules)


def _is_like(value: Any, pattern: str) -> bool:
    if value is None or not pattern:
        return text_of(value) == pattern
    if isinstance(value, list) and any(_is_like(one, pattern) for one in value):
        return True
    return matches(text_of(value), pattern)


def text_of(value: Any) -> str:
    """A value as text: nothing for none."""
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


class StoredAlerts:
    """The alerts of a store; it may be written meanwhile."""

    def __init__(self, path: Path) -> None:
        """Opens it for reading.

        Raises:
            AlertsError: it is not there, or no store of this version.

        """
        self.path = path
        self._open()
        self._seen = self._last_id()

    def _open(self) -> None:
        try:
            found = self.path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise AlertsError(f"{self.path}: this is no store of alerts")
            # says better than SQLite why not; closed before, because that drops SQLite's locks
            with self.path.open("rb"):
                pass
            database = self._connected()
            version = database.execute("PRAGMA user_version").fetchone()[0]
        except FileNotFoundError:
            raise AlertsError(
                f"{self.path}: there is no store; `lanner run` makes it (see --store)"
            ) from None
        except OSError as error:
            raise AlertsError(f"{error.filename}: {error.strerror}") from None
        except sqlite3.Error as error:
            raise AlertsError(f"{self.path}: {error}") from None
        if version > SCHEMA_VERSION:
            raise AlertsError(
                f"{self.path}: a store of version {version}; this Lanner has {SCHEMA_VERSION}"
            )
        if version != SCHEMA_VERSION:
            raise AlertsError(f"{self.path}: this is no store of alerts")
        self._database = database
        self._identity = (found.st_dev, found.st_ino)

    def _connected(self) -> sqlite3.Connection:
        """Where nothing can be written, SQLite reads only what nobody writes."""
        log = self.path.with_name(self.path.name + "-wal")
        address = self.path.absolute().as_uri()
        try:
            return _connection(f"{address}?mode=ro")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
                raise
            if not log.exists():
                return _connection(f"{address}?mode=ro&immutable=1")
            with log.open("rb"):
                raise AlertsError(
                    f"{self.path}: its newest alerts are in {log.name}, which cannot be read where"
                    " nothing can be written: copy both files to another place"
                ) from None

    def read(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts until now, the oldest first.

        Raises:
            AlertsError: it cannot be read.

        """
        return self._read(chosen, 0, self._last_id())

    def newest(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts until now, the newest first.

        Raises:
            AlertsError: it cannot be read.

        """
        return self._read(chosen, 0, self._last_id(), descending=True)

    def news(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts since it was opened, or since this was asked before. Of a store that was
        begun anew in its place, all.

        Raises:
            AlertsError: it cannot be read.

        """
        if not self._is_replaced():
            yield from self._since_seen(chosen)
            return
        with contextlib.suppress(AlertsError):  # it may have been damaged
            yield from self._since_seen(chosen)
        before = self._database
        try:
            self._open()
        except AlertsError:
            return  # it is being made
        before.close()
        self._seen = 0
        yield from self._since_seen(chosen)

    def _since_seen(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        last = self._last_id()
        yield from self._read(chosen, self._seen, last)
        self._seen = max(self._seen, last)

    def _is_replaced(self) -> bool:
        try:
            found = self.path.stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) != self._identity

    def _read(
        self, chosen: AlertFilter, after: int, up_to: int, *, descending: bool = False
    ) -> Iterator[KeptAlert]:
        since, until = _within(chosen.since_ns, 0), _within(chosen.until_ns, _MAX_TIME)
        if chosen.since_ns is not None or chosen.until_ns is not None:
            # ids are nearly in the order of time: the index says which
            window = "SELECT min(id), max(id) FROM alerts WHERE time_ns >= ? AND time_ns < ?"
            first, last = self._rows(window, (since, until))[0]
            after, up_to = max(after, (first or 1) - 1), min(up_to, last or 0)
        self._database.create_function("is_meant", 1, chosen.takes_rule, deterministic=True)
        query = (
            "SELECT id, time_ns, priority, rule, source, json FROM alerts"  # noqa: S608
            " WHERE id > ? AND id <= ? AND +time_ns >= ? AND +time_ns < ? AND priority <= ?"
            " AND (? IS NULL OR source = ?) AND (? OR is_meant(rule))"
            f" ORDER BY id {'DESC' if descending else 'ASC'} LIMIT {_CHUNK}"
        )
        rest = (since, until, chosen.priority, chosen.source, chosen.source, not chosen.rules)
        while rows := self._rows(query, (after, up_to, *rest)):
            for row in rows:
                alert = msgspec.json.decode(row[5])
                kept = KeptAlert(row[0], row[1], row[2], row[3], row[4], row[5], alert)
                if chosen.takes(kept):
                    yield kept
            if descending:
                up_to = rows[-1][0] - 1
            else:
                after = rows[-1][0]

    def dead_letters(self) -> list[DeadLetter]:
        """What channels never got."""
        query = "SELECT channel, first_id, last_id, reason, time_ns FROM dead_letters"
        return [DeadLetter(*row) for row in self._rows(query)]

    def _last_id(self) -> int:
        found: int | None = self._rows("SELECT max(id) FROM alerts")[0][0]
        return found or 0

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise AlertsError(f"{self.path}: {error}") from None


def _connection(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _within(time_ns: int | None, otherwise: int) -> int:
    return otherwise if time_ns is None else max(0, min(time_ns, _MAX_TIME))
