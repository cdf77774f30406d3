"""The file of a store: opened, locked, looked after, and begun anew where it is no good.

It is replaced, removed, damaged, or on a disk that cannot be written for a while: `ready` finds
that out and mends it, before each write.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA_VERSION = 1

_MAGIC = b"SQLite format 3\0"
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
_BUSY_MS = 1_000
_MAY_PASS = frozenset((errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO))
"""Why a file cannot be opened now, and perhaps can be later."""
_DAMAGE = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT))
"""What says that a database is no good any more; also that it has numbers that nobody gave."""
_BUSY = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))

_File = tuple[int, int] | None
"""A file, by device and number; None where there is none."""


class StoreError(Exception):
    """The store cannot be used; the message says why, and what to do."""


class StoreInUseError(StoreError):
    """Another process writes into the store."""


class DatabaseFile:
    """The file, and two connections to it. `ready`, `writing` and `shrink` are for
    one thread at a time.
    """

    def __init__(self, path: Path, *, is_full_sync: bool = True) -> None:
        """Opens the file, or makes it (mode 0600).

        A database that is damaged is put aside, and a new one begins: `put_aside` says where it is.
        Where it cannot be written now, but may be later (a full disk, a file system that is
        read-only), `problem` says so: what is in it can be read, and `ready` tries again.

        Raises:
            StoreInUseError: another process has it.
            StoreError: it cannot be opened, or is something else.

        """
        self.path = path
        self.put_aside: Path | None = None
        self.problem: str | None = None
        self._is_full_sync = is_full_sync
        self._reading = threading.RLock()
        self._lock: int | None = None
        self._files: tuple[_File, ...] = (None, None, None)
        self._is_stale = self._is_damaged = self._has_been_there = False
        self._writer = self._reader = _nothing()
        try:
            self._try_to_open()
        except sqlite3.Error as error:
            self.close()
            raise StoreError(_said(error, path)) from None
        except BaseException:
            self.close()
            raise
        self._opened: _File = self._files[0]

    def _try_to_open(self) -> None:
        try:
            self._open()
        except (OSError, sqlite3.OperationalError) as error:
            self.problem = _said(error, self.path)
            if isinstance(error, OSError) and error.errno not in _MAY_PASS:
                raise StoreError(self.problem) from None
            self._open_as_it_is()

    @property
    def is_sound(self) -> bool:
        """Whether nothing is known that `ready` would have to mend."""
        return not (self._is_stale or self._is_damaged)

    def ready(self) -> bool:
        """Opens it again, if it was replaced, or is damaged, or could not be used; whether it is
        another file than before: then it may hold anything.

        Raises:
            sqlite3.Error: that cannot be done.

        """
        found = self._found()
        if found == self._files and self.is_sound:
            return False
        if found[0] == self._files[0]:
            # what is in a log whose name was taken away is in no other place
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with self._reading:  # nobody finds it closed
            self._open_again()
        before, self._opened = self._opened, self._files[0]
        # a number is given again once the file with it is gone
        return before != self._opened or before != found[0]

    def _open_again(self) -> None:
        self._disconnect()
        self._is_stale = True
        self.put_aside = None
        try:
            if self._is_damaged:
                self._put_aside()
            self._open()
        except (StoreError, OSError, sqlite3.Error) as error:
            self.problem = _said(error, self.path)
            with contextlib.suppress(StoreError):
                self._open_as_it_is()
            raise sqlite3.OperationalError(self.problem) from None
        self.problem = None
        self._is_stale = False

    def begin_anew(self) -> None:
        """Puts the file aside, and begins another.

        Raises:
            sqlite3.Error: that cannot be done.

        """
        self._is_damaged = True
        self.ready()

    def _open(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.exists():
            # before a lock is left beside a file that is somebody else's
            self._check_kind()
        self._claim()
        self._create()
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if _code(error) not in _DAMAGE | {sqlite3.SQLITE_ERROR}:
                raise
            self._put_aside()
            self._create()
            self._connect()

    def _create(self) -> None:
        if not self.path.exists():
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def _claim(self) -> None:
        """Locks the file for this process."""
        place = self.path.with_name(self.path.name + ".lock")
        # where nothing can be written, one that is there does as well
        flags = os.O_RDONLY if place.exists() else os.O_RDWR | os.O_CREAT
        lock = os.open(place, flags | os.O_CLOEXEC, 0o600)
        if self._lock is not None and os.path.samestat(os.fstat(lock), os.fstat(self._lock)):
            os.close(lock)
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise StoreInUseError(f"{self.path}: another Lanner writes its alerts there") from None
        self._unlock()
        self._lock = lock

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _check_kind(self) -> None:
        with self.path.open("rb") as file:
            start = file.read(len(_MAGIC))
        if start and start != _MAGIC:
            raise StoreError(f"{self.path}: this is no store of alerts, but some other file")

    def _connect(self) -> None:
        with contextlib.ExitStack() as failed:
            writer = self._connection()
            failed.callback(writer.close)
            self._check(writer)
            reader = self._connection()
            failed.callback(reader.close)
            reader.execute("PRAGMA query_only = ON")
            failed.pop_all()
        self._use(writer, reader)
        self._has_been_there = True

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        with contextlib.ExitStack() as failed:
            failed.callback(connection.close)
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._is_full_sync else 'NORMAL'}")
            connection.execute("PRAGMA journal_size_limit = 16777216")
            failed.pop_all()
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, SCHEMA_VERSION}:
            raise StoreError(
                f"{self.path}: a store of version {version}; this Lanner has {SCHEMA_VERSION}"
            )
        if version == 0:
            connection.executescript(_SCHEMA)
        # that it can be read from both ends is little, but costs nothing
        connection.execute("SELECT max(id), min(id), min(time_ns) FROM alerts").fetchone()

    def _use(self, writer: sqlite3.Connection, reader: sqlite3.Connection) -> None:
        self._disconnect()
        self._writer, self._reader = writer, reader
        self._files = self._found()

    def _open_as_it_is(self) -> None:
        """For reading alone, while it cannot be written: then it does not change either.

        Raises:
            StoreError: it cannot be read.

        """
        self._is_stale = True
        try:
            if not self.path.exists() or not self.path.stat().st_size:
                if self._has_been_there:
                    # what is in it may come back: that it holds nothing would be wrong
                    raise StoreError(self.problem or f"{self.path}: it is not there now")
                empty = _nothing()
                self._use(empty, empty)
                return
            self._check_kind()
            log = Path(f"{self.path}-wal")
            has_log = log.exists() and log.stat().st_size
            mode = "rw" if has_log else "ro&immutable=1"
            place = f"file:{quote(str(self.path.absolute()))}?mode={mode}"
            with contextlib.ExitStack() as failed:
                connection = sqlite3.connect(
                    place, uri=True, isolation_level=None, check_same_thread=False
                )
                failed.callback(connection.close)
                if has_log:
                    # it has the newest alerts; who has it alone needs no index in a file
                    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                self._check(connection)
                failed.pop_all()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(self.problem or _said(error, self.path)) from None
        self._use(connection, connection)
        self._has_been_there = True

    def _found(self) -> tuple[_File, ...]:
        """Which files have the names of the database, of its log and of the log's index now."""
        return tuple(_file(f"{self.path}{suffix}") for suffix in ("", "-wal", "-shm"))

    def log_size(self) -> int:
        """Bytes of the log beside it, which grows as long as somebody reads without an end."""
        try:
            return Path(f"{self.path}-wal").stat().st_size
        except OSError:
            return 0

    def _put_aside(self) -> None:
        number = time.time_ns() // 1_000_000_000
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        # the log first: it must not be taken for that of the next
        for suffix in ("-wal", "-shm", ""):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").rename(f"{aside}{suffix}")
        self.put_aside = aside
        self._is_damaged = False

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        """Notes what an error says about the file: `ready` mends it."""
        try:
            yield
        except sqlite3.Error as error:
            if _code(error) in _DAMAGE:
                self._is_damaged = True
            elif _code(error) not in _BUSY | {sqlite3.SQLITE_FULL}:
                self._is_stale = True
            raise

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a query finds; for any thread.

        Raises:
            sqlite3.Error: it cannot be read.

        """
        with self._reading, self._noting():
            return self._reader.execute(query, parameters).fetchall()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: what is done in it is durable when it ends, or nothing of it.

        Raises:
            sqlite3.Error: it cannot be written.

        """
        with self._noting():
            try:
                self._writer.execute("BEGIN IMMEDIATE")
            except sqlite3.Error:
                # somebody else has it: the next time, nobody waits for them
                self._writer.execute("PRAGMA busy_timeout = 0")
                raise
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                raise
            self._writer.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")

    def shrink(self) -> None:
        """Gives room that is not used back.

        Raises:
            sqlite3.Error: it cannot be written.

        """
        with self._noting():
            # a script, because `execute` would end after the first page
            self._writer.executescript("PRAGMA incremental_vacuum")

    def close(self) -> None:
        """Ends it; never raises."""
        self._disconnect()
        self._unlock()

    def _disconnect(self) -> None:
        with self._reading:
            for connection in (self._reader, self._writer):
                with contextlib.suppress(sqlite3.Error):
                    connection.close()


def _nothing() -> sqlite3.Connection:
    """A database without alerts, in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(_SCHEMA)
    return connection


def _file(path: str) -> _File:
    try:
        found = os.stat(path)  # noqa: PTH116 - three for each batch: a Path would take longer
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _code(error: sqlite3.Error) -> int:
    """The primary code of an error; 0 for those of Python's module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _said(error: Exception, path: Path) -> str:
    match error:
        case OSError():
            return f"{error.filename or path}: {error.strerror or error}"
        case StoreError():
            return str(error)
        case _:
            return f"{path}: {error}"
