"""The database that alerts are kept in (SQLite).

    alerts        id, time_ns, priority, rule, source, json, text: a `Record` each
    channels      name, delivered_to: the id up to which a channel is done
    dead_letters  channel, first_id, last_id, reason, time_ns: what a channel never got

Written by one process at a time, which holds a lock on the file next to it; others may read.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lanner.outputs.channels import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DEFAULT_PATH = Path("/var/lib/lanner/alerts.db")
SCHEMA_VERSION = 1

_MAGIC = b"SQLite format 3\0"
_COLUMNS = "id, time_ns, priority, rule, source, json, text"
_SCHEMA = f"""
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE alerts(
    id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, priority INTEGER NOT NULL,
    rule TEXT NOT NULL, source TEXT NOT NULL, json TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX alerts_by_time ON alerts(time_ns);
CREATE TABLE channels(name TEXT PRIMARY KEY, delivered_to INTEGER NOT NULL);
CREATE TABLE dead_letters(
    channel TEXT NOT NULL, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL,
    reason TEXT NOT NULL, time_ns INTEGER NOT NULL);
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
_STEP = 5_000
"""Rows that are removed at a time, so that nobody waits long."""
_BUSY_MS = 5_000


class StoreError(Exception):
    """The store cannot be used; the message says why, and what to do."""


class StoreInUseError(StoreError):
    """Another process writes into the store."""


class DeadLetter(NamedTuple):
    """Alerts, from the first id to the last, that a channel never got."""

    channel: str
    first_id: int
    last_id: int
    reason: str
    time_ns: int


class Database:
    """A store's file. `insert` and what changes it are for one thread at a time."""

    def __init__(self, path: Path, *, is_full_sync: bool = True) -> None:
        """Opens the file, or makes it (mode 0600).

        A database that is damaged is put aside, and a new one begins: `put_aside` says where it is.

        Raises:
            StoreInUseError: another process has it.
            StoreError: it cannot be opened, or is something else.

        """
        self.path = path
        self.put_aside: Path | None = None
        self._is_full_sync = is_full_sync
        self._reading = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(
                path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise StoreError(f"{error.filename}: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise StoreInUseError(f"{path}: another Lanner writes its alerts there") from None
        try:
            self._open()
        except BaseException:
            os.close(self._lock)
            raise

    def _open(self) -> None:
        try:
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with self.path.open("rb") as file:
                start = file.read(len(_MAGIC))
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from None
        if start and start != _MAGIC:
            raise StoreError(f"{self.path}: this is no store of alerts, but some other file")
        try:
            self._connect()
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self.path}: {error}") from None
        except sqlite3.DatabaseError:
            self._put_aside()
            self._connect()

    def _connect(self) -> None:
        self._writer = self._reader = self._connection()
        version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, SCHEMA_VERSION}:
            self._writer.close()
            raise StoreError(
                f"{self.path}: a store of version {version}; this Lanner has {SCHEMA_VERSION}"
            )
        if version == 0:
            self._writer.executescript(_SCHEMA)
        # that it can be read from both ends is little, but costs nothing
        self._writer.execute("SELECT max(id), min(id), min(time_ns) FROM alerts").fetchone()
        self._reader = self._connection()
        self._reader.execute("PRAGMA query_only = ON")
        found = self.path.stat()
        self._identity = (found.st_dev, found.st_ino)

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._is_full_sync else 'NORMAL'}")
        connection.execute("PRAGMA journal_size_limit = 16777216")
        return connection

    def _put_aside(self) -> None:
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns() // 1_000_000_000}")
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").rename(f"{aside}{suffix}")
        os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self.put_aside = aside

    def last_id(self) -> int:
        """The highest id that was ever given to an alert, as far as it can be known."""
        query = (
            "SELECT max(coalesce((SELECT max(id) FROM alerts), 0),"
            " coalesce((SELECT max(delivered_to) FROM channels), 0))"
        )
        found: int = self._writer.execute(query).fetchone()[0]
        return found

    def delivered(self) -> dict[str, int]:
        """The channels, with the id up to which each is done."""
        return dict(self._writer.execute("SELECT name, delivered_to FROM channels"))

    def write(
        self,
        records: Iterable[Record],
        delivered: Mapping[str, int],
        dead_letters: Iterable[DeadLetter] = (),
    ) -> None:
        """Adds alerts, how far channels are, and dead letters: all of it durably, or nothing.

        Raises:
            sqlite3.Error: it cannot be written.

        """
        self._check_place()
        with self._transaction():
            self._writer.executemany("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)", records)
            self._writer.executemany(
                "INSERT INTO channels VALUES (?, ?)"
                " ON CONFLICT(name) DO UPDATE SET delivered_to = excluded.delivered_to",
                delivered.items(),
            )
            self._writer.executemany(
                "INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?)", dead_letters
            )

    def _check_place(self) -> None:
        """What is written into a file without a name, nobody finds: a new one begins then."""
        try:
            found = self.path.stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._identity:
            self._disconnect()
            try:
                self._open()
            except StoreError as error:
                raise sqlite3.OperationalError(str(error)) from None
            raise sqlite3.OperationalError("it was removed or replaced, and is begun anew")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._writer.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            raise

    def read(self, after: int, limit: int) -> list[Record]:
        """Alerts with higher ids, in order. For any thread.

        Raises:
            sqlite3.Error: it cannot be read.

        """
        query = f"SELECT {_COLUMNS} FROM alerts WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608
        with self._reading:
            return [Record._make(row) for row in self._reader.execute(query, (after, limit))]

    def size(self) -> int:
        """Bytes of the file that are in use."""
        with self._reading:
            pages, free, page = (
                self._reader.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * page)

    def oldest_beyond(self, before_ns: int, max_bytes: int) -> int | None:
        """The id up to which alerts are too old, or too many; None when there are none.

        At most some thousand at a time: ask again. 0 is no limit.
        """
        query = "SELECT max(id) FROM (SELECT id, time_ns FROM alerts ORDER BY id LIMIT ?)"
        with self._reading:
            if before_ns:
                old = self._reader.execute(f"{query} WHERE time_ns < ?", (_STEP, before_ns))
                if (found := old.fetchone()[0]) is not None:
                    return int(found)
        if max_bytes and self.size() > max_bytes:
            with self._reading:
                found = self._reader.execute(query, (_STEP,)).fetchone()[0]
            return None if found is None else int(found)
        return None

    def remove(self, up_to: int) -> None:
        """Removes alerts, and gives their room back.

        Raises:
            sqlite3.Error: it cannot be written.

        """
        with self._transaction():
            self._writer.execute("DELETE FROM alerts WHERE id <= ?", (up_to,))
            self._writer.execute("DELETE FROM dead_letters WHERE last_id <= ?", (up_to,))
        # a script, because `execute` would end after the first page
        self._writer.executescript("PRAGMA incremental_vacuum")

    def close(self) -> None:
        """Ends it; never raises."""
        self._disconnect()
        os.close(self._lock)

    def _disconnect(self) -> None:
        with self._reading:
            for connection in (self._reader, self._writer):
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
