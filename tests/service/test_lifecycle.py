"""How a service begins, goes on when something around it fails, and ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.running import LANNER, RULE, SECONDS, Running, event, free_port

if TYPE_CHECKING:
    from pathlib import Path


def configure(folder: Path, **sections: Any) -> tuple[Path, int]:
    """A configuration with a webhook, and its port."""
    port = free_port()
    (folder / "rules.yaml").write_text(RULE.format(name="one", text="first"))
    path = folder / "lanner.yaml"
    settings = {
        "rules_files": [str(folder / "rules.yaml")],
        "engine": {"kind": "nodriver"},
        "json_output": True,
        "audit": {"listen": f"127.0.0.1:{port}"},
        **sections,
    }
    path.write_text(json.dumps(settings))
    return path, port


def test_an_address_in_use_ends_it(tmp_path: Path) -> None:
    config, port = configure(tmp_path)
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [LANNER, "run", "-c", config],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    assert done.returncode == 1
    assert f"audit: 127.0.0.1:{port}: Address already in use" in done.stderr


def is_open(port: int) -> bool:
    """Whether somebody listens; rules are loaded then."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("is_full", [True, False])
def test_messages_that_nobody_takes_end_nothing(tmp_path: Path, is_full: bool) -> None:
    config, port = configure(tmp_path)
    reading, writing = os.pipe()
    os.close(reading)
    if is_full:
        os.close(writing)
        writing = os.open("/dev/full", os.O_WRONLY)
    with subprocess.Popen(
        [LANNER, "run", "-q", "-c", config], stdout=subprocess.PIPE, stderr=writing, text=True
    ) as process:
        os.close(writing)
        try:
            while not is_open(port):
                assert process.poll() is None
            (tmp_path / "rules.yaml").write_text("- rule: broken\n")
            process.send_signal(signal.SIGHUP)
            assert process.stdout
            assert "hot restart failure" in process.stdout.readline()
            process.terminate()
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()


def test_channels_that_block_hold_events_up_and_nothing_else(tmp_path: Path) -> None:
    """Health, reloads and the end: what was seen is stored, and comes after the next start."""
    web, log = free_port(), tmp_path / "audit.log"
    log.touch()
    config, port = configure(
        tmp_path,
        delivery={"max_backlog": 1, "when_full": "block"},
        http_output={"enabled": True, "url": f"http://127.0.0.1:{free_port()}/"},
        store={"path": str(tmp_path / "alerts.db")},
        webserver={"enabled": True, "listen_port": web},
    )
    settings = json.loads(config.read_text())
    settings["audit"]["follow"] = str(log)
    config.write_text(json.dumps(settings))
    with Running(config, port) as running:
        append(log, "a", "b", "c")
        running.wait(lambda: len(ids(running)) == 3)
        append(log, "d")
        assert running.send("e") == 503
        (tmp_path / "rules.yaml").write_text(RULE.format(name="two", text="second"))
        running.wait(lambda: running.has_said("in force now"))
        assert ids(running) == ["a", "b", "c"]
        assert running.end() == 0
    assert not running.has_said("it did not end")
    assert stored(tmp_path / "alerts.db") == ["a", "b", "c", "d"]


def test_a_source_that_fails_is_an_alert_and_others_go_on(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.touch()
    config, port = configure(tmp_path)
    settings = json.loads(config.read_text())
    settings["audit"]["follow"] = str(log)
    config.write_text(json.dumps(settings))
    with Running(config, port) as running:
        log.unlink()
        log.mkdir()
        running.wait(lambda: running.output)
        assert running.send("a") == 200
        running.wait(lambda: ids(running) == ["a"])
        assert running.end() == 1
    internal = json.loads(running.output[0])
    assert internal["rule"] == "Lanner internal: an event source has failed"
    assert "Is a directory" in internal["output"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            ["audit.tls_cert_file=/nowhere.pem"],
            "tls_cert_file and tls_private_key_file go together",
        ),
        (["audit.client_ca_file=/nowhere.pem"], "without tls_cert_file nobody is asked for it"),
        (
            ["audit.tls_cert_file=/etc/passwd", "audit.tls_private_key_file=/nowhere.pem"],
            "audit: /nowhere.pem: No such file",
        ),
        (
            ["webserver.ssl_enabled=true", "webserver.ssl_certificate=/etc/passwd"],
            "webserver: /etc/passwd: no certificate",
        ),
        (["webserver.token_file=/nowhere"], "webserver: /nowhere: No such file"),
    ],
)
def test_what_is_wrong_at_the_start_is_named(
    tmp_path: Path, options: list[str], problem: str
) -> None:
    config, _ = configure(tmp_path, webserver={"enabled": True, "listen_port": 0})
    words = [word for option in options for word in ("-o", option)]
    done = subprocess.run(
        [LANNER, "run", "-c", config, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 1
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_who_asks_for_nothing_keeps_nobody_from_asking(tmp_path: Path) -> None:
    web = free_port()
    config, port = configure(tmp_path, webserver={"enabled": True, "listen_port": web})
    with Running(config, port) as running, contextlib.ExitStack() as held:
        for _ in range(300):
            client = held.enter_context(socket.create_connection(("127.0.0.1", web)))
            with contextlib.suppress(ConnectionError):
                client.sendall(b"GET /healthz HTTP/1.1\r\nhost")
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/healthz", timeout=SECONDS) as answer:
            assert answer.status == 200
        assert running.end() == 0


def test_what_was_never_sent_and_is_kept_nowhere_is_said(tmp_path: Path) -> None:
    config, port = configure(
        tmp_path,
        http_output={"enabled": True, "url": f"http://127.0.0.1:{free_port()}/"},
        store={"path": "none"},
    )
    with Running(config, port) as running:
        assert running.send("a", "b") == 200
        running.wait(lambda: running.has_said("http_output"))
        assert running.end() == 0
    assert running.has_said("alerts were not sent, and are lost")


def ids(running: Running) -> list[str]:
    found = [json.loads(line)["output_fields"].get("ka.auditid") for line in list(running.output)]
    return [one for one in found if one]


def append(log: Path, *names: str) -> None:
    with log.open("a") as file:
        file.writelines(json.dumps({"kind": "Event", **event(name)}) + "\n" for name in names)


def stored(path: Path) -> list[str]:
    done = subprocess.run(
        [LANNER, "alerts", "--store", path, "--rule", "one", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line)["output_fields"]["ka.auditid"] for line in done.stdout.splitlines()]
