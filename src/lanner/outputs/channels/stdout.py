"""Standard output, a line for each alert."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lanner.outputs.channels import ChannelSettings, DeliveryError
from lanner.outputs.channels.lines import LineWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.outputs.channels import Message


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts on standard output, a line each; `to_stderr` puts them on standard error instead."""

    to_stderr: bool = False


class Channel:
    """Writes lines; what was sent is out."""

    def __init__(self, settings: Settings) -> None:
        """Writes to the stream of this process."""
        self._stream = sys.stderr if settings.to_stderr else sys.stdout
        self._name = "standard error" if settings.to_stderr else "standard output"
        self._writer = LineWriter(self._name)

    def send(self, messages: Sequence[Message]) -> None:
        """Writes all lines.

        Raises:
            DeliveryError: they cannot be written, or nobody reads them any more.

        """
        try:
            self._stream.flush()
        except OSError as error:
            raise DeliveryError(f"{self._name}: {error.strerror}") from None
        self._writer.send(self._stream.fileno(), messages)

    def reopen(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """There is nothing to close."""
