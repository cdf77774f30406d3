"""POSTs over one connection that is kept; each has so much time and no more.

Time-outs of HTTP libraries are those of each read, so that a peer that sends a byte now and then
holds them for hours: here, the sockets know the end.
"""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import string
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping
    from urllib.parse import SplitResult

_MAX_ANSWER = 64 << 10


class Answer(NamedTuple):
    """What came back: of `text`, the beginning; `retry_after` is that header, or empty."""

    status: int
    text: str
    retry_after: str


class Poster:
    """For one thread at a time."""

    def __init__(self, url: str, context: ssl.SSLContext | None) -> None:
        """Connects to nothing yet. The proxy is that of the environment (`HTTP_PROXY`,
        `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, also in lower case).

        Args:
            url: http://… or https://…, with a host.
            context: how the peer is checked, for https.

        Raises:
            ValueError: the host has no name that can be looked up, or the proxy cannot be used.

        """
        parts = urlsplit(url)
        host = _host(parts)
        target = quote(parts.path or "/", safe=string.punctuation)
        if parts.query:
            target += "?" + quote(parts.query, safe=string.punctuation)
        self._url = httpcore.URL(
            scheme=parts.scheme, host=host, port=parts.port, target=target.encode()
        )
        shown = b"[%b]" % host if b":" in host else host
        self._headers = [(b"Host", b"%b:%d" % (shown, parts.port) if parts.port else shown)]
        self.secrets: tuple[str, ...] = ()
        """What must not be said, in the forms in which it is sent."""
        if login := _login(parts):
            encoded = base64.b64encode(b"%b:%b" % login)
            self._headers.append((b"Authorization", b"Basic " + encoded))
            self.secrets = (encoded.decode(), login[1].decode())
        self._network = _Network()
        options: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": 1,
            "network_backend": self._network,
        }
        proxy = _proxy(parts)
        self._pool = (
            httpcore.HTTPProxy(
                f"http://{proxy.netloc.rpartition('@')[2]}", proxy_auth=_login(proxy), **options
            )
            if proxy
            else httpcore.ConnectionPool(**options)
        )

    def post(self, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Answer:
        """Posts a body.

        Raises:
            OSError: there was no answer, or no whole one; a TimeoutError, within that time.

        """
        self._network.deadline = time.monotonic() + timeout_s
        own = [(name.encode(), value.encode()) for name, value in headers.items()]
        given = {name.lower() for name, _ in own}
        own += [one for one in self._headers if one[0].lower() not in given]
        self._network.is_kept = True
        try:
            return self._exchange(own, body)
        except TimeoutError:
            raise
        except OSError:
            if not self._network.is_kept:
                raise
            # the peer closed it, which could not be seen yet
            return self._exchange(own, body)

    def _exchange(self, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
        try:
            with self._pool.stream("POST", self._url, headers=headers, content=body) as response:
                answer = b""
                for piece in response.iter_stream():
                    answer += piece
                    if len(answer) > _MAX_ANSWER:
                        break
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
            raise OSError(str(error) or "the connection broke") from None
        found = {name.lower(): value for name, value in response.headers}
        retry_after = found.get(b"retry-after", b"").decode("latin-1")
        return Answer(response.status, answer.decode("utf-8", "replace"), retry_after)

    def close(self) -> None:
        """Closes the connection."""
        with contextlib.suppress(RuntimeError):  # another thread, which was given up, is in it
            self._pool.close()


class _Network(httpcore.NetworkBackend):
    """Connects until the `deadline` (monotonic seconds). With `is_kept`, what is used was connected
    before, and has not answered since.
    """

    deadline = 0.0
    is_kept = False

    def left(self) -> float:
        """Seconds until then."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> _Stream:
        self.is_kept = False
        connection = socket.create_connection((host, port), self.left())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Stream(connection, self)


class _Stream(httpcore.NetworkStream):
    """A connection."""

    def __init__(self, connection: socket.socket, network: _Network) -> None:
        self._socket = connection
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        self._socket.settimeout(self._network.left())
        data = self._socket.recv(max_bytes)
        self._network.is_kept &= not data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        left = memoryview(buffer)
        while left:
            self._socket.settimeout(self._network.left())
            try:
                left = left[self._socket.send(left) :]
            except TimeoutError:
                raise
            except OSError as error:
                # then the answer is read, which may be there already
                raise httpcore.WriteError(str(error)) from None

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> _Stream:
        self._socket.settimeout(self._network.left())
        with contextlib.ExitStack() as failed:
            failed.callback(self._socket.close)
            wrapped = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
            failed.pop_all()
        return _Stream(wrapped, self._network)

    def get_extra_info(self, info: str) -> Any:
        """Whether the peer has closed, or speaks without being asked."""
        if info != "is_readable":
            return None
        readable = select.poll()
        readable.register(self._socket, select.POLLIN)
        return bool(readable.poll(0))

    def close(self) -> None:
        self._socket.close()


def _host(parts: SplitResult) -> bytes:
    name = parts.hostname or ""
    if ":" in name:
        return name.replace("%25", "%").encode("ascii")
    return name.encode("ascii" if name.isascii() else "idna")


def _login(parts: SplitResult) -> tuple[bytes, bytes] | None:
    if parts.username is None:
        return None
    return unquote(parts.username).encode(), unquote(parts.password or "").encode()


def _proxy(parts: SplitResult) -> SplitResult | None:
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    names = (parts.netloc.rpartition("@")[2], parts.hostname or "")
    if not address or any(map(proxy_bypass, names)):
        return None
    with contextlib.suppress(ValueError):
        found = urlsplit(address if "://" in address else f"http://{address}")
        if found.scheme == "http" and found.hostname and found.port != 0:
            return found
    # it may hold a secret
    raise ValueError(f"the environment's {parts.scheme.upper()}_PROXY is not http://HOST:PORT")
