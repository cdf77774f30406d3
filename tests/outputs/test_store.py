"""What the store keeps: in the database, and while that cannot be written."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lanner.outputs.database import Database, DeadLetter
from lanner.outputs.database_file import StoreError, StoreInUseError
from lanner.outputs.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.outputs.channels import Record


from .support import rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "alerts.db"


def names(records: list[Record]) -> list[str]:
    return [record.rule for record in records]


class Full(Database):
    """A database whose disk is full as long as it is told so."""

    is_full = False

    def write(self, *arguments: Any) -> None:
        if self.is_full:
            raise sqlite3.OperationalError("database or disk is full")
        super().write(*arguments)


def test_alerts_are_numbered_and_kept_over_processes(path: Path) -> None:
    store = Store(Database(path))
    store.append(rows("a", "b"))
    store.append(rows("c"))
    assert [(one.id, one.rule) for one in store.read(0, 10, 0)] == [(1, "a"), (2, "b"), (3, "c")]
    store.close()
    store = Store(Database(path))
    store.append(rows("d"))
    assert [(one.id, one.rule) for one in store.read(2, 10, 0)] == [(3, "c"), (4, "d")]
    assert names(store.read(0, 2, 0)) == ["a", "b"]
    store.close()


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    store = Store(Database(path))
    store.append(rows("a"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()


def test_numbers_are_not_used_again_when_all_was_removed(path: Path) -> None:
    store = Store(Database(path))
    store.attach("x")
    store.append(rows("a", "b"))
    store.advance("x", 2)
    store.save()
    assert store.retain(2**62, 0)
    assert not store.retain(2**62, 0)
    store.close()
    store = Store(Database(path))
    assert store.last_id == 2
    store.close()


def test_where_a_channel_was_is_kept(path: Path) -> None:
    store = Store(Database(path))
    store.append(rows("before"))
    assert store.attach("new") == 1, "a new channel begins with the next alert"
    store.append(rows("a", "b"))
    store.advance("new", 2)
    store.close()
    store = Store(Database(path))
    assert store.attach("new") == 2
    assert store.backlog("new") == 1
    store.close()


def test_one_process_writes(path: Path) -> None:
    store = Store(Database(path))
    with pytest.raises(StoreInUseError, match="another Lanner"):
        Database(path)
    store.close()
    Database(path).close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_text("#!/bin/sh\necho this is not a store\n"), "some other file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (
            lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 99"),
            "a store of version 99",
        ),
    ],
)
def test_what_is_no_store_is_left_alone(
    path: Path, make: Callable[[Path], object], message: str
) -> None:
    path.parent.mkdir()
    make(path)
    with pytest.raises(StoreError, match=message):
        Database(path)
    assert path.exists()


def test_nothing_is_left_beside_a_file_that_is_no_store(path: Path) -> None:
    """`/etc/passwd.lock`, say, keeps others from changing users."""
    path.parent.mkdir()
    path.write_text("root:x:0:0::/root:/bin/sh\n")
    with pytest.raises(StoreError):
        Database(path)
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_store_is_put_aside(path: Path) -> None:
    store = Store(Database(path))
    store.append(rows(*["a"] * 500))
    store.close()
    data = bytearray(path.read_bytes())
    data[100:] = os.urandom(len(data) - 100)
    path.write_bytes(data)
    database = Database(path)
    assert database.file.put_aside is not None
    assert database.file.put_aside.read_bytes() == bytes(data)
    store = Store(database)
    store.append(rows("new"))
    assert names(store.read(0, 9, 0)) == ["new"]
    store.close()


def test_what_was_removed_under_it_is_begun_anew(path: Path) -> None:
    told: list[Any] = []
    store = Store(Database(path), on_trouble=lambda *what: told.append(what))
    store.attach("x")
    store.append(rows("a"))
    path.unlink()
    store.append(rows("b", "c"))
    assert "removed or replaced" in told[0][0]
    assert told[1] == (None, 0)
    store.close()
    store = Store(Database(path))
    assert names(store.read(0, 9, 0)) == ["a", "b", "c"], "what is still in memory, too"
    assert store.attach("x") == 0, "where channels are"
    store.close()


def test_what_is_out_of_reach_for_a_while_is_waited_for(path: Path, tmp_path: Path) -> None:
    """As when the disk is not mounted, and nothing can be written where it was."""
    now = [0.0]
    store = Store(Database(path), clock=lambda: now[0])
    store.append(rows(*range(8_000)))
    path.parent.rename(tmp_path / "elsewhere")
    path.parent.touch()
    store.append(rows("b"))
    assert "File exists" in str(store.problem)
    with pytest.raises(sqlite3.Error):
        store.read(0, 9, 0)
    assert names(store.read(8_000, 9, 0)) == ["b"], "what is in memory"
    path.parent.unlink()
    (tmp_path / "elsewhere").rename(path.parent)
    now[0] = 5
    store.append(rows("c"))
    assert names(store.read(0, 9_000, 0)) == [*map(str, range(8_000)), "b", "c"]
    assert store.problem is None
    store.close()


def spoil(path: Path) -> None:
    """Writes over the middle of a database that is open."""
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def test_what_is_damaged_while_it_is_used_is_put_aside(path: Path) -> None:
    now = [0.0]
    told: list[Any] = []
    store = Store(Database(path), on_trouble=lambda *what: told.append(what), clock=lambda: now[0])
    store.attach("x")
    store.append(rows(*range(8_000)))
    spoil(path)
    store.append(rows("b"))
    now[0] = 5
    store.append(rows("c"))
    assert "malformed" in told[0][0]
    assert "alerts.db.damaged-" in told[1][0]
    assert told[2] == (None, 0)
    assert store.read(8_000, 9, 0)[0].rule == "b"
    store.close()
    store = Store(Database(path))
    assert names(store.read(0, 9_000, 0))[-3:] == ["7999", "b", "c"]
    assert store.attach("x") == 0
    store.close()


def test_a_damaged_part_that_is_only_read_is_found(path: Path) -> None:
    store = Store(Database(path))
    store.attach("x")
    store.append(rows(*range(8_000)))
    store.save()
    spoil(path)
    with pytest.raises(sqlite3.DatabaseError):
        store.read(0, 9, 0)
    store.save()
    assert store.size()
    assert names(store.read(0, 9_000, 0))[-1] == "7999"
    assert store.problem is None
    store.close()


def test_a_size_that_cannot_be_known_is_none(path: Path) -> None:
    store = Store(Database(path))
    store.append(rows("a"))
    assert store.size()
    assert store.database is not None
    store.database.file._disconnect()
    assert store.size() is None
    assert store.problem is None
    store.close()


def test_a_write_that_failed_and_is_there_nevertheless(path: Path) -> None:
    """As when the disk says of the last step, `fsync`, that it failed."""

    class Failing(Database):
        def write(self, *arguments: Any) -> None:
            super().write(*arguments)
            if now[0] == 1:
                raise sqlite3.OperationalError("disk I/O error")

    now = [0.0]
    store = Store(Failing(path), clock=lambda: now[0])
    store.append(rows("a"))
    now[0] = 1
    store.append(rows("b"))
    assert "I/O" in str(store.problem)
    now[0] = 5
    store.append(rows("c"))
    assert store.problem is None
    assert store.counters.stored == 3
    store.close()
    store = Store(Database(path))
    assert names(store.read(0, 9, 0)) == ["a", "b", "c"]
    assert not list(path.parent.glob("*damaged*"))
    store.close()


def test_another_store_in_its_place_is_put_aside(path: Path, tmp_path: Path) -> None:
    other = Store(Database(tmp_path / "other.db"))
    other.append(rows(*range(50)))
    other.close()
    store = Store(Database(path))
    store.append(rows("a"))
    (tmp_path / "other.db").replace(path)
    store.append(rows("b"))
    assert store.problem is None
    store.close()
    store = Store(Database(path))
    assert names(store.read(0, 99, 0)) == ["a", "b"]
    store.close()


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_log_whose_name_is_taken_away_loses_nothing(path: Path, suffix: str) -> None:
    store = Store(Database(path))
    store.append(rows("a"))
    Path(f"{path}{suffix}").unlink()
    store.append(rows("b"))
    # what another process would find, if this one were killed now
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as other:
        assert other.execute("SELECT rule FROM alerts").fetchall() == [("a",), ("b",)]
    assert store.problem is None
    store.close()


def test_nobody_waits_long_for_a_store_that_another_holds(path: Path) -> None:
    now = [0.0]
    store = Store(Database(path), clock=lambda: now[0])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        store.append(rows("a"))
        assert "locked" in str(store.problem)
        assert store.database is not None
        patience = store.database.file._writer.execute("PRAGMA busy_timeout").fetchone()
        assert patience == (0,)
        other.execute("COMMIT")
    now[0] = 5
    store.append(rows("b"))
    assert store.counters.stored == 2
    store.close()


def test_while_the_disk_is_full_alerts_are_handed_out_and_written_later(path: Path) -> None:
    now = [0.0]
    told: list[Any] = []
    database = Full(path)
    store = Store(database, on_trouble=lambda *what: told.append(what), clock=lambda: now[0])
    store.attach("x")
    store.append(rows("a"))
    database.is_full = True
    store.append(rows("b"))
    store.append(rows("c"))
    assert names(store.read(0, 9, 0)) == ["a", "b", "c"]
    assert store.counters.failures == 1, "it is not tried for every batch"
    assert [problem for problem, _ in told] == [f"{path}: database or disk is full"]
    store.advance("x", 2)
    now[0] = 5
    store.save()
    assert (store.counters.failures, len(told)) == (2, 1)
    database.is_full = False
    now[0] = 10
    store.append(rows("d"))
    assert told[1:] == [(None, 0)]
    assert store.problem is None
    assert (store.counters.stored, store.counters.lost) == (4, 0)
    store.close()
    store = Store(Database(path))
    assert store.attach("x") == 2
    assert names(store.read(0, 9, 0)) == ["a", "b", "c", "d"]
    store.close()


def test_what_does_not_fit_into_memory_is_counted(path: Path) -> None:
    database = Full(path)
    store = Store(database, max_waiting_bytes=5_000)
    database.is_full = True
    store.attach("fast")
    store.attach("slow")
    store.append(rows(*[f"{n}" for n in range(5)]))
    store.advance("fast", 5)
    store.advance("slow", 2)
    store.append(rows(*[f"{n}" for n in range(5, 100)]))
    kept = store.read(5, 200, 0)
    assert names(kept)[-1] == "99"
    assert store.counters.unstored == 2, "those that all channels had"
    assert store.counters.lost == 100 - 2 - len(kept)
    database.is_full = False
    store._next_try = 0
    store.save()
    store.close()
    store = Store(Database(path))
    assert names(store.read(0, 200, 0)) == names(kept)
    store.close()


def test_without_a_database_alerts_are_kept_until_all_have_them() -> None:
    store = Store(max_waiting_bytes=10_000)
    store.attach("x")
    store.attach("y")
    store.append(rows(*[f"{n}" for n in range(20)]))
    store.advance("x", 20)
    assert names(store.read(10, 3, 0)) == ["10", "11", "12"]
    store.advance("y", 15)
    assert names(store.read(15, 99, 0)) == ["15", "16", "17", "18", "19"]
    assert len(store._recent) == 5
    assert store.counters.lost == 0
    store.append(rows(*[f"{n}" for n in range(20, 200)]))
    assert store.counters.lost > 100
    store.close()


def test_dead_letters_are_kept(path: Path) -> None:
    store = Store(Database(path))
    store.attach("x")
    store.append(rows("a", "b", "c"))
    store.advance("x", 2, [DeadLetter("x", 1, 2, "refused", 7)])
    assert store.dead("x") == 2
    store.close()
    with sqlite3.connect(path) as database:
        found = database.execute("SELECT * FROM dead_letters").fetchall()
    assert found == [("x", 1, 2, "refused", 7)]


def test_old_alerts_are_removed_and_numbers_are_not_given_again(path: Path) -> None:
    store = Store(Database(path))
    store.append(rows("old", time_ns=1_000))
    store.append(rows("new", time_ns=2_000))
    store.retain(1_500, 0)
    assert store.database is not None
    assert names(store.database.read(0, 9)) == ["new"]
    store.retain(9_000, 0)
    store.close()
    store = Store(Database(path))
    assert store.last_id == 2
    store.close()


def test_what_is_young_stays_whatever_clocks_said(path: Path) -> None:
    """An audit event can come late, and a clock can be set back, or a month forward."""
    store = Store(Database(path))
    assert store.database is not None
    for time_ns in (1_000, 1_100, 2_000, 1_000, 1_200):
        store.append(rows(time_ns, time_ns=time_ns))
    store.retain(1_500, 0)
    assert names(store.database.read(0, 9)) == ["2000", "1000", "1200"]
    store.retain(9_000, 0, aged=3)
    assert names(store.database.read(0, 9)) == ["1000", "1200"]
    store.retain(9_000, 0)
    assert store.database.read(0, 9) == []
    store.close()


def test_a_store_that_is_too_large_shrinks(path: Path) -> None:
    store = Store(Database(path))
    big = [(1, 4, "r", "syscall", "x" * 1_000, "y" * 1_000)] * 1_000
    for _ in range(20):
        store.append(big)
    assert store.database is not None
    before = store.database.size()
    while store.retain(0, before // 2):
        pass
    assert 0 < store.database.size() <= before // 2
    store.close()
    assert path.stat().st_size < before * 0.7
    store = Store(Database(path))
    store.append(rows("next"))
    assert store.read(20_000, 9, 0)[0].rule == "next"
    store.close()


def test_others_wait_for_a_channel_that_blocks() -> None:
    store = Store()
    store.attach("x", limit=3)
    store.append(rows("a", "b", "c"))
    assert store.wait_for_room(0)
    store.append(rows("d"))
    assert not store.wait_for_room(0.01)
    found: list[bool] = []
    waiter = threading.Thread(target=lambda: found.append(store.wait_for_room(20)))
    waiter.start()
    store.advance("x", 1)
    waiter.join(20)
    assert found == [True]
    store.close()


def test_nobody_waits_for_a_channel_that_is_gone() -> None:
    store = Store(max_waiting_bytes=20_000)
    store.attach("gone", limit=3)
    store.attach("here")
    store.append(rows("a", "b", "c", "d"))
    store.give_up("gone")
    for number in range(100):
        store.append(rows(number))  # would wait for ever
        store.advance("here", store.last_id)
    assert store.counters.lost == 0
    assert not store._recent
    assert store.backlog("gone") == 104
    store.close()


def test_the_store_can_be_read_while_it_is_written(path: Path) -> None:
    store = Store(Database(path))
    store.append(rows("a"))
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as other:
        assert other.execute("SELECT count(*) FROM alerts").fetchone() == (1,)
        store.append(rows("b"))
        assert other.execute("SELECT count(*) FROM alerts").fetchone() == (2,)
    store.close()
