"""Peers that go away without a word, messages that do not fit, secrets that cannot be used."""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import http.server
import os
import queue
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from lanner.outputs.channels import DeliveryError, file, journal, syslog
from lanner.outputs.channels import http as web
from lanner.outputs.channels import lines as lines_of
from tests.outputs.test_channels import messages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_collector_that_closed_gets_the_next_alert_over_a_new_connection(
    scheme: str, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca"))
    got: list[bytes] = []
    closed: queue.SimpleQueue[None] = queue.SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(3):
                connection = server.accept()[0]
                if scheme == "tls":
                    connection = context.wrap_socket(connection, server_side=True)
                with connection:
                    got.append(connection.recv(65536))
                closed.put(None)

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
        ca = str(tmp_path / "ca") if scheme == "tls" else ""
        channel = syslog.Channel(syslog.Settings(address=address, ca_cert=ca))
        for line in ("a", "b", "c"):
            channel.send(messages(line))
            closed.get(timeout=20)
        thread.join(20)
        channel.close()
    assert [data[-1:] for data in got] == [b"a", b"b", b"c"]


def test_a_message_that_is_cut_says_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        address = f"udp://127.0.0.1:{server.getsockname()[1]}"
        channel = syslog.Channel(syslog.Settings(address=address))
        for shift in range(3):
            channel.send(messages("x" * shift + "€" * 30_000))
            data = server.recv(65536)
            assert 59_990 <= len(data) <= 60_000
            text = data.decode()
            assert text.endswith("bytes in all]")
            assert f" [cut: {len(text.partition('x')[0])}" not in text
        channel.send(messages("\udcff is no UTF-8"))
        assert server.recv(65536).endswith(b"] \xff is no UTF-8")
        channel.close()


@pytest.mark.parametrize("address", ["udp://a..b:514", f"tcp://{'x' * 64}.org"])
def test_names_that_cannot_be_looked_up(address: str) -> None:
    with pytest.raises(ValueError, match="`address` is udp://"):
        syslog.Channel(syslog.Settings(address=address))


def test_what_the_journal_gets_in_a_file_cannot_change(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(path)
        channel = journal.Channel(journal.Settings(socket=path))
        channel.send(messages("x" * 1_000_000))
        descriptors = socket.recv_fds(journald, 1, 1)[1]
        channel.close()
    seals = fcntl.fcntl(descriptors[0], fcntl.F_GET_SEALS)
    os.close(descriptors[0])
    # journald asks for these four (systemd: journald-native.c)
    wanted = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    assert seals & wanted == wanted


@pytest.mark.parametrize("size", [250, 5_000])  # four bytes each: less than PIPE_BUF, and more
def test_a_pipe_whose_reader_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(lines_of, "_PATIENCE_S", 0.2)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR)  # so that there is always a writer, too
    channel = file.Channel(file.Settings(filename=str(path)))
    lines = [f"{number:04}" * size for number in range(400)]
    with pytest.raises(DeliveryError, match="nobody has read from it") as caught:
        channel.send(messages(*lines))
    delivered = caught.value.delivered
    assert 0 < delivered < len(lines)
    monkeypatch.setattr(lines_of, "_PATIENCE_S", 20)
    got = b""
    for start in (delivered, len(lines)):
        while got.count(b"\n") < start:
            got += os.read(reader, 65536)
        if start < len(lines):
            sender = threading.Thread(target=channel.send, args=(messages(*lines[start:]),))
            sender.start()
    sender.join(20)
    channel.close()
    os.close(reader)
    assert got.decode().split("\n")[:-1] == lines


def test_the_rest_of_a_line_that_was_given_up_does_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_of, "_PATIENCE_S", 0.2)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR)
    channel = file.Channel(file.Settings(filename=str(path)))
    with pytest.raises(DeliveryError):
        channel.send(messages("x" * 1_000_000))
    got = os.read(reader, 1_000_000)
    after = messages("after")[0]
    channel.send([after._replace(record=after.record._replace(id=2))])
    channel.close()
    got += os.read(reader, 1_000_000)
    os.close(reader)
    assert got.strip(b"x") == b"\nafter\n"


@pytest.mark.parametrize("room", [0, 1, 50])
def test_a_line_behind_one_that_was_given_up_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    path = tmp_path / "file"
    writer = lines_of.LineWriter("it")
    left = 0

    def write(file: int, data: bytes) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = os.write(file, data[:left])
        left -= written
        return written

    monkeypatch.setattr(lines_of, "_write", write)
    first, after = messages("given up" * 100, "after" * 100)
    after = after._replace(record=after.record._replace(id=2))
    with path.open("wb", buffering=0) as out:
        for has_room, message in ((20, first), (room, after), (10_000, after)):
            left = has_room
            with contextlib.suppress(DeliveryError):
                writer.send(out.fileno(), [message])
    given_up, *whole = path.read_text("utf-8").splitlines()
    assert first.line.startswith(given_up)
    assert whole == [after.line]


def test_standard_output_as_a_file() -> None:
    """What /dev/stdout leads to has no name of its own where it is a pipe."""
    code = (
        "from tests.outputs.test_channels import messages\n"
        "from lanner.outputs.channels import file\n"
        "file.Channel(file.Settings(filename='/dev/stdout')).send(messages('a', 'b'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a\nb\n"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"url": "http://x:99999"}, "`url` is not http"),
        ({"url": "http://:80/x"}, "`url` is not http"),
        ({"url": "http://["}, "`url` is not http"),
        ({"url": "http://x..y"}, "`url` is not http"),
        ({"url": "unix:///run/x"}, "`url` is not http"),
        ({"url": "http://x", "headers": {"a b": "c"}}, "`a b` is not a header"),
        ({"url": "http://x", "headers": {"a": "b\r\nc: d"}}, "`a` is not a header"),
        ({"url": "http://x", "headers": {"a": "ü"}}, "`a` is not a header"),
        ({"url": "http://x", "headers": {"Content-Length": "1"}}, "is set with each alert"),
        ({"url": "http://x", "user_agent": "a\r\nb: c"}, "`user-agent` is not a header"),
    ],
)
def test_places_and_headers_that_are_none(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        web.Channel(web.Settings(**settings))


@pytest.mark.parametrize("has_token", [True, False])
def test_secrets_that_a_service_repeats_are_not_said(tmp_path: Path, *, has_token: bool) -> None:
    class Echo(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            said = f"cannot POST {self.path}\n{self.headers}"[:400].encode()
            self.send_response(404)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None: ...

    token = tmp_path / "token"
    token.write_text("SECRET1")
    with http.server.HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        place = f"127.0.0.1:{server.server_port}"
        settings = web.Settings(
            url=f"http://user:SECRET2@{place}/services/SECRET3?key=SECRET4",
            headers={"x-key": "SECRET5"},
            token_file=str(token) if has_token else "",
            user_agent="",
        )
        channel = web.Channel(settings)
        with pytest.raises(DeliveryError, match="404 cannot POST") as caught:
            channel.send(messages("a"))
        thread.join(20)
        channel.close()
    assert place in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert base64.b64encode(b"user:SECRET2").decode() not in str(caught.value)


def test_a_url_that_is_none_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="`url` is not") as caught:
        web.Channel(web.Settings(url="htps://user:SECRET@host/SECRET"))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("token", ["gehéim", "a\nb", "\x00"])
def test_a_token_that_is_none(tmp_path: Path, token: str) -> None:
    path = tmp_path / "token"
    path.write_text(token, "utf-8")
    channel = web.Channel(web.Settings(url="http://127.0.0.1:9", token_file=str(path)))
    with pytest.raises(DeliveryError, match="is not a token") as caught:
        channel.send(messages("a"))
    assert token not in str(caught.value)
    channel.close()


def test_an_encrypted_key_is_an_error_and_no_question(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("client")
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "crt"))
    key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "key").write_bytes(encrypted)
    certificate_path, key_path = str(tmp_path / "crt"), str(tmp_path / "key")
    settings = syslog.Settings(
        address="tls://127.0.0.1", client_cert=certificate_path, client_key=key_path
    )
    with pytest.raises(ValueError, match="key"):
        syslog.Channel(settings)
