"""The recorder as kube-apiserver, and whoever else can reach it, sees it."""

from __future__ import annotations

import gzip
import http.client
import json
import random
import signal
import socket
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
import trustme

from lanner.audit.recorder.backups import backups
from tests.audit.recorder.running import SECONDS, Recording, batch, event
from tests.cli.run import lanner

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"
RULES = """
- rule: Pod changed
  desc: d
  condition: ka.verb = update
  output: changed %ka.target.name
  priority: NOTICE
  source: k8s_audit
"""


def recorded(path: Path) -> list[dict[str, object]]:
    """All events, the oldest first; every line must be whole."""
    files = [backup.path for backup in reversed(backups(path))] + [path]
    events = []
    for file in files:
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        assert not data or data.endswith(b"\n")
        events += [json.loads(line) for line in data.splitlines()]
    return events


def test_batches_become_lines(tmp_path: Path) -> None:
    path = tmp_path / "log/audit.log"
    with Recording("--path", path, "--insecure") as recording:
        assert recording.send(batch(event(1), event(2))) == (200, "{}\n")
        packed = gzip.compress(batch(event(3)))
        assert recording.send(packed, Content_Encoding="gzip")[0] == 200
        assert recording.send(batch(event(1), event(4)))[0] == 200, "sent again, and one more"
        _, metrics = recording.send(b"", "GET", "/metrics")
        assert recording.send(b"", "GET", "/healthz") == (200, "ok\n")
        assert recording.end() == (0, "")
    expected = [
        {"kind": "Event", "apiVersion": "audit.k8s.io/v1", **event(number)}
        for number in (1, 2, 3, 4)
    ]
    assert recorded(path) == expected
    assert "apiserver_audit_event_total 4.0\n" in metrics
    assert 'apiserver_audit_level_total{level="RequestResponse"} 4.0\n' in metrics
    assert 'lanner_audit_events_left_out_total{reason="duplicate"} 1.0\n' in metrics
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_no_batch_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    bomb = gzip.compress(b" " * (3 << 20))
    with Recording("--path", path, "--insecure", "--max-body", "1") as recording:
        send = recording.send
        assert send(b"hello") == (400, "no audit event: it is no JSON\n")
        assert send(b"{}")[0] == 400
        assert send(batch(event(1, stageTimestamp="now")))[0] == 400
        assert send(gzip.compress(batch(event(1))))[0] == 400, "gzip that does not say so"
        assert send(b"", "GET", "/")[0] == 405
        assert send(batch(event(1)), Content_Type="text/plain")[0] == 415
        assert send(batch(event(1)), Content_Encoding="br")[0] == 415
        assert send(b" " * (1 << 20) + b"{}")[0] == 413
        assert send(bomb, Content_Encoding="gzip")[0] == 413
        twice = gzip.compress(batch(event(1))) + gzip.compress(batch(event(2)))
        assert send(twice, Content_Encoding="gzip")[0] == 400, "half of it would be lost"
        assert send(bomb[:-9], Content_Encoding="gzip")[0] in {400, 413}
        assert send(b"no gzip", Content_Encoding="gzip")[0] == 400
        assert send(gzip.compress(batch(event(1)))[:-3], Content_Encoding="gzip")[0] == 400
        half = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", recording.port)) as rude:
            rude.sendall(half + b"Content-Length: 100\r\n\r\n{")
        with socket.create_connection(("127.0.0.1", recording.port)) as rude:
            rude.sendall(b"\x16\x03\x01\x02\x00 no HTTP at all\r\n\r\n")
            assert b"400" in rude.recv(100)
        mixed = batch(event(1), {"verb": "get"})
        assert send(mixed)[0] == 200
        assert recording.end()[0] == 0
    assert [found["auditID"] for found in recorded(path)] == ["id-1"]
    assert any("1 records were no audit events" in line for line in recording.messages)
    assert not any("Traceback" in line for line in recording.messages)


def test_policy_truncation_and_rules(tmp_path: Path) -> None:
    path, policy, rules = (tmp_path / name for name in ("audit.log", "policy.yaml", "rules.yaml"))
    policy.write_text(f"{HEAD}rules: [{{level: None, verbs: [get]}}, {{level: Request}}]\n")
    rules.write_text(RULES)
    options = ("--policy", policy, "--truncate-max-event-size", "1000", "-r", rules)
    with Recording("--path", path, "--insecure", *options) as recording:
        large = event(2, 2000, responseObject={}, annotations={"a": "b"})
        hopeless = event(3, userAgent="x" * 2000)
        read = event(4, verb="get")
        assert recording.send(batch(event(1), large, hopeless, read))[0] == 200
        code, out = recording.end()
    assert code == 0
    assert [line.partition("changed ")[2] for line in out.splitlines()] == ["p-1", "p-2"]
    first, second = recorded(path)
    assert (first["level"], second["level"]) == ("Request", "Request")
    assert first["requestObject"] == {"data": ""}
    assert "requestObject" not in second
    assert second["annotations"] == {"audit.k8s.io/truncated": "true", "a": "b"}


def test_who_may_send(tmp_path: Path) -> None:
    ours, theirs = trustme.CA(), trustme.CA()
    files = {name: tmp_path / name for name in ("ca.pem", "server.pem", "server.key", "token")}
    server = ours.issue_cert("127.0.0.1")
    ours.cert_pem.write_to_path(str(files["ca.pem"]))
    server.private_key_pem.write_to_path(str(files["server.key"]))
    for place, blob in enumerate(server.cert_chain_pems):
        blob.write_to_path(str(files["server.pem"]), append=place > 0)
    files["token"].write_text("s3cret\n")

    def client(authority: trustme.CA | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(files["ca.pem"]))
        if authority:
            authority.issue_cert("client.example").configure_cert(context)
        return context

    tls = ("--tls-cert-file", files["server.pem"], "--tls-private-key-file", files["server.key"])
    both = (*tls, "--client-ca-file", files["ca.pem"], "--token-file", files["token"])
    good, body = "Bearer s3cret", batch(event(1))
    path = tmp_path / "audit.log"
    with Recording("--path", path, *both) as recording:
        assert recording.send(body, tls=client(ours), Authorization=good)[0] == 200
        for token in ("Bearer wrong", "Basic s3cret", "s3cret", "Bearer", ""):
            status, text = recording.send(body, tls=client(ours), Authorization=token)
            assert (status, text) == (401, "the bearer token is missing or wrong\n"), token
        assert recording.send(b"", "GET", "/metrics", tls=client(ours))[0] == 401
        for stranger in (client(theirs), client(None)):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                recording.send(body, tls=stranger, Authorization=good)
        with pytest.raises((OSError, http.client.HTTPException)):
            recording.send(body)  # without TLS
        files["token"].write_text("n3xt")
        assert recording.send(body, tls=client(ours), Authorization=good)[0] == 401
        assert recording.send(body, tls=client(ours), Authorization="Bearer n3xt")[0] == 200
        assert recording.end()[0] == 0
    assert len(recorded(path)) == 1


def test_a_disk_that_is_full_is_told_and_tried_again(small_disk: Path) -> None:
    path = small_disk / "audit.log"
    with Recording("--path", path, "--insecure") as recording:
        assert recording.send(batch(event(1)))[0] == 200
        status, text = recording.send(batch(event(2), event(3, 100_000)))
        assert (status, text) == (503, "the log: No space left on device\n")
        assert recorded(path) == [{"kind": "Event", "apiVersion": "audit.k8s.io/v1", **event(1)}]
        assert recording.send(batch(event(2)))[0] == 200
        assert 'audit_error_total{plugin="log"} 2.0\n' in recording.send(b"", "GET", "/metrics")[1]
        assert recording.end()[0] == 0
    assert [found["auditID"] for found in recorded(path)] == ["id-1", "id-2"]


def test_hang_up_opens_the_file_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    with Recording("--path", path, "--insecure") as recording:
        assert recording.send(batch(event(1)))[0] == 200
        path.rename(tmp_path / "moved.log")
        subprocess.run(["kill", "-HUP", str(recording.pid)], check=True)
        deadline = time.monotonic() + SECONDS
        numbers = iter(range(2, 10_000))
        while not path.exists() and time.monotonic() < deadline:
            assert recording.send(batch(event(next(numbers))))[0] == 200
        assert recording.end()[0] == 0
    assert len(recorded(tmp_path / "moved.log")) + len(recorded(path)) == next(numbers) - 1


def test_alerts_that_nobody_reads_do_not_stop_it(tmp_path: Path) -> None:
    path, rules = tmp_path / "audit.log", tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with Recording("--path", path, "--insecure", "-r", rules) as recording:
        recording.close_output()
        for number in range(3):
            assert recording.send(batch(event(number)))[0] == 200
        assert recording.end()[0] == 0
    assert len(recorded(path)) == 3
    assert any("alerts cannot be printed" in line for line in recording.messages)


@pytest.mark.parametrize(("seed", "options"), [(1, []), (2, ["--compress"])])
def test_kill_loses_nothing_that_was_answered(
    tmp_path: Path, seed: int, options: list[str]
) -> None:
    """Numbered batches, sent again until they are answered, and SIGKILL at a random moment, 25
    times: every event is there once.
    """
    moments = random.Random(seed)  # noqa: S311 - not for secrets
    path = tmp_path / "audit.log"
    command: list[str | Path] = ["--path", path, "--insecure", "--maxsize", "1", *options]
    answered = 0

    def send(recording: Recording) -> None:
        nonlocal answered
        numbers = range(answered, answered + 20)
        assert recording.send(batch(*(event(one, 2000) for one in numbers)))[0] == 200
        answered += 20

    for _ in range(25):
        with Recording(*command) as recording:
            killer = threading.Timer(moments.uniform(0, 0.15), recording.end, [signal.SIGKILL])
            killer.start()
            try:
                while True:
                    send(recording)
            except (OSError, http.client.HTTPException):  # it is dead
                killer.join()
    with Recording(*command) as recording:
        send(recording)
        assert recording.end()[0] == 0
    assert answered > 100
    assert [one["auditID"] for one in recorded(path)] == [f"id-{one}" for one in range(answered)]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "--client-ca-file or --token-file"),
        (["--insecure", "--listen", "0.0.0.0:0"], "--insecure is for loopback"),
        (["--insecure", "--listen", "localhost:1"], "--listen: "),
        (["--insecure", "--listen", "127.0.0.1"], "is not ADDRESS:PORT"),
        (["--tls-cert-file", "x"], "go together"),
        (["--bookmark", "x", "--insecure"], "--bookmark needs --follow"),
        (["--mode", "sometimes"], "--mode"),
    ],
)
def test_usage(tmp_path: Path, options: list[str], complaint: str) -> None:
    done = lanner("audit", "record", "--path", tmp_path / "x", *options)
    assert done.returncode == 2
    assert complaint in done.stderr.decode()
    assert not (tmp_path / "x").exists()


def test_what_cannot_be(tmp_path: Path) -> None:
    record = ("audit", "record", "--insecure", "--listen", "127.0.0.1:0", "--path")
    cases: list[tuple[tuple[str | Path, ...], str]] = [
        ((tmp_path,), "Is a directory"),
        (("/dev/null/x",), "/dev/null: File exists"),
        ((tmp_path / "x", "--policy", tmp_path / "none"), "No such file"),
        ((tmp_path / "x", "-r", tmp_path / "none"), "none"),
        ((tmp_path / "x", "--token-file", tmp_path / "none"), "No such file"),
    ]
    for options, complaint in cases:
        done = lanner(*record, *options)
        assert done.returncode == 1, done.stderr
        assert complaint in done.stderr.decode()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = lanner(
            "audit", "record", "--insecure", "--listen", f"127.0.0.1:{port}", "--path", "-"
        )
    assert done.returncode == 1
    assert b"Address already in use" in done.stderr
