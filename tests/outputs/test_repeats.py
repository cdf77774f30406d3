"""Repeats: channels get the first alert and a count, the store has all, and no kill loses one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lanner.outputs.database import Database
from lanner.outputs.repeats import NAME, Repeats
from lanner.outputs.store import Store
from tests.outputs.test_store import spoil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lanner.outputs.store import Row

SECOND = 1_000_000_000
START = 1_800_000_000


def row(second: float, message: str = "m", rule: str = "r", **fields: Any) -> Row:
    text = f"08:00:{second:012.9f}: Warning {message}"
    alert = {"output": text, "output_fields": fields, "rule": rule}
    return (
        int((START + second) * SECOND),
        4,
        rule,
        "syscall",
        json.dumps(alert),
        text,
    )


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    one = Store(Database(tmp_path / "alerts.db"))
    yield one
    one.close()


def texts(store: Store) -> list[str]:
    return [one.text for one in store.read(0, 1000, 0)]


def test_the_first_and_how_many_more(store: Store) -> None:
    clock = Clock()
    repeats = Repeats(store, clock=clock)
    repeats.set(60, ())
    repeats.append([row(1), row(2, "other"), row(3)])
    repeats.append([row(4), row(5, rule="s")])
    clock.now += 59
    repeats.close()
    assert len(texts(store)) == 5
    clock.now += 1
    repeats.close()
    repeats.close()
    assert texts(store) == [
        row(1)[5],
        row(2, "other")[5],
        "",
        "",
        row(5, rule="s")[5],
        row(4)[5] + " (repeated 2 times since 2027-01-15T08:00:01.000000000Z)",
    ]
    told = json.loads(store.read(5, 1, 0)[0].json)
    assert told["rule"] == "r"
    assert told["output_fields"] == {
        "lanner.repeats": 2,
        "lanner.first_time": "2027-01-15T08:00:01.000000000Z",
        "lanner.last_time": "2027-01-15T08:00:04.000000000Z",
    }
    # a window is over: the next is a first one again
    repeats.append([row(70)])
    assert texts(store)[-1] == row(70)[5]


def test_windows_end_by_the_time_of_events(store: Store) -> None:
    repeats = Repeats(store, clock=Clock())
    repeats.set(10, ())
    repeats.append([row(1), row(9), row(11), row(12)])
    assert [bool(text) for text in texts(store)] == [True, False, True, False, True]
    assert "repeated 1 times" in texts(store)[-1]
    repeats.append([row(13), row(30)])
    assert "repeated 2 times since 2027-01-15T08:00:11" in texts(store)[-1]


def test_equal_is_what_has_the_same_fields(store: Store) -> None:
    repeats = Repeats(store, clock=Clock())
    repeats.set(60, ["a"])
    repeats.append([row(1, "x", a=1), row(2, "y", a=1), row(3, "x", a=2), row(4, "z", a=None)])
    assert [bool(text) for text in texts(store)] == [True, False, True, True]


def test_nothing_is_taken_together_unless_it_is_asked_for(store: Store) -> None:
    repeats = Repeats(store)
    repeats.set(0, ())
    repeats.append([row(1), row(1)])
    repeats.close(everything=True)
    assert texts(store) == [row(1)[5]] * 2


@pytest.mark.parametrize("is_told", [True, False])
def test_what_a_killed_process_did_not_tell_is_told_by_the_next(
    tmp_path: Path, is_told: bool
) -> None:
    path = tmp_path / "alerts.db"
    store = Store(Database(path))
    repeats = Repeats(store, clock=Clock())
    repeats.set(60, ())
    repeats.append([row(1), row(2), row(3)])
    repeats.append([row(4, "other"), row(5)])
    if is_told:
        repeats.close(everything=True)
        store.save()
    assert store.database
    store.database.close()  # and nothing else is done

    store = Store(Database(path))
    again = Repeats(store)
    again.set(0, ())
    told = [text for text in texts(store) if "repeated" in text]
    assert len(told) == 1
    assert "repeated 3 times" in told[0]
    store.close()
    database = Database(path)
    assert database.delivered()[NAME] == database.last_id()
    database.close()


def test_a_store_that_cannot_be_read_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    store = Store(Database(path))
    repeats = Repeats(store)
    repeats.set(60, ())
    repeats.append([row(1), *[row(2)] * 8_000])
    store.close()
    store = Store(Database(path))
    spoil(path)
    Repeats(store).set(60, ())
    assert store.database
    store.database.file._disconnect()
    Repeats(store).set(0, ())
    store.append([row(3)])
    assert texts(store)[-1] == row(3)[5]
    store.close()


def test_the_number_of_windows_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lanner.outputs.repeats._MAX_WINDOWS", 2)
    repeats = Repeats(store, clock=Clock())
    repeats.set(60, ())
    repeats.append([row(1, "a"), row(2, "a"), row(3, "b"), row(4, "c"), row(5, "a")])
    assert len(repeats._windows) == 2
    assert [text.partition(": Warning ")[2][:20] for text in texts(store)] == [
        "a",
        "",
        "b",
        "c",
        "a",
        "a (repeated 1 times ",
    ]
