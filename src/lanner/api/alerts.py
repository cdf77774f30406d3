"""Alerts that were kept: in the store, or in the logs of Falco and Lanner."""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from lanner.outputs.alert import PRIORITIES
from lanner.outputs.database import SCHEMA_VERSION, DeadLetter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_LINE = 16 << 20


class AlertsError(Exception):
    """Alerts cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert as it was kept; `alert` is Falco's JSON object, `json` its text. `id` is 0 outside
    of a store.
    """

    id: int
    time_ns: int
    priority: int
    rule: str
    source: str
    json: str
    alert: dict[str, Any]

    def value(self, name: str) -> Any:
        """An output field, or one of time, rule, priority, source, output, hostname and tags."""
        fields = self.alert.get("output_fields") or {}
        return fields[name] if name in fields else self.alert.get(name)


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts: all conditions must hold.

    Attributes:
        since_ns, until_ns: of this time on, and before this time.
        priority: of this priority or above: 0, emergency, to 7.
        rules: of rules of these names (`*`, `?`).
        tags: with one of these tags.
        source: of this event source.
        fields: with these values (`*`, `?`) of fields.

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
            and (not self.rules or any(fnmatchcase(kept.rule, name) for name in self.rules))
            and (not self.tags or not self.tags.isdisjoint(kept.alert.get("tags", ())))
            and all(fnmatchcase(text_of(kept.value(name)), like) for name, like in self.fields)
        )


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
        if not path.exists():
            raise AlertsError(f"{path}: there is no store; `lanner run` makes it (see --store)")
        try:
            self._database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise AlertsError(f"{path}: {error}") from None
        if version != SCHEMA_VERSION:
            raise AlertsError(f"{path}: this is no store of alerts (version {version})")

    def read(self, chosen: AlertFilter, after: int = 0) -> Iterator[KeptAlert]:
        """The alerts behind an id, in order.

        Raises:
            AlertsError: it cannot be read.

        """
        query = (
            "SELECT id, time_ns, priority, rule, source, json FROM alerts WHERE id > ?"
            " AND time_ns >= ? AND time_ns < ? AND priority <= ? ORDER BY id"
        )
        until = (1 << 63) - 1 if chosen.until_ns is None else chosen.until_ns
        bounds = (after, chosen.since_ns or 0, until, chosen.priority)
        try:
            for row in self._database.execute(query, bounds):
                alert = msgspec.json.decode(row[5])
                kept = KeptAlert(row[0], row[1], row[2], row[3], row[4], row[5], alert)
                if chosen.takes(kept):
                    yield kept
        except sqlite3.Error as error:
            raise AlertsError(f"{self.path}: {error}") from None

    def last_id(self) -> int:
        """The id of the newest alert."""
        found: int | None = self._database.execute("SELECT max(id) FROM alerts").fetchone()[0]
        return found or 0

    def dead_letters(self) -> list[DeadLetter]:
        """What channels never got."""
        query = "SELECT channel, first_id, last_id, reason, time_ns FROM dead_letters"
        return [DeadLetter(*row) for row in self._database.execute(query)]


@dataclass(slots=True)
class LoggedAlerts:
    """The alerts of logs: JSON objects, one a line, as Falco and Lanner write them (or the journal,
    `journalctl -o json`). `passed_over` counts the lines that are none.
    """

    paths: tuple[str, ...]
    passed_over: int = field(default=0)

    def read(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts of all files, one after the other; `-` is standard input.

        Raises:
            AlertsError: a file cannot be read.

        """
        for path in self.paths:
            try:
                with _opened(path) as file:
                    yield from self._alerts(file, chosen)
            except (OSError, EOFError) as error:
                reason = getattr(error, "strerror", None) or error
                raise AlertsError(f"{path}: {reason}") from None

    def _alerts(self, lines: Iterable[bytes], chosen: AlertFilter) -> Iterator[KeptAlert]:
        for line in lines:
            if not line.strip():
                continue
            kept = _parsed(line)
            if kept is None:
                self.passed_over += 1
            elif chosen.takes(kept):
                yield kept


def _opened(path: str) -> IO[bytes]:
    if path == "-":
        return sys.stdin.buffer
    if path.endswith(".gz"):
        return gzip.open(path)  # type: ignore[return-value]
    return Path(path).open("rb")


def _parsed(line: bytes) -> KeptAlert | None:
    """The alert of a line; None for what is none."""
    if len(line) > _MAX_LINE:
        return None
    try:
        alert = msgspec.json.decode(line)
        if isinstance(alert, dict) and isinstance(alert.get("MESSAGE"), str):
            alert = msgspec.json.decode(alert["MESSAGE"])
        priority = PRIORITIES.index(alert["priority"])
        time_ns = _time_ns(alert["time"])
        rule, source = alert["rule"], alert.get("source", "syscall")
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, AttributeError):
        return None
    text = msgspec.json.encode(alert).decode()
    return KeptAlert(0, time_ns, priority, str(rule), str(source), text, alert)


def _time_ns(text: str) -> int:
    """`2026-11-24T07:16:03.707463404Z`: `datetime` has no nanoseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)
