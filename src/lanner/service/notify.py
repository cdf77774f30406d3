"""What systemd is told of the service (sd_notify(3)); nothing where there is no systemd."""

from __future__ import annotations

import contextlib
import os
import socket
import time


class Notifier:
    """Sends states to the socket that systemd names (`NOTIFY_SOCKET`)."""

    def __init__(self) -> None:
        """Takes the socket's address out of the environment: it is not for children."""
        address = os.environ.pop("NOTIFY_SOCKET", "")
        # a leading @ stands for the NUL of abstract sockets
        self._address = "\0" + address[1:] if address.startswith("@") else address
        own = os.environ.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        limit = os.environ.pop("WATCHDOG_USEC", "")
        self.watchdog_s = int(limit) / 1e6 if own and limit.isdecimal() else None
        """The service is taken to be dead when it says nothing for so long; None for ever."""

    def ready(self, status: str) -> None:
        """It runs, or runs again."""
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """It reads its configuration again."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self) -> None:
        """It is not stuck."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """It ends."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        # a service is not to fail because nobody listens now
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as sender:
            sender.sendto(state.encode(), socket.MSG_DONTWAIT, self._address)
