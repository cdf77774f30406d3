"""Events that are lost for real: Lanner is held up while more happens than its buffer has room for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.run import LANNER

if TYPE_CHECKING:
    from pathlib import Path

FALCO = LANNER.with_name("lanner-falco")
SECONDS = 60
LOAD = "import os\nfor _ in range(100_000): os.close(os.open('/', os.O_RDONLY))\n"
RULE = {
    "rule": "none",
    "desc": "d",
    "condition": "evt.type in (open, openat, close) and fd.name = /no/such",
    "output": "o",
    "priority": "INFO",
}


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("command", [[LANNER, "run"], [FALCO]])
@pytest.mark.parametrize("action", ["alert", "exit"])
def test_a_loss(tmp_path: Path, command: list[Path | str], action: str) -> None:
    rules, config = tmp_path / "rules.yaml", tmp_path / "config.yaml"
    rules.write_text(yaml.safe_dump([RULE]))
    settings = {
        "rules_files": [str(rules)],
        "store": {"path": "none"},
        "stdout_output": {"enabled": True},
        "log_stderr": True,
        "engine": {"kind": "modern_ebpf", "modern_ebpf": {"buf_size_preset": 1}},
        "syscall_event_drops": {"actions": [action], "threshold": 0.0},
    }
    config.write_text(yaml.safe_dump(settings))
    process = subprocess.Popen(
        [*command, "-c", config], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    try:
        assert any("watching" in line for line in process.stderr)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        subprocess.run([sys.executable, "-ISc", LOAD], check=True)
        process.send_signal(signal.SIGCONT)
        if action == "alert":
            assert any(
                "Debug Falco internal: syscall event drop. " in one for one in process.stdout
            )
            process.terminate()
        out, messages = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == (action == "exit")
    if action == "exit":
        assert "syscall event drop" not in out
        assert "system calls dropped in last second. Exiting.\n" in messages
    if command == [FALCO]:
        assert "event drop detected: " in messages
