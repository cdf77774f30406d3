"""systemd's journal: alerts with their fields (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import re
import socket
from typing import TYPE_CHECKING, Any

import msgspec

from lanner.outputs.channels import ChannelSettings, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lanner.outputs.channels import Message

SOCKET = "/run/systemd/journal/socket"
_MAX_NAME = 64
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts for systemd's journal: `journalctl -t lanner -o json` shows LANNER_RULE, LANNER_TAGS,
    LANNER_SOURCE, LANNER_TIME (nanoseconds) and a LANNER_FIELD_… for each output field. `ident` is
    the program's name, `socket` where journald listens.
    """

    ident: str = "lanner"
    socket: str = SOCKET


class Channel:
    """Sends an entry for each alert."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(10)

    def send(self, messages: Sequence[Message]) -> None:
        """Sends all entries.

        Raises:
            DeliveryError: journald does not take one.

        """
        for number, message in enumerate(messages):
            entry = b"".join(_field(name, value) for name, value in self._fields(message))
            try:
                self._send(entry)
            except OSError as error:
                reason = f"{self._settings.socket}: {error.strerror or error}"
                raise DeliveryError(reason, delivered=number) from None

    def _fields(self, message: Message) -> Iterator[tuple[str, str]]:
        record = message.record
        alert: dict[str, Any] = msgspec.json.decode(record.json)
        yield "MESSAGE", message.line
        yield "PRIORITY", str(record.priority)
        yield "SYSLOG_IDENTIFIER", self._settings.ident
        yield "LANNER_RULE", record.rule
        yield "LANNER_SOURCE", record.source
        yield "LANNER_TIME", str(record.time_ns)
        yield "LANNER_TAGS", ",".join(alert.get("tags", ()))
        for name, value in alert.get("output_fields", {}).items():
            if value is not None:
                text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
                yield field_name(name), text

    def _send(self, entry: bytes) -> None:
        try:
            self._socket.sendto(entry, self._settings.socket)
        except OSError as error:
            if error.errno not in {errno.EMSGSIZE, errno.ENOBUFS}:
                raise
            self._send_large(entry)

    def _send_large(self, entry: bytes) -> None:
        """What does not fit into a datagram goes into a file in memory: its descriptor is sent."""
        file = os.memfd_create("lanner", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            left = memoryview(entry)
            while left:
                left = left[os.write(file, left) :]
            # journald takes nothing that could change while it reads
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            descriptors = array.array("i", [file])
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
            self._socket.sendmsg([b""], ancillary, 0, self._settings.socket)
        finally:
            os.close(file)

    def reopen(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """Ends it."""
        with contextlib.suppress(OSError):
            self._socket.close()


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "surrogateescape")
    if b"\n" not in data:
        return b"%s=%s\n" % (name.encode(), data)
    return b"%s\n%s%s\n" % (name.encode(), len(data).to_bytes(8, "little"), data)


def field_name(field: str) -> str:
    """The name of an output field in the journal: capitals, digits and underscores."""
    name = re.sub(r"[^A-Z0-9]+", "_", field.upper()).strip("_")
    return f"LANNER_FIELD_{name}"[:_MAX_NAME]
