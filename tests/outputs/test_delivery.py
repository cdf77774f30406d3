"""Delivery: everything, in order, again if it must be, and what is given up is known."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from lanner.outputs import delivery as delivery_of
from lanner.outputs.channels import DeliveryError
from lanner.outputs.database import Database
from lanner.outputs.delivery import Delivery, Patience
from lanner.outputs.forms import Form
from lanner.outputs.store import Store

from .support import Told, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lanner.outputs.channels import Message


def query(store: Store, text: str) -> Any:
    assert store.database is not None
    return store.database.file.rows(text)


QUICK = Patience(first_s=0.001, longest_s=0.01)


def lines(*names: object) -> list[str]:
    return [f"text {name}" for name in names]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Database(tmp_path / "alerts.db"))
    yield store
    store.close()


def run(store: Store, channel: Told, patience: Patience = QUICK, **options: Any) -> Delivery:
    delivery = Delivery("told", channel, store, Form(), patience, **options)
    delivery.start()
    return delivery


def end(delivery: Delivery, store: Store, seconds: float = 20.0) -> None:
    delivery.stop(time.monotonic() + seconds)
    store.wake()
    delivery.join()


class Hanging(Told):
    """Comes back from the first call when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.is_called, self.may_return = threading.Event(), threading.Event()

    def send(self, messages: Sequence[Message]) -> None:
        self.is_called.set()
        assert self.may_return.wait(20)
        super().send(messages)


def test_who_comes_back_late_does_not_change_the_place_of_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_of, "_GRACE_S", 0.01)
    hanging, channel = Hanging(), Told()
    first = run(store, hanging)
    store.append(rows("a"))
    assert hanging.is_called.wait(20)
    first.stop(time.monotonic())
    first.join()
    second = run(store, channel)
    store.append(rows("b"))
    channel.wait(lambda told: len(told.got) == 2)
    hanging.may_return.set()
    first._thread.join(20)
    monkeypatch.undo()
    end(second, store)
    assert store.backlog("told") == 0
    assert query(store, "SELECT delivered_to FROM channels") == [(2,)]


def test_alerts_are_delivered_in_order(store: Store) -> None:
    channel = Told()
    delivery = run(store, channel)
    store.append(rows("a", "b"))
    store.append(rows("c"))
    end(delivery, store)
    assert channel.got == lines("a", "b", "c")
    assert channel.is_closed
    assert delivery.counters.delivered == 3


def test_what_failed_is_sent_again_from_where_it_failed(store: Store) -> None:
    failures = [DeliveryError("down"), DeliveryError("half", delivered=1), DeliveryError("down")]
    channel = Told(failures)
    told: list[tuple[str, str | None]] = []
    delivery = run(store, channel, on_trouble=lambda *what: told.append((what[0], what[1])))
    store.append(rows("a", "b", "c"))
    channel.wait(lambda one: len(one.got) == 3)
    end(delivery, store)
    assert channel.got == lines("a", "b", "c")
    # one that fails now and then is not told of each time
    assert told == [("told", "down"), ("told", None)]
    assert delivery.counters.failures == 3


def test_what_fails_for_long_is_told_however_soon_it_comes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lanner.outputs.delivery._LASTING_S", 0.0)
    channel = Told([DeliveryError("down"), DeliveryError("half", delivered=1)])
    told: list[str | None] = []
    delivery = run(store, channel, on_trouble=lambda *what: told.append(what[1]))
    store.append(rows("a", "b"))
    channel.wait(lambda one: len(one.got) == 2)
    end(delivery, store)
    assert told == ["down", None, "half", None]


def test_a_channel_that_is_slower_than_alerts_come(store: Store) -> None:
    told: list[str | None] = []
    channel = Told()
    patience = Patience(max_backlog=6_000)
    delivery = Delivery(
        "told", channel, store, Form(), patience, on_trouble=lambda *x: told.append(x[1])
    )
    store.append(rows(*range(1_200)))
    delivery.start()
    end(delivery, store)
    assert len(channel.got) == 1_200
    assert told == ["1,184 alerts wait: it is slower than they come", None]


def test_a_slow_channel_is_given_few_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        now = 0.0
        time, time_ns = time.time, time.time_ns

        def monotonic(self) -> float:
            return self.now

    class Slow(Told):
        sizes: tuple[int, ...] = ()

        def send(self, messages: Sequence[Message]) -> None:
            clock.now += seconds * len(messages)
            self.sizes = (*self.sizes, len(messages))
            super().send(messages)

    clock = Clock()
    monkeypatch.setattr(delivery_of, "time", clock)
    channel, seconds = Slow(), 0.6
    delivery = Delivery("told", channel, store, Form(), QUICK)
    store.append(rows(*range(40)))
    delivery.start()
    channel.wait(lambda one: len(one.got) == 40)
    assert channel.sizes == (16, 8, 4, 2, *[1] * 10)
    seconds = 0.0
    store.append(rows(*range(2000)))
    channel.wait(lambda one: len(one.got) == 2040)
    assert max(channel.sizes) == 500
    monkeypatch.undo()
    end(delivery, store)
    assert channel.got == [*lines(*range(40)), *lines(*range(2000))]


def test_a_peer_that_asks_for_time_gets_it_up_to_the_longest_wait(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Told([DeliveryError("busy", wait_s=7), DeliveryError("busy", wait_s=100)])
    delivery = Delivery("told", channel, store, Form(), Patience(first_s=1, longest_s=30))
    waits: list[float] = []
    monkeypatch.setattr(delivery._is_over, "wait", waits.append)
    store.append(rows("a"))
    delivery.start()
    channel.wait(lambda told: told.got)
    end(delivery, store)
    assert waits == [7, 30]


def test_a_bug_of_a_channel_is_a_failure_like_others(store: Store) -> None:
    channel = Told([ZeroDivisionError("division by zero")])
    delivery = run(store, channel)
    store.append(rows("a"))
    channel.wait(lambda one: one.got)
    end(delivery, store)
    assert channel.got == lines("a")


def test_what_is_refused_for_good_is_a_dead_letter_and_the_rest_goes_on(store: Store) -> None:
    refusal = DeliveryError("400 Bad Request", is_final=True)
    channel = Told([DeliveryError("400 Bad Request", delivered=1, is_final=True), refusal, refusal])
    delivery = run(store, channel)
    store.append(rows("a", "bad", "c"))
    channel.wait(lambda one: len(one.got) == 2)
    end(delivery, store)
    assert channel.got == lines("a", "c")
    store.save()
    letters = query(store, "SELECT * FROM dead_letters")
    assert [letter[:4] for letter in letters] == [("told", 2, 2, "400 Bad Request")]


def test_too_long_a_backlog_loses_its_oldest_and_says_so(store: Store) -> None:
    channel = Told([DeliveryError("down")])
    delivery = Delivery("told", channel, store, Form(), Patience(max_backlog=3))
    store.append(rows("a", "b", "c", "d", "e"))
    delivery.start()
    end(delivery, store, 0)
    assert store.database is not None
    assert store.database.delivered() == {"told": 2}
    letters = query(store, "SELECT * FROM dead_letters")
    assert letters[0][:3] == ("told", 1, 2)
    assert "max_backlog" in letters[0][3]


@pytest.mark.parametrize("everything", [False, True])
def test_what_the_store_no_longer_has_is_a_dead_letter(tmp_path: Path, everything: bool) -> None:
    path = tmp_path / "alerts.db"
    store = Store(Database(path))
    store.attach("told")
    store.append(rows("a", "b", time_ns=1_000))
    store.append(rows("c", time_ns=2_000))
    store.retain(3_000 if everything else 1_500, 0)
    store.close()
    store = Store(Database(path))  # nothing is in memory
    channel = Told()
    delivery = run(store, channel)
    store.append(rows("d"))
    end(delivery, store)
    assert channel.got == (lines("d") if everything else lines("c", "d"))
    letters = query(store, "SELECT * FROM dead_letters")
    assert [letter[:3] for letter in letters] == [("told", 1, 3 if everything else 2)]
    assert "max_age" in letters[0][3]
    store.close()


def test_delivery_goes_on_where_it_was(store: Store) -> None:
    down = Told([DeliveryError("down", delivered=1), *[DeliveryError("down")] * 10_000])
    delivery = run(store, down)
    store.append(rows("a", "b", "c"))
    down.wait(lambda one: one.calls > 2)
    end(delivery, store)
    channel = Told()
    delivery = run(store, channel)
    store.append(rows("d"))
    end(delivery, store)
    assert down.got + channel.got == lines("a", "b", "c", "d")


def test_what_waits_in_memory_alone_waits_until_a_channel_is_begun_again() -> None:
    store = Store()
    delivery = run(store, Told([DeliveryError("down")] * 10_000))
    store.append(rows("a"))
    delivery.stop(0)
    delivery.join()
    store.append(rows("b"))
    channel = Told()
    end(run(store, channel), store)
    assert channel.got == lines("a", "b")
    assert store.all_dead == 0
    store.close()


def test_one_that_is_gone_ends_and_its_alerts_stay(store: Store) -> None:
    gone: list[str] = []
    channel = Told([DeliveryError("Broken pipe", is_gone=True)])
    delivery = run(store, channel, on_gone=gone.append)
    store.append(rows("a"))
    delivery._thread.join(20)
    assert not delivery._thread.is_alive()
    assert gone == ["told"]
    assert store.backlog("told") == 1
    delivery.join()


def test_files_are_opened_again(store: Store) -> None:
    channel = Told()
    delivery = run(store, channel)
    delivery.reopen()
    store.append(rows("a"))
    end(delivery, store)
    assert channel.reopened == 1


def test_thousands_come_whole_from_memory_and_from_the_database(store: Store) -> None:
    channel = Told([DeliveryError("down")] * 3)
    delivery = run(store, channel)
    for start in range(0, 20_000, 1_000):
        store.append(rows(*range(start, start + 1_000)))
    end(delivery, store)
    rest = Told()
    second = run(store, rest)
    end(second, store)
    assert channel.got + rest.got == lines(*range(20_000))


FULL = (
    '{"output":"07:16:03.707463404: Warning A shell","output_fields":{"proc.name":"sh"},'
    '"priority":"Warning","rule":"r","source":"syscall","tags":["t"]}'
)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Form(), "text"),
        (Form(json=True), FULL),
        (
            Form(json=True, output=False, tags=False, output_fields=False),
            '{"priority":"Warning","rule":"r","source":"syscall"}',
        ),
        (
            Form(json=True, output=False, tags=False, output_fields=False, message=True),
            '{"message":"A shell","priority":"Warning","rule":"r","source":"syscall"}',
        ),
    ],
)
def test_forms(form: Form, expected: str) -> None:
    from lanner.outputs.channels import Record

    [message] = form.messages([Record(1, 2, 4, "r", "syscall", FULL, "text")])
    assert message.line == expected
