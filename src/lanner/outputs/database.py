"""The database that alerts are kept in (SQLite).

    alerts        id, time_ns, priority, rule, source, json, text: a `Record` each
    channels      name, delivered_to: the id up to which a channel is done; without a name, the id
                  up to which alerts were removed
    dead_letters  channel, first_id, last_id, reason, time_ns: what a channel never got

Written by one process at a time, which holds a lock on the file next to it; others may read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lanner.outputs.channels import Record
from lanner.outputs.database_file import DatabaseFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_PATH = Path("/var/lib/lanner/alerts.db")

_COLUMNS = "id, time_ns, priority, rule, source, json, text"
_REMOVED = ""
_MOVE = (
    "INSERT INTO channels VALUES (?, ?)"
    " ON CONFLICT(name) DO UPDATE SET delivered_to = excluded.delivered_to"
)
_NO_ID = 2**63 - 1
_STEP = 5_000
"""Rows that are removed at a time, so that nobody waits long."""


class DeadLetter(NamedTuple):
    """Alerts, from the first id to the last, that a channel never got."""

    channel: str
    first_id: int
    last_id: int
    reason: str
    time_ns: int


class Database:
    """A store's database. `write` and `remove` are for one thread at a time."""

    def __init__(self, path: Path, *, is_full_sync: bool = True) -> None:
        """Opens it (`DatabaseFile`).

        Raises:
            StoreInUseError: another process has it.
            StoreError: it cannot be opened, or is something else.

        """
        self.file = DatabaseFile(path, is_full_sync=is_full_sync)

    def last_id(self) -> int:
        """The highest id that was ever given to an alert, as far as it can be known."""
        query = (
            "SELECT max(coalesce((SELECT max(id) FROM alerts), 0),"
            " coalesce((SELECT max(delivered_to) FROM channels), 0))"
        )
        return int(self.file.rows(query)[0][0])

    def delivered(self) -> dict[str, int]:
        """The channels, with the id up to which each is done."""
        found = "SELECT name, delivered_to FROM channels WHERE name != ?"
        return dict(self.file.rows(found, (_REMOVED,)))

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
        with self.file.writing() as writer:
            writer.executemany("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)", records)
            writer.executemany(_MOVE, delivered.items())
            writer.executemany("INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?)", dead_letters)

    def read(self, after: int, limit: int) -> list[Record]:
        """Alerts with higher ids, in order. For any thread.

        Raises:
            sqlite3.Error: it cannot be read.

        """
        query = f"SELECT {_COLUMNS} FROM alerts WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608
        return [Record._make(row) for row in self.file.rows(query, (after, limit))]

    def size(self) -> int:
        """Bytes of the file that are in use."""
        pages, free, page = (
            self.file.rows(f"PRAGMA {name}")[0][0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)

    def oldest_beyond(self, before_ns: int, aged: int, max_bytes: int) -> int | None:
        """The id up to which alerts are too old, or too many; None when there are none.

        Clocks go back and forward: too old is what is from before a time, has an id up to `aged`,
        and has nothing before it that is younger.

        At most some thousand at a time: ask again. 0 is no limit.
        """
        oldest = "FROM (SELECT id, time_ns FROM alerts ORDER BY id LIMIT ?)"
        until = f"SELECT max(id) {oldest} WHERE id < ?"
        found = None
        if before_ns:
            young = f"SELECT coalesce(min(id), ?) {oldest} WHERE time_ns >= ? OR id > ?"
            first = self.file.rows(young, (_NO_ID, _STEP, before_ns, aged))[0][0]
            found = self.file.rows(until, (_STEP, first))[0][0]
        if found is None and max_bytes and self.size() > max_bytes:
            found = self.file.rows(until, (_STEP, _NO_ID))[0][0]
        return None if found is None else int(found)

    def remove(self, up_to: int) -> None:
        """Removes alerts, and gives their room back.

        Raises:
            sqlite3.Error: it cannot be written.

        """
        with self.file.writing() as writer:
            writer.execute("DELETE FROM alerts WHERE id <= ?", (up_to,))
            writer.execute("DELETE FROM dead_letters WHERE last_id <= ?", (up_to,))
            writer.execute(_MOVE, (_REMOVED, up_to))
        self.file.shrink()

    def close(self) -> None:
        """Ends it; never raises."""
        self.file.close()
