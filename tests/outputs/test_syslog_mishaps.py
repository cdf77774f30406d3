"""Collectors that read slowly, messages of a megabyte, daemons that take streams."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import trustme
from msgspec.structs import replace

from lanner.outputs.channels import DeliveryError, syslog
from tests.outputs.test_channels import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def read_frame(stream: socket.socket) -> bytes:
    """A message, by octet counting."""
    size = b""
    while not size.endswith(b" "):
        size += stream.recv(1)
    data = bytearray()
    while len(data) < int(size):
        data += stream.recv(int(size) - len(data))
    return bytes(data)


@contextmanager
def collector(
    scheme: str, tmp_path: Path, take: Callable[[socket.socket], None]
) -> Iterator[syslog.Settings]:
    """Listens for one connection, which `take` has; gives the settings by which it is reached."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca"))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection = server.accept()[0]
            connection.settimeout(20)
            if scheme == "tls":
                connection = context.wrap_socket(connection, server_side=True)
            with connection:
                take(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        ca = str(tmp_path / "ca") if scheme == "tls" else ""
        address = f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
        yield syslog.Settings(address=address, ca_cert=ca)
        thread.join(20)


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_message_of_a_megabyte_and_one_that_is_no_utf8(scheme: str, tmp_path: Path) -> None:
    got: list[bytes] = []

    def take(connection: socket.socket) -> None:
        got.extend(read_frame(connection) for _ in range(3))

    with collector(scheme, tmp_path, take) as settings:
        channel = syslog.Channel(settings)
        channel.send(messages("x\n" * (1 << 19), "\udcff \0", "last"))
    channel.close()
    assert got[0].endswith(b"] \xef\xbb\xbf" + b"x\n" * (1 << 19))
    assert got[1].endswith(b"] \xff \0")
    assert got[2].endswith(b"last")


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_collector_that_reads_now_and_then(scheme: str, tmp_path: Path) -> None:
    is_over = threading.Event()

    def take(connection: socket.socket) -> None:
        while not is_over.wait(0.02):
            connection.recv(16_384)

    with collector(scheme, tmp_path, take) as settings:
        channel = syslog.Channel(replace(settings, timeout_ms=500))
        with pytest.raises(DeliveryError, match="timed out") as caught:
            channel.send(messages("x" * 60_000_000))
        assert caught.value.delivered == 0
        is_over.set()
        channel.close()


@pytest.mark.parametrize("has_tickets", [True, False])
def test_a_collector_that_misses_a_certificate_gets_no_alert(
    tmp_path: Path, has_tickets: bool
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 2 if has_tickets else 0
    authority.cert_pem.write_to_path(str(tmp_path / "ca"))
    client = authority.issue_cert("client")
    client.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client"))
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(4):
                connection = server.accept()[0]
                connection.settimeout(20)
                with connection:
                    try:
                        with context.wrap_socket(connection, server_side=True) as wrapped:
                            got.append(read_frame(wrapped))
                    except ssl.SSLError:
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        channel = syslog.Channel(syslog.Settings(address=address, ca_cert=str(tmp_path / "ca")))
        for _ in range(3):
            with pytest.raises(DeliveryError, match="certificate required"):
                channel.send(messages("a"))
        channel.close()
        settings = syslog.Settings(
            address=address, ca_cert=str(tmp_path / "ca"), client_cert=str(tmp_path / "client")
        )
        channel = syslog.Channel(settings)
        channel.send(messages("b"))
        thread.join(20)
        channel.close()
    assert [one[-1:] for one in got] == [b"b"]


def test_a_daemon_of_this_machine_that_takes_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "log")
    monkeypatch.setattr(syslog, "LOCAL", path)
    channel = syslog.Channel(syslog.Settings())
    for line in ("first", "after a start of the daemon"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
            daemon.bind(path)
            daemon.listen()
            channel.send(messages(line, "and\0 more"))
            connection = daemon.accept()[0]
            with connection, connection.makefile("rb") as stream:
                got = b""
                while got.count(b"\0") < 2:
                    got += stream.read1()
        os.unlink(path)  # noqa: PTH108
        first, second, rest = got.split(b"\0")
        assert first.startswith(b"<10>")
        assert first.endswith(f" falco[{os.getpid()}]: {line}".encode())
        assert second.endswith(b": and  more")
        assert rest == b""
        with pytest.raises(DeliveryError):
            channel.send(messages("lost"))
    channel.close()
