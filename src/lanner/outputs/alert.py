"""The alert: what a match emits."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import Any

import msgspec

PRIORITIES = (
    "Emergency",
    "Alert",
    "Critical",
    "Error",
    "Warning",
    "Notice",
    "Informational",
    "Debug",
)
"""Falco's priorities in order: index 0 is the most severe, 7 the least."""


def hostname() -> str:
    """This machine's name in alerts: `FALCO_HOSTNAME`, or its own."""
    return os.environ.get("FALCO_HOSTNAME") or socket.gethostname()


def utc_text(time_ns: int) -> str:
    """Nanoseconds since the epoch as Falco's JSON has them: `2026-11-24T07:16:03.707463404Z`."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


class Alert(msgspec.Struct, frozen=True):
    """One alert, as the engine made it.

    `time_ns` is the event's time in nanoseconds since the Unix epoch;
    `message` the formatted output of the rule without time and priority;
    `output_fields` the value of every field of the output, `None` where the
    event has none.
    """

    time_ns: int
    rule: str
    priority: int
    source: str
    tags: tuple[str, ...]
    message: str
    output_fields: dict[str, Any]

    @property
    def time(self) -> datetime:
        """The event's time (microseconds are the finest that `datetime` has)."""
        seconds, rest = divmod(self.time_ns, 1_000_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)

    @property
    def priority_name(self) -> str:
        """The priority in Falco's spelling: `Warning`."""
        return PRIORITIES[self.priority]

    @property
    def output(self) -> str:
        """Falco's text line: `HH:MM:SS.nnnnnnnnn: Warning message` (UTC)."""
        nanoseconds = self.time_ns % 1_000_000_000
        return f"{self.time:%H:%M:%S}.{nanoseconds:09d}: {self.priority_name} {self.message}"


_decoder = msgspec.json.Decoder(list[Alert])


def decode_alerts(data: bytes) -> list[Alert]:
    """Alerts from the JSON array that the native engine hands up."""
    return _decoder.decode(data)
