"""Repeats in a service: channels get the first and a count, the store has all of them."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

from tests.service.running import LANNER, RULE, Running, free_port

if TYPE_CHECKING:
    from pathlib import Path


def test_repeats_of_a_service(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "rules.yaml").write_text(RULE.format(name="seen", text="seen"))
    config = tmp_path / "lanner.yaml"
    settings = {
        "rules_files": [str(tmp_path / "rules.yaml")],
        "store": {"path": str(tmp_path / "alerts.db")},
        "stdout_output": {"enabled": True},
        "audit": {"listen": f"127.0.0.1:{port}"},
        "aggregate": {"window": "30s", "by": ["ka.user.name"]},
    }
    config.write_text(json.dumps(settings))
    with Running(config, port) as running:
        assert running.send("a", "b") == 200
        assert running.send("c") == 200
        running.wait(lambda: running.output)
        running.signal(signal.SIGKILL)
    assert [line for line in running.output if "id=" in line] == running.output[:1]
    with Running(config, port) as running:
        running.wait(lambda: running.output)
        assert running.send("d", "e") == 200
        assert running.end() == 0
    assert "(id=c) (repeated 2 times since " in running.output[0]
    assert "(id=d)" in running.output[1]
    assert "(id=e) (repeated 1 times since " in running.output[2]
    done = subprocess.run(
        [LANNER, "alerts", "--store", tmp_path / "alerts.db", "--rule", "seen", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line)["output_fields"] for line in done.stdout.splitlines()]
    assert [one["ka.auditid"] for one in found if "lanner.repeats" not in one] == list("abcde")
    assert [one["lanner.repeats"] for one in found if "lanner.repeats" in one] == [2, 1]
