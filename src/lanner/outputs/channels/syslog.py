"""syslog: the local daemon, or a collector over UDP, TCP or TLS (RFC 5424, 5425, 5426, 6587)."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from lanner.outputs.channels import ChannelSettings, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.outputs.channels import Message, Record

LOCAL = "/dev/log"
_PORTS = {"udp": 514, "tcp": 514, "tls": 6514}
_NAMES = "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp"
_FACILITIES = {
    **{name: number for number, name in enumerate(_NAMES.split())},
    **{f"local{number}": 16 + number for number in range(8)},
}
_WOULD_BLOCK = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
_WELCOME_S = 0.5
_MAX_DATAGRAM = 60_000
"""Of a longer message the rest is cut off, and the message says so (RFC 5426 3.2)."""


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts for the local syslog daemon, or for a collector at `address`: `udp://host:514`,
    `tcp://host:514` or `tls://host:6514`. `ident` is the program's name. For TLS, `ca_cert` is who
    signs the collector's certificate, `client_cert` and `client_key` are shown to it, `insecure`
    does not check it.
    """

    address: str = ""
    facility: Literal[
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
        "authpriv", "ftp", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
        "local7",
    ] = "user"  # fmt: skip
    ident: str = "falco"
    ca_cert: str = ""
    client_cert: str = ""
    client_key: str = ""
    insecure: bool = False
    timeout_ms: Annotated[int, Meta(ge=1)] = 10_000


class Channel:
    """Sends a message for each alert, with the alert's priority as severity."""

    def __init__(self, settings: Settings) -> None:
        """Reads certificates; nothing is connected yet.

        Raises:
            ValueError: the address, or a certificate, cannot be used.

        """
        self._settings = settings
        self._socket: socket.socket | None = None
        self._is_stream = False
        self._hostname = socket.gethostname()
        parts = urlsplit(settings.address)
        self._kind = parts.scheme if settings.address else "local"
        try:
            port, is_port = parts.port, True
        except ValueError:
            port, is_port = None, False
        is_place = (
            parts.scheme in _PORTS and parts.hostname and is_port and _is_name(parts.hostname)
        )
        if settings.address and not is_place:
            raise ValueError(
                f"`address` is udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT, not"
                f" `{settings.address}`"
            )
        self._host = parts.hostname or ""
        self._port = port or _PORTS.get(parts.scheme, 0)
        self._context = _context(settings) if self._kind == "tls" else None

    def send(self, messages: Sequence[Message]) -> None:
        """Sends all messages. Of UDP and the local daemon nobody knows whether they came.

        Raises:
            DeliveryError: one could not be sent.

        """
        for number, message in enumerate(messages):
            data = self._local(message) if self._kind == "local" else self._rfc5424(message)
            try:
                self._send(data)
            except OSError as error:
                self._disconnect()
                where = self._settings.address or LOCAL
                reason = f"{where}: {error.strerror or error}"
                raise DeliveryError(reason, delivered=number) from None

    def _send(self, data: bytes) -> None:
        if self._socket and self._is_stream and _has_ended(self._socket):
            # what is sent to a peer that has closed vanishes without an error, the first time
            self._disconnect()
        if self._socket is None:
            self._socket = self._connected()
            self._is_stream = self._socket.type == socket.SOCK_STREAM
        if not self._is_stream:
            self._socket.send(_cut(data))
        elif self._kind == "local":
            self._socket.sendall(data.replace(b"\0", b" ") + b"\0")
        else:
            # octet counting: a line break within a message is no end
            self._socket.sendall(b"%d %s" % (len(data), data))

    def _connected(self) -> socket.socket:
        timeout = self._settings.timeout_ms / 1000
        if self._kind in {"tcp", "tls"}:
            stream = socket.create_connection((self._host, self._port), timeout)
            if self._context is None:
                return stream
            with contextlib.ExitStack() as failed:
                failed.callback(stream.close)
                wrapped = self._context.wrap_socket(stream, server_hostname=self._host)
                failed.callback(wrapped.close)
                _await_welcome(wrapped)
                failed.pop_all()
            return wrapped
        if self._kind == "udp":
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
            return _connected(found[0], socket.SOCK_DGRAM, found[4], timeout)
        try:
            return _connected(socket.AF_UNIX, socket.SOCK_DGRAM, LOCAL, timeout)
        except OSError as error:
            if error.errno != errno.EPROTOTYPE:
                raise
        # some daemons listen for streams, as syslog(3) knows
        return _connected(socket.AF_UNIX, socket.SOCK_STREAM, LOCAL, timeout)

    def _priority(self, record: Record) -> int:
        return _FACILITIES[self._settings.facility] * 8 + record.priority

    def _local(self, message: Message) -> bytes:
        """As libc's syslog(3) writes it."""
        now = datetime.now().astimezone()
        head = f"<{self._priority(message.record)}>{now:%b %e %H:%M:%S} {self._settings.ident}"
        return f"{head}[{os.getpid()}]: {message.line}".encode("utf-8", "surrogateescape")

    def _rfc5424(self, message: Message) -> bytes:
        record = message.record
        seconds, rest = divmod(record.time_ns, 1_000_000_000)
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
        tags = ",".join(msgspec.json.decode(record.json).get("tags", ()))
        data = "".join(
            f' {name}="{_quoted(value)}"'
            for name, value in (("rule", record.rule), ("source", record.source), ("tags", tags))
        )
        # 32473 is the number for examples (RFC 5612): there is none of our own
        stamp = f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
        head = (
            f"<{self._priority(record)}>1 {stamp} {_word(self._hostname, 255)}"
            f" {_word(self._settings.ident, 48)} {os.getpid()} alert [lanner@32473{data}]"
        )
        try:
            return f"{head} \ufeff{message.line}".encode()
        except UnicodeEncodeError:
            # the mark says that UTF-8 follows; this is a file's name, or the like, that is not
            return f"{head} {message.line}".encode("utf-8", "surrogateescape")

    def _disconnect(self) -> None:
        if self._socket:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    def reopen(self) -> None:
        """Connects anew for the next alert."""
        self._disconnect()

    def close(self) -> None:
        """Ends it."""
        self._disconnect()


def _context(settings: Settings) -> ssl.SSLContext:
    from lanner.outputs.channels.tls import client_context  # noqa: PLC0415 - where it is needed

    return client_context(
        (settings.ca_cert,),
        certificate=settings.client_cert,
        key=settings.client_key,
        insecure=settings.insecure,
    )


def _connected(family: int, kind: int, place: Any, timeout: float) -> socket.socket:
    with contextlib.ExitStack() as failed:
        found = socket.socket(family, kind)
        failed.callback(found.close)
        found.settimeout(timeout)
        found.connect(place)
        failed.pop_all()
    return found


def _await_welcome(stream: ssl.SSLSocket) -> None:
    """TLS 1.3 has a peer look at our certificate, or miss it, after our side of the handshake: what
    was sent by then would be lost, with each connection. If it takes us, its tickets come.

    Raises:
        OSError: it does not take us.

    """
    if stream.version() != "TLSv1.3" or not select.select((stream,), (), (), _WELCOME_S)[0]:
        return  # not every peer has tickets
    timeout = stream.gettimeout()
    stream.settimeout(0)
    with contextlib.suppress(*_WOULD_BLOCK):
        if not stream.recv(1):
            raise ConnectionError("closes the connection after the handshake")
    stream.settimeout(timeout)


def _is_name(host: str) -> bool:
    """Whether it can be looked up."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _has_ended(stream: socket.socket) -> bool:
    """Whether the peer has closed its side. What it says otherwise is of no interest."""
    timeout = stream.gettimeout()
    stream.settimeout(0)
    try:
        while stream.recv(4096):
            pass
    except (BlockingIOError, *_WOULD_BLOCK):
        return False
    except OSError:
        return True
    finally:
        stream.settimeout(timeout)
    return True


def _cut(data: bytes) -> bytes:
    if len(data) <= _MAX_DATAGRAM:
        return data
    end = b" [cut: %d bytes in all]" % len(data)
    kept = data[: _MAX_DATAGRAM - len(end)]
    while kept and 0x80 <= data[len(kept)] < 0xC0:
        kept = kept[:-1]  # no part of a character
    return kept + end


def _word(text: str, most: int) -> str:
    """A word of a header: visible ASCII characters, `-` for none."""
    return "".join(one for one in text if "!" <= one <= "~")[:most] or "-"


def _quoted(text: str) -> str:
    """The value of a parameter of structured data."""
    for one in ("\\", '"', "]"):
        text = text.replace(one, f"\\{one}")
    return text
