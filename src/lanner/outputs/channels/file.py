"""A file, a line for each alert; rotated, if that is wanted, as kube-apiserver rotates its logs."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from lanner.outputs.channels import ChannelSettings, DeliveryError
from lanner.outputs.channels.lines import LineWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.audit.recorder.rotation import RotatingFile
    from lanner.outputs.channels import Message

Count = Annotated[int, Meta(ge=0)]


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts in the file `filename`, a line each. Without `keep_alive` it is looked for before
    each alert, and made again when it was moved away; SIGUSR1 does the same. A file of
    `max_size_mb` becomes a backup (0: never); `max_backups` of them are kept, for `max_age_days`
    (0: all, for ever), with `compress` as gzip.
    """

    filename: str = ""
    keep_alive: bool = False
    max_size_mb: Count = 0
    max_backups: Count = 0
    max_age_days: Count = 0
    compress: bool = False


@dataclass(frozen=True, slots=True)
class _Text:
    """Lines, as a rotated file takes them."""

    lines: bytes

    def end_within(self, start: int, limit: int) -> int | None:
        end = self.lines.rfind(b"\n", start, limit) + 1
        return end if end > start else None

    def end_of_line(self, start: int) -> int | None:
        return self.lines.find(b"\n", start) + 1 or None


class Channel:
    """Appends lines. What fails leaves no part of a line behind; files are their owner's alone."""

    def __init__(self, settings: Settings) -> None:
        """Opens nothing yet: a disk that is full now may not be later.

        Raises:
            ValueError: no file is named.

        """
        if not settings.filename:
            raise ValueError("`filename` is missing")
        self._settings = settings
        # what /dev/stdout leads to is a pipe that has no name
        real = Path(os.path.realpath(settings.filename))
        named = Path(settings.filename)
        self._path = named if named.exists() and not real.exists() else real
        self._writer = LineWriter(str(self._path))
        self._file: RotatingFile | None = None
        self._wants_reopening = False

    def send(self, messages: Sequence[Message]) -> None:
        """Writes all lines.

        Raises:
            DeliveryError: they cannot be written; none was.

        """
        text = "".join([f"{message.line}\n" for message in messages])
        lines = _Text(text.encode("utf-8", "surrogateescape"))
        try:
            if self._is_special():
                self._append(messages)
                return
            file = self._opened()
            file.write(lines)
        except OSError as error:
            reason = f"{error.filename or self._path}: {error.strerror or error}"
            raise DeliveryError(reason) from None

    def _is_special(self) -> bool:
        """Whether it is a pipe, a terminal or a device: they have no backups."""
        if self._file:
            return False
        try:
            return not stat.S_ISREG(self._path.stat().st_mode)
        except FileNotFoundError:
            return False

    def _append(self, messages: Sequence[Message]) -> None:
        """What it has got is not sent again, and a reader that has stopped holds nobody up."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        file = os.open(self._path, flags)
        try:
            self._writer.send(file, messages)
        except DeliveryError as error:
            # another reader may open a pipe
            raise DeliveryError(str(error), delivered=error.delivered) from None
        finally:
            os.close(file)

    def _opened(self) -> RotatingFile:
        from lanner.audit.recorder.backups import Rotation  # noqa: PLC0415 - where it is needed
        from lanner.audit.recorder.rotation import RotatingFile  # noqa: PLC0415

        settings = self._settings
        if self._file is None:
            rotation = Rotation(
                settings.max_size_mb << 20,
                settings.max_backups,
                settings.max_age_days,
                settings.compress,
            )
            self._file = RotatingFile(self._path, rotation)
        elif self._wants_reopening or not settings.keep_alive:
            self._file.reopen()
        self._wants_reopening = False
        return self._file

    def reopen(self) -> None:
        """Before the next alert, the file is opened under its name again."""
        self._wants_reopening = True

    def close(self) -> None:
        """Ends it."""
        if self._file:
            self._file.close()
            self._file = None
