"""Alerts on standard output, as Falco prints them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, BinaryIO, Protocol

from lanner.outputs.alert import hostname

if TYPE_CHECKING:
    from collections.abc import Sized

    class Printable(Sized, Protocol):
        """Alerts, in Falco's two forms."""

        def text(self, *, iso_time: bool = False, utc_offset: int = 0) -> bytes:
            """A line each."""

        def json_lines(
            self, hostname: str | None, *, iso_time: bool = False, utc_offset: int = 0
        ) -> bytes:
            """A JSON object each."""


class AlertPrinter:
    """Prints alerts as they come; what is printed is out at once."""

    def __init__(self, out: BinaryIO, *, json_output: bool, iso_time: bool) -> None:
        """Prints to `out`, with this machine's name and local time of day."""
        self._out = out
        self._json = json_output
        self._iso_time = iso_time
        self._hostname = hostname()
        # Falco prints the local time of day
        self._offset = time.localtime().tm_gmtoff

    def print(self, alerts: Printable) -> None:
        """Prints a batch."""
        if not len(alerts):
            return
        iso_time, offset = self._iso_time, self._offset
        if self._json:
            text = alerts.json_lines(self._hostname, iso_time=iso_time, utc_offset=offset)
        else:
            text = alerts.text(iso_time=iso_time, utc_offset=offset)
        self._out.write(text)
        self._out.flush()
