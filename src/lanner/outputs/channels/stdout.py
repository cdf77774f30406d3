"""Standard output, a line for each alert."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

from lanner.outputs.channels import ChannelSettings, DeliveryError

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
        self._out: BinaryIO = (sys.stderr if settings.to_stderr else sys.stdout).buffer

    def send(self, messages: Sequence[Message]) -> None:
        """Writes all lines.

        Raises:
            DeliveryError: they cannot be written, or nobody reads them any more.

        """
        text = "".join([f"{message.line}\n" for message in messages])
        try:
            self._out.write(text.encode("utf-8", "surrogateescape"))
            self._out.flush()
        except OSError as error:
            is_gone = isinstance(error, BrokenPipeError)
            raise DeliveryError(f"standard output: {error.strerror}", is_gone=is_gone) from None

    def reopen(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """There is nothing to close."""
