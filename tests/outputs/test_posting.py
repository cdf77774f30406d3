"""Web services that answer slowly, in pieces or oddly, and proxies before them."""

from __future__ import annotations

import base64
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from lanner.outputs.channels import DeliveryError
from lanner.outputs.channels import http as web
from tests.outputs.test_channels import Collector, messages

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Peer:
    """Answers each request of a connection with the same bytes; with a `pause`, one at a time and
    for ever."""

    def __init__(self, answer: bytes, *, pause: float = 0.0, closes: bool = False) -> None:
        self.requests: list[bytes] = []
        self._answer, self._pause, self._closes = answer, pause, closes
        self._is_over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            connection = self._server.accept()[0]
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with connection, connection.makefile("rb") as stream:
            try:
                while head := b"".join(iter(stream.readline, b"\r\n")) if stream.peek() else b"":
                    size = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
                    self.requests.append(head + b"\r\n" + stream.read(int(size or 0)))
                    self._say(connection)
                    if self._closes:
                        return
            except OSError:
                pass  # whoever asked is gone

    def _say(self, connection: socket.socket) -> None:
        if not self._pause:
            connection.sendall(self._answer)
            return
        while True:
            for byte in self._answer:
                connection.sendall(bytes([byte]))
                if self._is_over.wait(self._pause):
                    return

    def close(self) -> None:
        self._is_over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join(30)
        self._server.close()


def channel_to(peer: Peer, **settings: Any) -> web.Channel:
    return web.Channel(web.Settings(url=f"http://127.0.0.1:{peer.port}/", **settings))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000,  # a head without an end
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n" + b"x" * 60000,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000,
    ],
)
def test_an_answer_that_drips_is_none(answer: bytes) -> None:
    peer = Peer(answer, pause=0.01)
    channel = channel_to(peer, timeout_ms=300)
    with pytest.raises(DeliveryError, match="no answer within 300 ms") as caught:
        channel.send(messages("a"))
    assert caught.value.delivered == 0
    channel.close()
    peer.close()


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000,
    ],
)
def test_answers_that_take_an_alert(answer: bytes, closes: bool) -> None:
    peer = Peer(answer, closes=closes)
    channel = channel_to(peer)
    channel.send(messages("a", "b" * 5_000_000, "c"))
    channel.close()
    peer.close()
    assert [one.rpartition(b"\r\n")[2] for one in peer.requests] == [b"a", b"b" * 5_000_000, b"c"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "illegal chunk header"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nx", "closed connection"),
        (b"HTTP/1.1 101 Other Protocol\r\nupgrade: x\r\n\r\n", "UPGRADE"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000_000, "too long|reset"),
        (b"SSH-2.0-OpenSSH\r\n", "illegal status line|disconnected"),
    ],
)
def test_answers_that_are_none(answer: bytes, problem: str) -> None:
    peer = Peer(answer, closes=True)
    channel = channel_to(peer)
    with pytest.raises(DeliveryError, match=problem) as caught:
        channel.send(messages("a"))
    assert (caught.value.delivered, caught.value.is_final) == (0, False)
    channel.close()
    peer.close()


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("7", 7, 7),
        (timedelta(hours=1), 3000, 3600),
        (timedelta(hours=-1), 0, 0),
        ("-5", 0, 0),
        ("nan", 0, 0),
        ("soon", 0, 0),
    ],
)
def test_a_service_that_asks_for_time(
    retry_after: str | timedelta, least: float, most: float
) -> None:
    if isinstance(retry_after, timedelta):
        retry_after = format_datetime(datetime.now(UTC) + retry_after, usegmt=True)
    head = f"HTTP/1.1 429 Slow Down\r\nRetry-After: {retry_after}\r\ncontent-length: 0\r\n\r\n"
    peer = Peer(head.encode())
    channel = channel_to(peer)
    with pytest.raises(DeliveryError, match="429") as caught:
        channel.send(messages("a"))
    assert least <= caught.value.wait_s <= most
    channel.close()
    peer.close()


def test_a_header_of_the_configuration_is_there_once() -> None:
    peer = Peer(OK)
    channel = channel_to(peer, headers={"Content-Type": "text/x", "HOST": "other"})
    channel.send(messages("{}"))
    channel.close()
    peer.close()
    head = peer.requests[0].lower()
    assert head.count(b"content-type:") == head.count(b"host:") == 1
    assert b"content-type: text/x\r\n" in head
    assert b"host: other\r\n" in head


def test_a_scheme_in_capitals_is_checked_like_any() -> None:
    with pytest.raises(ValueError, match="/nowhere: No such file"):
        web.Channel(web.Settings(url="HTTPS://x", ca_cert="/nowhere"))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_a_proxy_of_the_environment(environment: pytest.MonkeyPatch) -> None:
    proxy = Peer(OK)
    environment.setenv("HTTP_PROXY", f"http://me:word@127.0.0.1:{proxy.port}")
    channel = web.Channel(web.Settings(url="http://a:b@collector.invalid:2801/x?y=1"))
    channel.send(messages("a"))
    channel.close()
    proxy.close()
    [request] = proxy.requests
    lines = request.split(b"\r\n")
    assert lines[0] == b"POST http://collector.invalid:2801/x?y=1 HTTP/1.1"
    assert b"Host: collector.invalid:2801" in lines
    assert b"Authorization: Basic " + base64.b64encode(b"a:b") in lines
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:word") in lines


def test_a_proxy_that_does_not_let_through(environment: pytest.MonkeyPatch) -> None:
    proxy = Peer(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
    environment.setenv("https_proxy", f"127.0.0.1:{proxy.port}")
    channel = web.Channel(web.Settings(url="https://collector.invalid/"))
    with pytest.raises(DeliveryError, match="403 Forbidden"):
        channel.send(messages("a"))
    channel.close()
    proxy.close()
    assert proxy.requests[0].startswith(b"CONNECT collector.invalid:443 HTTP/1.1\r\n")


@pytest.mark.parametrize("names", ["127.0.0.1", "*", "10.0.0.1, 127.0.0.1"])
def test_what_goes_to_no_proxy(environment: pytest.MonkeyPatch, names: str) -> None:
    environment.setenv("ALL_PROXY", "http://127.0.0.1:9")
    environment.setenv("NO_PROXY", names)
    collector = Collector()
    channel = web.Channel(web.Settings(url=f"http://127.0.0.1:{collector.port}/"))
    channel.send(messages("a"))
    channel.close()
    collector.close()
    assert [body for _, body in collector.requests] == [b"a"]


@pytest.mark.parametrize("proxy", ["socks5://SECRET@x:1", "https://SECRET@x", "http://SECRET@x:0"])
def test_proxies_that_cannot_be_used(environment: pytest.MonkeyPatch, proxy: str) -> None:
    environment.setenv("ALL_PROXY", proxy)
    with pytest.raises(ValueError, match=r"HTTP_PROXY is not http://HOST:PORT") as caught:
        web.Channel(web.Settings(url="http://x"))
    assert "SECRET" not in str(caught.value)


def test_an_address_of_ipv6() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
    channel = web.Channel(web.Settings(url=f"http://[::1]:{port}/"))
    with pytest.raises(DeliveryError, match=rf"http://\[::1\]:{port}: .*refused"):
        channel.send(messages("a"))
    channel.close()
