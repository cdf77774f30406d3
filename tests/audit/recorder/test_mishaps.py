"""What goes wrong around a recorder does not go wrong in it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import ssl
from typing import TYPE_CHECKING

import trustme

from tests.audit.recorder.running import SECONDS, Recording, batch, event
from tests.audit.recorder.test_webhook import recorded

if TYPE_CHECKING:
    from pathlib import Path


def ids(path: Path) -> list[object]:
    return [found["auditID"] for found in recorded(path)]


def test_nobody_reads_the_lines() -> None:
    with Recording("--path", "-", "--insecure") as recording:
        recording.close_output()
        answer = recording.send(batch(event(1)))
        assert recording.wait() == 1
    assert answer == (503, "standard output: Broken pipe\n")
    assert recording.messages[-1] == "lanner: standard output: Broken pipe: ended\n"


def test_lines_on_standard_output() -> None:
    with Recording("--path", "-", "--insecure") as recording:
        assert recording.send(batch(event(1), event(2)))[0] == 200
        assert recording.send(batch(event(1)))[0] == 200
        code, out = recording.end()
    assert code == 0
    assert [line.count('"auditID":"id-') for line in out.splitlines()] == [1, 1]


def test_certificates_are_replaced_or_stay(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate, key, token = (tmp_path / name for name in ("server.crt", "server.key", "token"))
    token.write_text("t")

    def write(leaf: trustme.LeafCert, of_key: trustme.LeafCert) -> None:
        certificate.write_bytes(leaf.cert_chain_pems[0].bytes())
        key.write_bytes(of_key.private_key_pem.bytes())

    def presented(recording: Recording) -> str:
        address = ("127.0.0.1", recording.port)
        return ssl.get_server_certificate(address, timeout=SECONDS).strip()

    first, second = (authority.issue_cert("127.0.0.1") for _ in range(2))
    texts = [leaf.cert_chain_pems[0].bytes().decode().strip() for leaf in (first, second)]
    write(first, first)
    options = ("--tls-cert-file", certificate, "--tls-private-key-file", key)
    with Recording("--path", "-", *options, "--token-file", token) as recording:
        assert presented(recording) == texts[0]
        write(second, first)
        os.kill(recording.pid, signal.SIGHUP)
        recording.wait_for("key values mismatch")
        assert presented(recording) == texts[0]
        certificate.unlink()
        os.kill(recording.pid, signal.SIGHUP)
        recording.wait_for("No such file or directory: the certificate from before stays in use")
        assert presented(recording) == texts[0]
        write(second, second)
        os.kill(recording.pid, signal.SIGHUP)
        assert presented(recording) == texts[1]
        assert recording.end() == (0, "")


def test_a_file_that_cannot_be_opened_again(tmp_path: Path) -> None:
    path, moved = tmp_path / "log/audit.log", tmp_path / "moved/audit.log"
    with Recording("--path", path, "--insecure") as recording:
        assert recording.send(batch(event(1)))[0] == 200
        path.parent.rename(moved.parent)
        path.parent.write_text("no directory")
        os.kill(recording.pid, signal.SIGHUP)
        # Signals are handled before what comes next.
        assert [recording.send(batch(event(number)))[0] for number in (2, 3)] == [200, 200]
        recording.wait_for("Not a directory: the file that is open stays in use")
        assert recording.end() == (0, "")
    assert ids(moved) == ["id-1", "id-2", "id-3"]


def test_clients_that_ask_for_nothing_are_sent_away(tmp_path: Path) -> None:
    address = "127.0.0.1"
    with Recording("--path", tmp_path / "audit.log", "--insecure") as recording:
        used = http.client.HTTPConnection(address, recording.port, timeout=SECONDS)
        used.request("GET", "/healthz")
        assert used.getresponse().read() == b"ok\n"
        with contextlib.ExitStack() as idle:
            place = (address, recording.port)
            strangers = [
                idle.enter_context(socket.create_connection(place, SECONDS)) for _ in range(300)
            ]
            for one in strangers[::2]:
                # those that had to make room are gone by now
                with contextlib.suppress(ConnectionError):
                    one.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n")
            assert recording.send(batch(event(1)))[0] == 200
            for one in strangers:
                with contextlib.suppress(ConnectionError):
                    assert one.recv(1) == b""
        used.request("GET", "/healthz")  # the same connection
        assert used.getresponse().read() == b"ok\n"
        used.close()
        assert recording.end() == (0, "")


def test_strangers_keep_no_connection(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t")
    options = ("--path", tmp_path / "audit.log", "--insecure", "--token-file", token)
    with Recording(*options) as recording:
        stranger = http.client.HTTPConnection("127.0.0.1", recording.port, timeout=SECONDS)
        stranger.request("GET", "/healthz")
        answer = stranger.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (401, "close")
        stranger.close()
        assert recording.end() == (0, "")
