"""Channels and their peers: real files, programs, sockets and servers."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import json
import os
import resource
import socket
import ssl
import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from lanner.outputs.channels import DeliveryError, Message, Record, file, journal, program, syslog
from lanner.outputs.channels import http as web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALERT = {
    "output": "x",
    "output_fields": {"proc.name": "sh", "fd.name": None, "proc.pid": 7},
    "tags": ["a", "b"],
}


def messages(*lines: str) -> list[Message]:
    record = Record(1, 1_800_000_000_123_456_789, 2, 'A "rule"]', "syscall", json.dumps(ALERT), "t")
    return [Message(line, record) for line in lines]


# files


def test_file_gets_lines_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "alerts.txt"
    channel = file.Channel(file.Settings(filename=str(path)))
    channel.send(messages("a", "b"))
    path.rename(tmp_path / "moved")
    channel.send(messages("c"))
    channel.close()
    assert (tmp_path / "moved").read_text() == "a\nb\n"
    assert path.read_text() == "c\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_kept_open_is_opened_anew_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "alerts.txt"
    channel = file.Channel(file.Settings(filename=str(path), keep_alive=True))
    channel.send(messages("a"))
    path.rename(tmp_path / "moved")
    channel.send(messages("b"))
    channel.reopen()
    channel.send(messages("c"))
    channel.close()
    assert (tmp_path / "moved").read_text() == "a\nb\n"
    assert path.read_text() == "c\n"


def test_a_file_that_was_removed_gets_nothing_any_more(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "alerts.txt"
    channel = file.Channel(file.Settings(filename=str(path), keep_alive=True))
    channel.send(messages("a"))
    path.unlink()
    channel.send(messages("b"))
    assert path.read_text() == "b\n"
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(DeliveryError, match="No such file"):
        channel.send(messages("c"))
    path.parent.mkdir()
    channel.send(messages("c"))
    channel.close()
    assert path.read_text() == "c\n"


def test_a_large_file_becomes_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "alerts.txt"
    settings = file.Settings(filename=str(path), max_size_mb=1, max_backups=2, compress=True)
    channel = file.Channel(settings)
    for number in range(5):
        channel.send(messages(*[str(number) * 999] * 1_000))
    channel.close()
    found = sorted(tmp_path.iterdir())
    assert len([one for one in found if one.suffix == ".gz"]) == 2
    assert path.stat().st_size <= 1 << 20


def test_a_full_device_is_an_error() -> None:
    channel = file.Channel(file.Settings(filename="/dev/full"))
    with pytest.raises(DeliveryError, match="No space left on device") as caught:
        channel.send(messages("a"))
    assert caught.value.delivered == 0


def test_a_file_without_room_keeps_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "alerts.txt"
    channel = file.Channel(file.Settings(filename=str(path)))
    channel.send(messages("a" * 600))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DeliveryError, match="File too large"):
            channel.send(messages("b" * 600))
        assert path.read_text() == "a" * 600 + "\n"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    channel.send(messages("c"))
    channel.close()
    assert path.read_text() == "a" * 600 + "\nc\n"


def test_a_file_that_others_cut_gets_no_gap(tmp_path: Path) -> None:
    """logrotate's copytruncate, and then a disk without room."""
    path = tmp_path / "alerts.txt"
    channel = file.Channel(file.Settings(filename=str(path), keep_alive=True))
    channel.send(messages("a" * 900))
    os.truncate(path, 0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(DeliveryError, match="File too large"):
            channel.send(messages("b" * 1200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    channel.send(messages("c"))
    channel.close()
    assert path.read_text() == "c\n"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    channel = file.Channel(file.Settings(filename=str(tmp_path)))
    with pytest.raises(DeliveryError, match="Is a directory"):
        channel.send(messages("a"))


# programs


def test_a_program_for_each_alert(tmp_path: Path) -> None:
    path = tmp_path / "out"
    channel = program.Channel(program.Settings(program=f"(echo begin; cat) >> {path}"))
    channel.send(messages("a", "b"))
    channel.close()
    assert path.read_text() == "begin\na\nbegin\nb\n"


def test_one_program_for_all(tmp_path: Path) -> None:
    path = tmp_path / "out"
    settings = program.Settings(program=f"echo begin > {path}; cat >> {path}", keep_alive=True)
    channel = program.Channel(settings)
    channel.send(messages("a"))
    channel.send(messages("b" * 200_000))
    channel.close()
    assert path.read_text() == f"begin\na\n{'b' * 200_000}\n"


@pytest.mark.parametrize(
    ("command", "keep_alive", "problem"),
    [
        ("cat >/dev/null; exit 3", False, "ended with exit code 3"),
        ("cat >/dev/null; exec sleep 60", False, "did not end within 300 ms"),
        ("exec sleep 60", True, "did not take an alert within 300 ms"),
        ("exec <&-; exec sleep 60", True, "does not read any more|did not take"),
        ("/nowhere/program", True, "ended with exit code 127"),
        ("/nowhere/program", False, "ended with exit code 127"),
        ("kill -9 $$", True, "ended with exit code -9"),
        ("exit 0", True, "ended with exit code 0"),
    ],
)
def test_a_program_that_fails(command: str, keep_alive: bool, problem: str) -> None:
    settings = program.Settings(program=command, keep_alive=keep_alive, timeout_ms=300)
    channel = program.Channel(settings)
    with pytest.raises(DeliveryError, match=problem):
        channel.send(messages("a" * 1_000_000, "b" * 1_000_000))
    channel.close()


def test_what_a_program_left_in_its_pipe_comes_again(tmp_path: Path) -> None:
    """Each takes one alert, and goes."""
    path = tmp_path / "out"
    settings = program.Settings(program=f"read -r line; echo $line >> {path}", keep_alive=True)
    channel = program.Channel(settings)
    lines = [str(number) for number in range(5)]
    calls = 0
    while calls < len(lines):
        with contextlib.suppress(DeliveryError):
            channel.send(messages(*lines[calls:]))
        calls += 1
    channel.close()
    assert path.read_text().split() == lines


def test_a_program_that_reads_nothing_and_succeeds_has_its_alert() -> None:
    channel = program.Channel(program.Settings(program="head -c 100000 /dev/zero >/dev/null"))
    channel.send(messages("a", "b" * 1_000_000))
    channel.close()


# HTTP


class Collector:
    """A web service that answers as it is told."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[Any] = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if len(body) < int(self.headers["content-length"]):
                    return  # the sender is gone
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.requests.append((headers, body))
                answer = collector.answers.pop(0) if collector.answers else 200
                if answer == "close":
                    self.close_connection = True
                elif answer == "half":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                    self.close_connection = True
                elif answer == "hang":
                    collector.released.wait(20)
                    self.close_connection = True
                else:
                    self.send_response(answer)
                    self.send_header("content-length", "3")
                    self.end_headers()
                    self.wfile.write(b"no\n")

            def log_message(self, *_: object) -> None:
                pass

        self.released = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        # clients that go away are part of the test
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.port = self._server.server_address[1]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


def channel_to(collector: Collector, **settings: Any) -> web.Channel:
    return web.Channel(web.Settings(url=f"http://127.0.0.1:{collector.port}/", **settings))


def test_alerts_are_posted_one_by_one(collector: Collector, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    channel = channel_to(collector, headers={"x-a": "b"}, token_file=str(token))
    channel.send(messages('{"a":1}', "text ü"))
    channel.close()
    [(first, body), (second, text)] = collector.requests
    assert (body, text.decode()) == (b'{"a":1}', "text ü")
    assert first["content-type"] == "application/json"
    assert second["content-type"] == "text/plain"
    assert first["user-agent"] == "falcosecurity/falco"
    assert (first["x-a"], first["authorization"]) == ("b", "Bearer secret")


def test_uploads_are_compressed(collector: Collector) -> None:
    channel = channel_to(collector, compress_uploads=True)
    channel.send(messages("a" * 1000))
    channel.close()
    [(headers, body)] = collector.requests
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == b"a" * 1000


@pytest.mark.parametrize(
    ("answers", "delivered", "is_final", "problem"),
    [
        ([200, 200, 500], 2, False, ": 500 no"),
        ([201, 400], 1, True, ": 400 no"),
        ([413], 0, True, ": 413"),
        ([429], 0, False, ": 429"),
        ([401], 0, False, ": 401"),
        ([302], 0, False, ": 302 redirects are not followed"),
        (["close"], 0, False, "disconnected"),
        ([200, "half"], 1, False, "closed"),
        (["hang"], 0, False, "no answer within 300 ms"),
    ],
)
def test_what_a_service_does_not_take(
    collector: Collector, answers: list[Any], delivered: int, is_final: bool, problem: str
) -> None:
    collector.answers = answers
    channel = channel_to(collector, timeout_ms=300)
    with pytest.raises(DeliveryError, match=problem) as caught:
        channel.send(messages("a", "b", "c"))
    assert (caught.value.delivered, caught.value.is_final) == (delivered, is_final)
    collector.answers = []
    channel.send(messages("d"))
    assert collector.requests[-1][1] == b"d"
    channel.close()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    channel = web.Channel(web.Settings(url=f"http://user:secret@127.0.0.1:{port}/x"))
    with pytest.raises(DeliveryError, match=r"http://127\.0\.0\.1:\d+: .*refused"):
        channel.send(messages("a"))
    channel.close()


def test_certificates_on_both_sides(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    client = authority.issue_cert("client")
    paths = {name: tmp_path / name for name in ("ca", "other", "crt", "key")}
    authority.cert_pem.write_to_path(paths["ca"])
    other.cert_pem.write_to_path(paths["other"])
    client.cert_chain_pems[0].write_to_path(paths["crt"])
    client.private_key_pem.write_to_path(paths["key"])
    collector = Collector(context)
    url = f"https://127.0.0.1:{collector.port}/"
    own = {"mtls": True, "client_cert": str(paths["crt"]), "client_key": str(paths["key"])}
    for settings, is_taken in (
        ({"ca_cert": str(paths["ca"]), **own}, True),
        ({"ca_bundle": str(paths["ca"]), **own}, True),
        ({"insecure": True, **own}, True),
        ({"ca_cert": str(paths["other"]), **own}, False),
        ({"ca_cert": str(paths["ca"])}, False),
    ):
        before = len(collector.requests)
        channel = web.Channel(web.Settings(url=url, **settings))
        if is_taken:
            channel.send(messages("a"))
        else:
            with pytest.raises(DeliveryError):
                channel.send(messages("a"))
        channel.close()
        assert len(collector.requests) - before == is_taken
    collector.close()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"url": "ftp://x"}, "`url` is not http"),
        ({"url": "https://x", "ca_cert": "/nowhere"}, "/nowhere: No such file"),
        ({"url": "https://x", "mtls": True, "client_cert": "/nowhere"}, "No such file"),
    ],
)
def test_http_settings_that_are_wrong(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        web.Channel(web.Settings(**settings))


# syslog


def test_syslog_by_udp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        address = f"udp://127.0.0.1:{server.getsockname()[1]}"
        channel = syslog.Channel(syslog.Settings(address=address, facility="local3", ident="my id"))
        channel.send(messages("an alert"))
        text = server.recv(65536).decode()
        channel.close()
    head, _, rest = text.partition(" [")
    assert head.startswith("<154>1 2027-01-15T08:00:00.123456Z ")  # local3, critical
    assert head.endswith(f" myid {os.getpid()} alert")
    assert rest == (
        'lanner@32473 rule="A \\"rule\\"\\]" source="syscall" tags="a,b"] \ufeffan alert'
    )


def test_syslog_by_tls_counts_octets_and_connects_again() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server, authority.cert_pem.tempfile() as ca:

        def serve() -> None:
            for _ in range(2):
                connection = context.wrap_socket(server.accept()[0], server_side=True)
                with connection:
                    got.append(connection.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        channel = syslog.Channel(syslog.Settings(address=address, ca_cert=ca))
        channel.send(messages("two\nlines"))
        channel.reopen()
        channel.send(messages("next"))
        thread.join(20)
        channel.close()
    for data, end in zip(got, ("two\nlines", "next"), strict=True):
        count, _, rest = data.partition(b" ")
        assert int(count) == len(rest)
        assert rest.decode().endswith(end)


def test_syslog_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "log")
    monkeypatch.setattr(syslog, "LOCAL", path)
    channel = syslog.Channel(syslog.Settings())
    with pytest.raises(DeliveryError, match="No such file"):
        channel.send(messages("a"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(path)
        channel.send(messages("an alert"))
        text = daemon.recv(65536).decode()
    channel.close()
    assert text.startswith("<10>")  # user, critical
    assert text.endswith(f" falco[{os.getpid()}]: an alert")


@pytest.mark.parametrize("address", ["http://x", "udp://", "tcp://x:99999", "collector:514"])
def test_syslog_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ValueError, match="`address` is udp://"):
        syslog.Channel(syslog.Settings(address=address))


# the journal


def parsed(entry: bytes) -> dict[str, str]:
    """The fields of an entry, by the protocol."""
    fields = {}
    while entry:
        line, _, entry = entry.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(entry[:8], "little")
            value, entry = entry[8 : 8 + size], entry[8 + size + 1 :]
        fields[name.decode()] = value.decode()
    return fields


@pytest.mark.parametrize("size", [5, 1_000_000])
def test_entries_of_the_journal(tmp_path: Path, size: int) -> None:
    path = str(tmp_path / "socket")
    line = "line\n" + "x" * size
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(path)
        journald.settimeout(20)
        channel = journal.Channel(journal.Settings(socket=path))
        channel.send(messages(line))
        entry, descriptors, *_ = socket.recv_fds(journald, 1 << 20, 1)
        channel.close()
    if descriptors:
        with os.fdopen(descriptors[0], "rb") as content:
            content.seek(0)
            entry = content.read()
    assert bool(descriptors) == (size > 500_000)
    assert parsed(entry) == {
        "MESSAGE": line,
        "PRIORITY": "2",
        "SYSLOG_IDENTIFIER": "lanner",
        "LANNER_RULE": 'A "rule"]',
        "LANNER_SOURCE": "syscall",
        "LANNER_TIME": "1800000000123456789",
        "LANNER_TAGS": "a,b",
        "LANNER_FIELD_PROC_NAME": "sh",
        "LANNER_FIELD_PROC_PID": "7",
    }


def test_no_journal(tmp_path: Path) -> None:
    channel = journal.Channel(journal.Settings(socket=str(tmp_path / "none")))
    with pytest.raises(DeliveryError, match="No such file"):
        channel.send(messages("a"))
    channel.close()
