"""The HTTPS server (uvicorn) in front of the webhook, and of what the service tells."""

from __future__ import annotations

import ipaddress
import signal
import socket
import ssl
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lanner.audit.recorder.certificates import load_authority, load_certificate

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from lanner.audit.recorder.webhook import App

_MAX_CONNECTIONS = 256
_GRACE_S = 30
_KEEP_ALIVE_S = 120
"""Longer than kube-apiserver keeps a connection that nobody uses (90 s): whoever closes it second
may have a request on the way."""
_HEAD_TIMEOUT_S = 5
"""A client has so long to begin a request, and to send its head."""
_GOODBYE_S = 1
"""At the end a client has so long to close its connection."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate and key of the server, and who signs those of clients (None: nobody)."""

    certificate: Path
    key: Path
    client_ca: Path | None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @staticmethod
    def parse(text: str) -> Address:
        """`127.0.0.1:9765`, `[::1]:9765`.

        Raises:
            ValueError: it is neither; the message is for people.

        """
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not port.isdecimal() or int(port) > 0xFFFF:
            raise ValueError(f"`{text}` is not ADDRESS:PORT")
        return Address(str(ipaddress.ip_address(host)), int(port))

    def __str__(self) -> str:
        """As in URLs: `[::1]:9765`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.host).is_loopback


class _Protocol(H11Protocol):
    """HTTP, without clients that hold connections and ask for nothing: uvicorn waits for them."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        self.began = self.loop.time()
        self._make_room()
        self._look_again()

    def shutdown(self) -> None:
        """The server ends: no further request is taken."""
        super().shutdown()
        self._end_if_closing(was_closing=False)

    def _end_if_closing(self, *, was_closing: bool) -> None:
        """TLS waits for the client to say good-bye, too: whoever is gone would hold up the end."""
        if was_closing:
            self.transport.abort()
            return
        is_closing = self.transport.is_closing()
        again = partial(self._end_if_closing, was_closing=is_closing)
        self.loop.call_later(_GOODBYE_S, again)

    def _make_room(self) -> None:
        """Whoever opens connections and asks for nothing keeps nobody else from asking: the oldest
        of those that are idle ends, first of those that have never asked.
        """
        if len(self.connections) < _MAX_CONNECTIONS:
            return
        others = (one for one in self.connections if isinstance(one, _Protocol) and one is not self)
        idle = [one for one in others if not one.is_answering and not one.transport.is_closing()]
        if idle:
            min(idle, key=lambda one: (one.cycle is not None, one.began)).transport.abort()

    @property
    def is_answering(self) -> bool:
        """Whether a request of the client's is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _look_again(self) -> None:
        self.loop.call_later(_HEAD_TIMEOUT_S, self._end_if_idle, self._awaited())

    def _awaited(self) -> object:
        """What the client's next request comes after; None when it is not the client's turn, or
        uvicorn counts the time already.
        """
        return None if self.is_answering or self.timeout_keep_alive_task else self.cycle or self

    def _end_if_idle(self, awaited: object) -> None:
        if self.transport.is_closing():
            return
        if awaited is not None and awaited is self._awaited():
            self.transport.abort()
        else:
            self._look_again()


class Server:
    """Serves until it is ended, and what was asked until then is answered."""

    def __init__(self, app: App, address: Address, tls: Tls | None) -> None:
        """Reads the certificates.

        Raises:
            OSError: they cannot be read, or are none; it names the file.

        """
        self._tls = tls
        self._address = address
        self._current = context = _context(tls) if tls else None
        if context:
            context.sni_callback = self._take_current
        config = uvicorn.Config(
            app,
            ssl_certfile=tls.certificate if tls else None,
            ssl_context_factory=(lambda _config, _usual: context) if context else None,
            lifespan="off",
            http=_Protocol,
            ws="none",
            access_log=False,
            log_config=None,
            log_level="error",  # not a line for each stranger's request that is none
            server_header=False,
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = uvicorn.Server(config)

    def serve(
        self,
        on_ready: Callable[[int], None],
        on_hangup: Callable[[], None],
        complain: Callable[[str], None],
    ) -> None:
        """Serves until SIGINT or SIGTERM come; `on_ready` gets the port, `on_hangup` is called for
        SIGHUP, after the certificates were read again.

        Raises:
            OSError: nobody can listen there.

        """

        def end(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        def hang_up(_number: int, _frame: FrameType | None) -> None:
            self.renew(complain)
            on_hangup()

        # uvicorn has handlers of its own while it serves, and raises the signal again afterwards
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        signal.signal(signal.SIGHUP, hang_up)
        with self.listener() as listener:
            on_ready(listener.getsockname()[1])
            self.run(listener)

    def listener(self) -> socket.socket:
        """A socket that listens.

        Raises:
            OSError: nobody can listen there.

        """
        host, port = self._address.host, self._address.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # `[::]` is every address, as with Go's servers
        is_dual = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, dualstack_ipv6=is_dual)

    def run(self, listener: socket.socket) -> None:
        """Serves until `stop`; in any thread."""
        self._server.run([listener])

    def stop(self) -> None:
        """Ends it."""
        self._server.should_exit = True

    def renew(self, complain: Callable[[str], None]) -> None:
        """Reads the certificates again, for connections that begin then; if they are none now,
        those from before stay in use.
        """
        if not self._tls:
            return
        try:
            self._current = _context(self._tls)
        except OSError as error:
            reason = f"{error.filename or self._tls.certificate}: {error.strerror or error}"
            complain(f"{reason}: the certificate from before stays in use")

    def _take_current(
        self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        """Each connection takes certificate and authorities from what was read last: one context
        can be given other certificates, but never forgets an authority.
        """
        if self._current:
            connection.context = self._current


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_certificate(context, tls.certificate, tls.key)
    if tls.client_ca:
        load_authority(context, tls.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
