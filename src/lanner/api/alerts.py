"""Alerts that were kept: in the store, or in the logs of Falco and Lanner."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import msgspec

from lanner.api.alert_lines import KeptAlert, parse_line
from lanner.outputs.database import DeadLetter
from lanner.outputs.database_file import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_LINE = 16 << 20
_LATE_S = 60
_ROWS = 1_000


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
        self._database = self._opened()

    def _opened(self) -> sqlite3.Connection:
        path = self.path
        if not path.exists():
            raise AlertsError(f"{path}: there is no store; `lanner run` makes it (see --store)")
        try:
            self._file = path.stat()
            database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            version = database.execute("PRAGMA user_version").fetchone()[0]
        except (OSError, sqlite3.Error) as error:
            raise AlertsError(f"{path}: {error}") from None
        if version != SCHEMA_VERSION:
            raise AlertsError(f"{path}: this is no store of alerts (version {version})")
        return database

    def renew(self) -> None:
        """Opens the store again, where another has taken its place.

        Raises:
            AlertsError: that is no store.

        """
        with contextlib.suppress(FileNotFoundError):
            if not os.path.samestat(self._file, self.path.stat()):
                self._database.close()
                self._database = self._opened()

    def read(self, chosen: AlertFilter, after: int = 0) -> Iterator[KeptAlert]:
        """The alerts behind an id, in order.

        Raises:
            AlertsError: it cannot be read.

        """
        try:
            for row in self._rows(chosen, after):
                alert = msgspec.json.decode(row[5])
                kept = KeptAlert(row[0], row[1], row[2], row[3], row[4], row[5], alert)
                if chosen.takes(kept):
                    yield kept
        except sqlite3.Error as error:
            raise AlertsError(f"{self.path}: {error}") from None

    def _rows(self, chosen: AlertFilter, after: int) -> Iterator[tuple[Any, ...]]:
        """In parts: what is read for long (`| less`) lets the log of the database grow."""
        until = (1 << 63) - 1 if chosen.until_ns is None else chosen.until_ns
        times = (chosen.since_ns or 0, until)
        bounds = "SELECT min(id), max(id) FROM alerts WHERE time_ns >= ? AND time_ns < ?"
        first, last = self._database.execute(bounds, times).fetchone()
        if first is None:
            return
        # by id, not by the index of times: in this order
        query = (
            "SELECT id, time_ns, priority, rule, source, json FROM alerts WHERE id > ? AND id <= ?"
            " AND +time_ns >= ? AND +time_ns < ? AND priority <= ? ORDER BY id LIMIT ?"
        )
        after = max(after, first - 1)
        while True:
            parameters = (after, last, *times, chosen.priority, _ROWS)
            rows = self._database.execute(query, parameters).fetchall()
            yield from rows
            if len(rows) < _ROWS:
                return
            after = rows[-1][0]

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
    """The alerts of logs, one a line, as Falco and Lanner write them (JSON or text, also through
    syslog), and as `journalctl -o json` prints them.

    Attributes:
        passed_over: lines that are no alerts.
        undated: alerts with a time of day alone, which were left out because a time was asked for.

    """

    paths: tuple[str, ...]
    passed_over: int = field(default=0, init=False)
    undated: int = field(default=0, init=False)

    def read(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts of all files, one after the other; `-` is standard input.

        Raises:
            AlertsError: a file cannot be read.

        """
        for path in self.paths:
            try:
                with _opened(path) as file:
                    yield from self.parsed(file, chosen)
            except (OSError, EOFError, zlib.error) as error:
                reason = getattr(error, "strerror", None) or error
                raise AlertsError(f"{path}: {reason}") from None

    def parsed(self, lines: IO[bytes], chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts among lines."""
        has_window = chosen.since_ns is not None or chosen.until_ns is not None
        while line := lines.readline(_MAX_LINE + 2):
            if len(line) > _MAX_LINE:
                self.passed_over += 1
                while line and not line.endswith(b"\n"):
                    line = lines.readline(_MAX_LINE)
                continue
            if not line.strip():
                continue
            kept = parse_line(line)
            if kept is None:
                self.passed_over += 1
            elif has_window and not kept.time_ns:
                self.undated += 1
            elif chosen.takes(kept):
                yield kept


class JournalAlerts(LoggedAlerts):
    """The alerts in systemd's journal: those of `journal_output`, and of programs of some names."""

    def __init__(
        self, identifiers: Iterable[str] = ("lanner", "falco"), *, follows: bool = False
    ) -> None:
        """`follows` goes on with what comes, from now on, until `stop`."""
        super().__init__(())
        words = [word for name in identifiers for word in ("-t", name)]
        self._command = ["journalctl", "--output=json", "--no-pager", "--quiet", "--all", *words]
        if follows:
            self._command += ["--follow", "--lines=0"]
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts, the oldest first.

        Raises:
            AlertsError: the journal cannot be read.

        """
        command = list(self._command)
        for option, time_ns in (("since", chosen.since_ns), ("until", chosen.until_ns)):
            if time_ns is not None:
                # entries come a moment after their alerts
                seconds = time_ns // 1_000_000_000 + (_LATE_S if option == "until" else 0)
                command.append(f"--{option}=@{seconds}")
        try:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise AlertsError(f"journalctl: {error.strerror}") from None
        with self._process as process:
            yield from self.parsed(cast("IO[bytes]", process.stdout), chosen)
            said = cast("IO[bytes]", process.stderr).read().decode("utf-8", "replace").strip()
        if process.returncode > 0:
            raise AlertsError(f"journalctl: {said or f'exit code {process.returncode}'}")

    def stop(self) -> None:
        """Ends it; a signal handler may call this."""
        if self._process:
            self._process.terminate()


def _opened(path: str) -> IO[bytes]:
    if path == "-":
        return sys.stdin.buffer
    if path.endswith(".gz"):
        return gzip.open(path)  # type: ignore[return-value]
    return Path(path).open("rb")
