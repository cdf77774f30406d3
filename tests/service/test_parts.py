"""Parts of the service by themselves: what a whole one does only when something fails."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import sqlite3
import syslog
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lanner.config import Loaded, load_config
from lanner.config.defaults import LANNER
from lanner.config.sections import AuditSection, MetricsSection
from lanner.outputs.redaction import Redactor
from lanner.outputs.store import Store
from lanner.service.ages import Ages
from lanner.service.audit import AuditSource
from lanner.service.channels import Channels
from lanner.service.health import MAX_BUSY_S, problems
from lanner.service.log import Logger
from lanner.service.metrics import figures
from lanner.service.notify import Notifier
from lanner.service.redactions import redactor_of
from lanner.service.reload import Reloader
from lanner.service.request import Request
from lanner.service.ruleset import RuleChoice, load_rules
from lanner.service.service import END, RELOAD, Service
from lanner.service.sink import Sink
from lanner.service.sources import Source
from lanner.service.state import State
from lanner.service.watching import Watcher
from tests.service.running import RULE, SECONDS, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.api import Batch
    from lanner.service.log import Level

CHOICE = RuleChoice(sources=frozenset(("k8s_audit",)))


class Said:
    """Takes messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def __call__(self, message: str, level: Level = "informational") -> None:
        self.messages.append(f"{level}: {message}")


def load(folder: Path, **sections: Any) -> Loaded:
    (folder / "rules.yaml").write_text(RULE.format(name="one", text="by %ka.user.name"))
    path = folder / "lanner.yaml"
    settings = {"rules_files": [str(folder / "rules.yaml")], "engine": {"kind": "nodriver"}}
    path.write_text(json.dumps({**settings, "store": {"path": "none"}, **sections}))
    return load_config(path, (), defaults=LANNER)


def state_of(loaded: Loaded, channels: type[Channels] = Channels) -> tuple[State, Sink]:
    store = Store()
    store.attach("keeps what comes")
    sink = Sink(store, redactor_of(loaded.config), "host", iso_time=False, utc_offset=0)
    made = channels(store, lambda _name, _problem: None, lambda: None)
    rules = load_rules(loaded.config, CHOICE)
    return State(loaded, (), rules, store, made), sink


def body(name: str) -> str:
    return json.dumps({"kind": "EventList", "items": [event(name)]})


def test_what_is_ordered_often_is_done_once_and_the_end_comes_first(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    service = Service(Request(lambda: loaded), loaded, Said())
    for order in (RELOAD, RELOAD, END):
        service.order(order)
    service.run()
    assert service.state.reloads == 0


def test_what_fails_again_and_again_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    loaded, said = load(tmp_path), Said()
    service = Service(Request(lambda: loaded, duration_s=1.5), loaded, said)
    monkeypatch.setattr(service.state.store, "retain", fail)
    service.run()
    assert sum("cannot be removed" in one for one in said.messages) == 1


def test_it_obeys_while_there_is_always_more_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = 0

    def retain(*_: object, **__: object) -> bool:
        nonlocal removed
        removed += 1
        if removed == 3:
            service.order(END)
        return True

    loaded = load(tmp_path)
    service = Service(Request(lambda: loaded), loaded, Said())
    monkeypatch.setattr(service.state.store, "retain", retain)
    service.run()
    assert removed >= 3


def test_a_log_that_a_reader_lets_grow_is_said_once_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    loaded, said = load(tmp_path, store={"path": str(path), "max_size_mb": 1}), Said()
    service = Service(Request(lambda: loaded, duration_s=1.5), loaded, said)
    store = service.state.store
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM alerts").fetchall()
        for _ in range(4):
            store.append([(time.time_ns(), 4, "r", "syscall", "x" * 1_000_000, "y")])
        size = store.size()
        assert size is not None
        assert size > Path(f"{path}-wal").stat().st_size > 4_000_000
        service.run()
    assert sum("alerts.db-wal is larger than" in one for one in said.messages) == 1


def test_clocks_that_jump_make_no_alert_old() -> None:
    now = [1_000.0]
    ages = Ages(7, clock=lambda: now[0])
    found = []
    for last_id in (7, 10, 20, 30, 30):
        found.append(ages.aged(3_600, last_id))
        now[0] += 1_800
    assert found == [7, 7, 7, 10, 20]


def test_a_clock_that_is_set_back_makes_no_odd_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, _ = state_of(load(tmp_path))
    monkeypatch.setattr(time, "time", lambda: 1.0)
    monkeypatch.setattr(time, "time_ns", lambda: 10**9)
    settings = MetricsSection(resource_utilization_enabled=True)
    found = {one.field: one.value for one in figures(state, None, settings)}
    assert found["falco.duration_sec"] >= 0
    assert 0 < found["falco.cpu_usage_perc"] <= 100 * (os.cpu_count() or 1)


def test_while_rules_and_channels_change_nothing_that_is_hidden_is_seen(tmp_path: Path) -> None:
    class Slow(Channels):
        """Ends one of before, which takes its time: meanwhile there are events."""

        def adopt(self, _prepared: Any) -> None:
            sink.take(state.rules.engine.batch(body("meanwhile").encode()))

    redact = [{"fields": ["ka.user.name"], "match": {"source": "k8s_audit"}}]
    state, sink = state_of(load(tmp_path), Slow)
    loaded = load(tmp_path, redact=redact)
    assert Reloader(Request(lambda: loaded, rules=CHOICE), state, sink, Said(), Watcher()).reload()
    (record,) = state.store.read(0, 10, 0)
    assert json.loads(record.json)["output_fields"]["ka.user.name"] == "<redacted>"


@pytest.mark.parametrize("error", [RuntimeError("unforeseen"), RecursionError()])
def test_whatever_makes_a_reload_fail_changes_nothing(tmp_path: Path, error: Exception) -> None:
    def fail() -> Loaded:
        raise error

    state, sink = state_of(load(tmp_path))
    assert not Reloader(Request(fail, rules=CHOICE), state, sink, Said(), Watcher()).reload()
    (record,) = state.store.read(0, 10, 0)
    assert record.rule == "Falco internal: hot restart failure"


class Scripted:
    """Batches that are there when they are wanted; an exception is thrown."""

    def __init__(self, *batches: Batch | BaseException | None) -> None:
        self.begin = threading.Event()
        self._batches = batches

    def batches(self) -> Iterator[Batch | None]:
        self.begin.wait(SECONDS)
        for one in self._batches:
            if isinstance(one, BaseException):
                raise one
            yield one

    def stop(self) -> None:
        self.begin.set()

    def after_batch(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_what_was_asked_for_and_given_up_is_not_done_later(tmp_path: Path) -> None:
    _, sink = state_of(load(tmp_path))
    reading = Scripted(None)
    source = Source("syscall", reading, sink, lambda: None)
    source.start()
    done: list[str] = []
    given_up = source.between(lambda: done.append("given up"))
    wanted = source.between(lambda: done.append("wanted"))
    assert given_up.cancel()
    reading.begin.set()
    wanted.result(SECONDS)
    assert source.join(SECONDS)
    assert done == ["wanted"]


def test_what_the_native_part_throws_ends_a_source(tmp_path: Path) -> None:
    class Panic(BaseException):
        """As those of PyO3."""

    _, sink = state_of(load(tmp_path))
    ended = threading.Event()
    reading = Scripted(Panic("a bug"))
    source = Source("syscall", reading, sink, ended.set)
    source.start()
    reading.begin.set()
    assert ended.wait(SECONDS)
    assert source.is_over
    assert isinstance(source.failure, Panic)


class Held(Sink):
    """Takes nothing until it may, and then fails, if it is to."""

    def __init__(self, store: Store, error: Exception | None) -> None:
        super().__init__(store, Redactor(), "host", iso_time=False, utc_offset=0)
        self.begun, self.may = threading.Event(), threading.Event()
        self._error = error

    def take(self, batch: Batch) -> None:
        self.begun.set()
        self.may.wait(SECONDS)
        if self._error:
            raise self._error
        super().take(batch)


@pytest.mark.parametrize("error", [None, RuntimeError("unforeseen")])
def test_a_webhook_that_is_stuck_or_fails_is_seen(tmp_path: Path, error: Exception | None) -> None:
    state, _ = state_of(load(tmp_path))
    sink = Held(state.store, error)
    ended = threading.Event()
    settings = AuditSection(listen="127.0.0.1:0")
    said = Said()
    source = AuditSource(settings, state.rules.engine, sink, said, ended.set)
    state.sources = (source,)
    source.start()
    port = int(said.messages[-1].rpartition(":")[2])
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    client.request("POST", "/", body("a"), {"content-type": "application/json"})
    assert sink.begun.wait(SECONDS)
    assert source.silent_s() > 0
    sink.may.set()
    assert client.getresponse().status == (503 if error else 200)
    client.close()
    assert source.silent_s() == 0
    if error:
        assert ended.wait(SECONDS)
        assert source.failure is error
        assert problems(state) == ["k8s_audit: unforeseen"]
    else:
        assert not problems(state)
        source.stop()
    assert source.join(SECONDS)


def test_a_main_thread_that_is_stuck_is_no_health(tmp_path: Path) -> None:
    state, _ = state_of(load(tmp_path))
    assert not problems(state)
    state.looked = time.monotonic() - MAX_BUSY_S - 1
    assert "main thread" in problems(state)[0]


def test_systemd_is_told_again_when_it_listens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"lanner-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    notifier = Notifier()
    assert "NOTIFY_SOCKET" not in os.environ
    notifier.alive()  # nobody listens
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        notifier.reloading()
        notifier.ready("3 rules")
        assert listener.recv(99).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert listener.recv(99) == b"READY=1\nSTATUS=3 rules"


def test_the_system_log_knows_who_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    """`lanner-falco` is what filters of system logs look for: falco."""
    names: list[str] = []
    monkeypatch.setattr(syslog, "openlog", names.append)
    Logger(to_syslog=True)
    Logger(to_syslog=True, style="falco-iso")
    Logger()
    assert names == ["lanner", "falco"]
