"""How `lanner run` begins and ends."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.run import LANNER, lanner
from tests.live.behaviour import HOST, Theatre
from tests.live.perform import LIBC, SYS_BPF
from tests.live.watcher import DEADLINE_S, MARK, Watcher

BPF_PROG_GET_FD_BY_ID = 13
READ_SHADOW = "cat /etc/shadow"
RULE = "Read sensitive file untrusted"


def rules_of(watcher: Watcher, mark: str) -> list[str]:
    return [alert["rule"] for alert in watcher.alerts_of(mark)]


def bpf_programs(process: int) -> set[int]:
    """The numbers of the BPF programs that a process holds."""
    lines = [
        line
        for info in Path(f"/proc/{process}/fdinfo").iterdir()
        for line in info.read_text().splitlines()
    ]
    return {int(line.split()[1]) for line in lines if line.startswith("prog_id:")}


def is_loaded(program: int) -> bool:
    """Whether the kernel has this BPF program."""
    opened = LIBC.syscall(
        SYS_BPF, BPF_PROG_GET_FD_BY_ID, struct.pack("16I", program, *[0] * 15), 64
    )
    if opened >= 0:
        os.close(opened)
        return True
    assert ctypes.get_errno() == errno.ENOENT
    return False


def test_a_capture_that_cannot_be_written(root: None, tmp_path: Path) -> None:  # noqa: ARG001
    for place, reason in ((tmp_path, "Is a directory"), ("/dev/full", "No space left on device")):
        done = lanner("run", "--store", "none", "-M", "1", "--write", place)
        assert done.returncode == 1
        assert f"lanner: {place}: {reason}" in done.stderr.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_signals_end_it_when_all_is_matched(
    theatre: Theatre, tmp_path: Path, number: signal.Signals
) -> None:
    with Watcher(tmp_path) as watcher:
        deeds = [theatre.stage.perform(HOST, READ_SHADOW) for _ in range(20)]
        took = watcher.end(number)
        assert [rules_of(watcher, deed.mark) for deed in deeds] == [[RULE]] * len(deeds)
        assert watcher.process.returncode == 0
        assert took < 2, "seconds"
        assert ", 0 dropped; " in watcher.messages
        assert RULE in watcher.messages.partition("\nwatched ")[2], "the summary"


def test_kill_leaves_nothing_and_another_one_works(theatre: Theatre, tmp_path: Path) -> None:
    with Watcher(tmp_path / "killed") as watcher:
        programs = bpf_programs(watcher.process.pid)
        assert programs
        assert all(map(is_loaded, programs))
        watcher.end(signal.SIGKILL)
        assert watcher.process.returncode == -signal.SIGKILL
    deadline = time.monotonic() + DEADLINE_S
    while any(map(is_loaded, programs)):  # the kernel frees them in the background
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with Watcher(tmp_path / "next") as watcher:
        deed = theatre.stage.perform(HOST, READ_SHADOW)
        watcher.catch_up()
        assert rules_of(watcher, deed.mark) == [RULE]
    theatre.watcher.catch_up()
    assert rules_of(theatre.watcher, deed.mark) == [RULE], "the one that was there before"


@pytest.mark.usefixtures("root")
def test_process_that_was_there_before_is_known(tmp_path: Path) -> None:
    command = ["bash", "-c", "read -r line; read -r line < shadow; read -r line"]
    environment = {MARK: "before", "PATH": "/usr/bin:/bin"}
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/etc", env=environment) as before,
        Watcher(tmp_path) as watcher,
    ):
        assert before.stdin
        before.stdin.write(b"now\n")
        before.stdin.flush()
        watcher.wait(lambda: len(watcher.alerts_of("before")) > 0)
        before.communicate()
        (alert,) = watcher.alerts_of("before")
    assert alert["rule"] == RULE
    fields = alert["output_fields"]
    expected = {
        "evt.type": "openat",
        "fd.name": "/etc/shadow",
        "proc.name": "bash",
        "proc.cmdline": " ".join(command),
        "proc.exepath": "/usr/bin/bash",
        "proc.pname": Path(f"/proc/{os.getpid()}/comm").read_text().strip(),
    }
    assert {name: fields[name] for name in expected} == expected


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    "command",
    [
        ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"],
        ["setpriv", "--bounding-set", "-bpf,-sys_admin,-perfmon", "--inh-caps", "-all"],
    ],
    ids=["root without capabilities", "root without those for BPF"],
)
def test_without_privileges_it_explains(command: list[str]) -> None:
    done = subprocess.run(
        [*command, LANNER, "run", "--store", "none", "--json"],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert not done.stdout
    assert done.stderr.startswith("lanner: cannot watch system calls: ")
    assert "Traceback" not in done.stderr
