"""No alert is lost: not by a service that is killed, nor by a peer that fails in every way."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.outputs.test_channels import Collector
from tests.service.running import RULE, Running, free_port

if TYPE_CHECKING:
    from pathlib import Path


def configuration(folder: Path, url: str, port: int) -> Path:
    (folder / "rules.yaml").write_text(RULE.format(name="every", text="seen"))
    config = folder / "lanner.yaml"
    config.write_text(
        f"""
rules_files: [{folder / "rules.yaml"}]
json_output: true
stdout_output: {{enabled: false}}
http_output: {{enabled: true, url: "{url}", timeout_ms: 100}}
file_output: {{enabled: true, filename: {folder / "alerts.jsonl"}, keep_alive: true}}
delivery: {{retry_initial: 1ms, retry_max: 20ms}}
store: {{path: {folder / "alerts.db"}}}
audit: {{listen: "127.0.0.1:{port}"}}
"""
    )
    return config


def numbers(lines: list[bytes] | list[str]) -> list[int]:
    """Of the alerts of the rule, in the order in which they came."""
    alerts: list[Any] = [json.loads(line) for line in lines]
    return [int(one["output_fields"]["ka.auditid"]) for one in alerts if one["rule"] == "every"]


def firsts(found: list[int]) -> list[int]:
    return list(dict.fromkeys(found))


@pytest.mark.timeout(400)
def test_kills_and_a_peer_that_fails_lose_nothing(tmp_path: Path) -> None:
    moments = random.Random(7)  # noqa: S311 - not for secrets
    collector = Collector()
    answers = [200, 200, 200, 500, 503, "close", "half", "hang", 429]
    port = free_port()
    config = configuration(tmp_path, f"http://127.0.0.1:{collector.port}/", port)
    answered: list[int] = []
    number = 0
    for _ in range(50):
        collector.answers = moments.choices(answers, k=200)
        with Running(config, port) as running:
            killer = threading.Timer(moments.uniform(0, 0.2), running.signal, [signal.SIGKILL])
            killer.start()
            with contextlib.suppress(OSError, http.client.HTTPException):
                while True:
                    batch = list(range(number, number + 3))
                    number += 3
                    if running.send(*map(str, batch)) == 200:
                        answered += batch
            killer.join()
    collector.answers = []
    with Running(config, port) as running:
        assert running.send(str(number)) == 200
        answered.append(number)
        last = f"(id={number})".encode()
        running.wait(lambda: any(last in body for _, body in collector.requests[-5:]))
        assert running.end() == 0
    collector.close()
    posted = numbers([body for _, body in collector.requests])
    written = numbers((tmp_path / "alerts.jsonl").read_text().splitlines())
    assert len(answered) > 100
    for found in (posted, written):
        assert set(answered) <= set(found)
        assert firsts(found) == sorted(set(found)), "in order"


def test_a_full_disk_is_an_alert_and_detection_goes_on(tmp_path: Path) -> None:
    collector = Collector()
    port = free_port()
    config = configuration(tmp_path, f"http://127.0.0.1:{collector.port}/", port)
    options = ("-o", "file_output.filename=/dev/full")
    with Running(config, port, *options) as running:
        assert running.send("1") == 200
        running.wait(lambda: running.has_said("No space left on device"))
        running.wait(lambda: len(collector.requests) >= 2)
        assert running.send("2") == 200
        running.wait(lambda: len(collector.requests) >= 3)
        assert running.end() == 0
    collector.close()
    alerts = [json.loads(body) for _, body in collector.requests]
    assert [one["rule"] for one in alerts].count("every") == 2
    [internal] = [one for one in alerts if one["source"] == "internal"]
    assert internal["rule"] == "Lanner internal: alerts cannot be delivered"
    assert internal["output_fields"]["channel"] == "file_output"
