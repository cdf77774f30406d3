"""`lanner run` refuses what makes no sense, before it asks the kernel for anything; and its alert about
lost events.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lanner.outputs.internal import capture_limit_alert, drop_alert
from tests.cli.run import lanner

if TYPE_CHECKING:
    from pathlib import Path

AUDIT_RULE = """
- rule: r
  desc: d
  condition: ka.verb = get
  output: o
  priority: INFO
  source: k8s_audit
"""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--buffer", "3"], "--buffer: 1, 2, 4"),
        (["--buffer", "0"], "--buffer: 1, 2, 4"),
        (["--buffer", "2048"], "--buffer: 1, 2, 4"),
        (["--alerts-only"], "--alerts-only needs --write"),
        (["--capture-mode", "all_rules"], "--capture-mode needs --capture-prefix"),
        (["--capture-max-size", "5"], "--capture-max-size needs --capture-prefix"),
        (["--capture-prefix", "/tmp/x", "--capture-duration", "0"], "--capture-duration"),
        (["--container-socket", "lxd=/x"], "`lxd=/x` is not KIND=PATH"),
        (["--container-socket", "docker"], "`docker` is not KIND=PATH"),
        (["--priority", "loud"], "`loud` is not a priority"),
        (["--rule", "No Such Rule"], "no enabled rule is left"),
    ],
)
def test_usage_errors(arguments: list[str], complaint: str) -> None:
    done = lanner("run", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr.decode()


def test_rules_of_another_source(tmp_path: Path) -> None:
    (tmp_path / "audit.yaml").write_text(AUDIT_RULE)
    done = lanner("run", "-r", tmp_path / "audit.yaml")
    assert done.returncode == 2
    assert "nothing to watch" in done.stderr.decode()


def test_broken_rules(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(AUDIT_RULE.replace("ka.verb", "ka.nothing"))
    done = lanner("run", "-r", tmp_path / "broken.yaml")
    assert done.returncode == 1
    assert "no field is named `ka.nothing`" in done.stderr.decode()


def test_lost_events_are_an_alert() -> None:
    alert = drop_alert(1_795_417_201_000_000_005, 7, 100, {"openat": 5, "close": 2})
    assert alert.text(utc_offset=3600) == (
        b"08:00:01.000000005: Debug Falco internal: syscall event drop."
        b" 7 system calls dropped in last second."
        b' (n_drops="7" n_drops.close="2" n_drops.openat="5" n_evts="100")\n'
    )
    assert alert.text(iso_time=True).startswith(b"2026-11-23T07:00:01.000000005+0000: Debug ")
    told = json.loads(alert.json_lines("node-1"))
    assert told == {
        "hostname": "node-1",
        "output": "Falco internal: syscall event drop. 7 system calls dropped in last second.",
        "output_fields": {
            "n_drops": "7",
            "n_drops.close": "2",
            "n_drops.openat": "5",
            "n_evts": "100",
        },
        "priority": "Debug",
        "rule": "Falco internal: syscall event drop",
        "source": "internal",
        "time": "2026-11-23T07:00:01.000000005Z",
    }
    assert "hostname" not in json.loads(alert.json_lines())


def test_captures_that_are_too_large_are_an_alert() -> None:
    alert = capture_limit_alert(1_795_417_201_000_000_005, 1, 1_048_700)
    assert alert.text() == (
        b"07:00:01.000000005: Informational Falco internal: capture size limit reached."
        b" Configured limit: 1 MB. (max_file_size_mb=1 written_bytes=1048700)\n"
    )
