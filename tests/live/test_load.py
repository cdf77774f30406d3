"""Under load: every event is accounted for, and what is known is what is there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import lanner
from lanner.api.live import KnownThread, Live, LiveStats

OPENS, PROCESSES = 200_000, 3_000
"""Enough to fill the buffer several times over; `python -m bench.live` does more."""

RULES = """
- rule: opened
  desc: one of the many opens
  condition: evt.type in (open, openat) and fd.name = "{path}"
  output: opened
  priority: INFO
- rule: ran
  desc: one of the many processes
  condition: evt.type = execve and proc.cmdline startswith "true {path}"
  output: ran
  priority: INFO
- rule: ended
  desc: its end
  condition: evt.type = procexit and proc.cmdline startswith "true {path}"
  output: ended
  priority: INFO
"""

OPEN = """
import os, sys, threading


path, count = sys.argv[1], int(sys.argv[2]) // 4
def work():
    for _ in range(count):
        os.close(os.open(path, os.O_RDONLY))
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""

SPAWN = """
import os, sys
for number in range(int(sys.argv[2])):
    child = os.posix_spawn("/bin/true", ["true", sys.argv[1], str(number)], os.environ)
    os.waitpid(child, 0)
"""


def watched(path: Path, script: str, count: int, ring_bytes: int) -> tuple[Live, LiveStats]:
    """Runs a script while a probe watches, until nothing of it is left to be seen."""
    ruleset = lanner.load_rules(texts={"rules": RULES.format(path=path)})
    live = Live(lanner.Engine(ruleset), ring_bytes=ring_bytes)

    def work() -> None:
        command = [sys.executable, "-ISc", script, str(path), str(count)]
        subprocess.run(command, check=True)
        live.stop()

    worker = threading.Thread(target=work)
    with live:
        worker.start()
        for _ in live.batches():
            pass
        worker.join()
        return live, live.stats()


def test_every_open_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "opened"
    path.touch()
    # room for all of them: this machine may let nobody read for a while
    _, stats = watched(path, OPEN, OPENS, 64 << 20)
    assert stats.lost == 0
    assert stats.alerts_by_rule["opened"] == OPENS


def test_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    """The smallest buffer there is: whatever is not seen was counted."""
    path = tmp_path / "opened"
    path.touch()
    _, stats = watched(path, OPEN, OPENS, os.sysconf("SC_PAGESIZE"))
    assert stats.dropped["openat"] > 0
    # what else the machine opens meanwhile is lost, too
    assert OPENS <= stats.alerts_by_rule["opened"] + stats.dropped["openat"] < OPENS + 20_000


def test_every_process_is_seen(tmp_path: Path) -> None:
    _, stats = watched(tmp_path / "marker", SPAWN, PROCESSES, 8 << 20)
    assert stats.lost == 0
    assert stats.alerts_by_rule == {"ran": PROCESSES, "ended": PROCESSES}


def _descriptors(pid: int) -> dict[int, str]:
    return {int(link.name): str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}


HOLD = """
import os, socket, sys, threading
kept = [open(sys.argv[1] + str(number), "w") for number in range(50)]
for one in kept[::2]: one.close()
pair = socket.socketpair(); ends = os.pipe(); copy = os.dup(kept[1].fileno())
stop = threading.Event()
threads = [threading.Thread(target=stop.wait) for _ in range(5)]
for thread in threads: thread.start()
print("ready", flush=True); sys.stdin.read(); stop.set()
"""


@pytest.mark.parametrize("is_older", [True, False], ids=["before", "meanwhile"])
def test_what_is_known_is_what_is_there(tmp_path: Path, *, is_older: bool) -> None:
    """Threads and descriptors of a process from before, and of one that begins while watched."""
    ruleset = lanner.load_rules(texts={"rules": RULES.format(path=tmp_path)})
    live = Live(lanner.Engine(ruleset))

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-ISc", HOLD, f"{tmp_path}/kept"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    process = start() if is_older else None
    with live:
        process = process or start()
        batches = live.batches()
        live.stop()
        for _ in batches:
            pass
        known = [thread for thread in live.threads() if thread.pid == process.pid]
        expected = {int(task.name) for task in Path(f"/proc/{process.pid}/task").iterdir()}
        actual = _descriptors(process.pid)
        process.communicate()
    assert {thread.tid for thread in known} == expected
    leader = next(thread for thread in known if thread.tid == process.pid)
    assert {one.fd for one in leader.descriptors} == set(actual)
    _check_names(leader, actual)


def _check_names(leader: KnownThread, actual: dict[int, str]) -> None:
    for one in leader.descriptors:
        if actual[one.fd].startswith("/") and one.fd > 2:
            assert one.name == actual[one.fd]
