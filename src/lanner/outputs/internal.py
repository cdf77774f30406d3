"""Alerts about Lanner itself: what it could not see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DROP_RULE = "Falco internal: syscall event drop"
"""Falco's name, which alert consumers know (https://falco.org/docs: dropped system call events)."""


@dataclass(frozen=True, slots=True)
class DropAlert:
    """Events were lost since the last look, because nobody took them out of the buffer in time.

    Attributes:
        time_ns: when that was seen, in nanoseconds since the epoch.
        lost: how many, since the last look.
        seen: how many events came since then.
        kinds: how many were lost of each event type since the beginning.

    """

    time_ns: int
    lost: int
    seen: int
    kinds: Mapping[str, int]

    def __len__(self) -> int:
        """It is one alert."""
        return 1

    def _output(self, *, iso_time: bool, utc_offset: int) -> str:
        seconds, rest = divmod(self.time_ns, 1_000_000_000)
        zone = UTC if iso_time else timezone(timedelta(seconds=utc_offset))
        moment = datetime.fromtimestamp(seconds, zone)
        clock = (
            f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09}+0000"
            if iso_time
            else f"{moment:%H:%M:%S}.{rest:09}"
        )
        return f"{clock}: Debug {DROP_RULE}. {self.lost} system calls dropped in last second."

    def text(self, *, iso_time: bool = False, utc_offset: int = 0) -> bytes:
        """Falco's text line."""
        return f"{self._output(iso_time=iso_time, utc_offset=utc_offset)}\n".encode()

    def json_lines(
        self, hostname: str | None = None, *, iso_time: bool = False, utc_offset: int = 0
    ) -> bytes:
        """Falco's JSON, with the numbers as text as there, in a line."""
        seconds, rest = divmod(self.time_ns, 1_000_000_000)
        moment = datetime.fromtimestamp(seconds, UTC)
        fields = {f"n_drops.{name}": str(count) for name, count in self.kinds.items()}
        alert = {
            **({} if hostname is None else {"hostname": hostname}),
            "output": self._output(iso_time=iso_time, utc_offset=utc_offset),
            "output_fields": {"n_drops": str(self.lost), **fields, "n_evts": str(self.seen)},
            "priority": "Debug",
            "rule": DROP_RULE,
            "source": "internal",
            "tags": [],
            "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09}Z",
        }
        return json.dumps(alert, sort_keys=True, ensure_ascii=False).encode() + b"\n"
