"""Bodies that are recorded together: what fails, fails for all of them, and is recorded the next time."""

from __future__ import annotations

import errno
import json
import queue
import threading
from typing import TYPE_CHECKING

from lanner.api.recording import intake
from lanner.audit.recorder.metrics import Metrics
from lanner.audit.recorder.writer import Fate, Outcome, Recorder

if TYPE_CHECKING:
    from lanner.audit.recorder.rotation import Lines


def body(*names: str) -> bytes:
    stamp = "2026-11-24T00:00:00.000000Z"
    items = [
        {
            "level": "Metadata",
            "auditID": name,
            "stage": "ResponseComplete",
            "requestURI": "/api",
            "verb": "get",
            "user": {"username": "u"},
            "requestReceivedTimestamp": stamp,
            "stageTimestamp": stamp,
        }
        for name in names
    ]
    return json.dumps({"kind": "EventList", "items": items}).encode()


class Disk:
    """A file that can be told to wait, and to fail when it is to be durable."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.durable: list[str] = []
        self.may_go_on = threading.Event()
        self.is_writing = threading.Event()
        self.fails = False

    def write(self, taken: Lines) -> None:
        self.is_writing.set()
        assert self.may_go_on.wait(20)
        self.written += [json.loads(line)["auditID"] for line in bytes(taken.lines).splitlines()]

    def sync(self) -> None:
        if self.fails:
            self.written.clear()
            raise OSError(errno.EIO, "Input/output error", "audit.log")
        self.durable += self.written
        self.written.clear()

    def reopen(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """It stays."""


def test_a_repeat_in_a_group_that_fails_is_not_taken_for_recorded() -> None:
    disk = Disk()
    recorder = Recorder(intake(None), disk, Metrics())
    told: queue.SimpleQueue[tuple[str, Outcome]] = queue.SimpleQueue()

    def send(name: str, *events: str) -> None:
        assert recorder.submit(body(*events), lambda outcome: told.put((name, outcome)))

    send("first", "0")
    assert disk.is_writing.wait(20)
    # these two wait together, and the second has nothing but what the first has
    send("second", "1", "2")
    send("third", "1")
    disk.may_go_on.set()
    assert told.get(timeout=20)[1].fate is Fate.RECORDED
    outcomes = {name: outcome.fate for name, outcome in (told.get(timeout=20) for _ in range(2))}
    assert outcomes == {"second": Fate.RECORDED, "third": Fate.RECORDED}
    assert disk.durable == ["0", "1", "2"]

    disk.may_go_on.clear()
    disk.is_writing.clear()
    send("first", "3")
    assert disk.is_writing.wait(20)
    send("second", "4", "5")
    send("third", "4")
    disk.fails = True
    disk.may_go_on.set()
    outcomes = {name: outcome.fate for name, outcome in (told.get(timeout=20) for _ in range(3))}
    assert set(outcomes.values()) == {Fate.FAILED}
    disk.fails = False
    for events in (("3",), ("4", "5"), ("4",)):
        assert recorder.record(body(*events)).fate is Fate.RECORDED
    assert disk.durable == ["0", "1", "2", "3", "4", "5"]
    recorder.close()
