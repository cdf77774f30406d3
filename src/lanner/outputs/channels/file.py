"""A file, a line for each alert; rotated, if that is wanted, as kube-apiserver rotates its logs."""

from __future__ import annotations

import contextlib
import os
import select
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from lanner.outputs.channels import ChannelSettings, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.audit.recorder.rotation import RotatingFile
    from lanner.outputs.channels import Message

_PATIENCE_S = 10
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
        self._path = Path(os.path.realpath(settings.filename))
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
        """Line by line: a pipe whose reader has stopped holds nobody up, and what it has got of
        the lines before is not sent again.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        file = os.open(self._path, flags)
        try:
            for number, message in enumerate(messages):
                try:
                    _write(file, f"{message.line}\n".encode("utf-8", "surrogateescape"))
                except OSError as error:
                    reason = f"{self._path}: {error.strerror or error}"
                    raise DeliveryError(reason, delivered=number) from None
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


def _write(file: int, data: bytes) -> None:
    while data:
        if not select.select((), (file,), (), _PATIENCE_S)[1]:
            raise TimeoutError(f"nobody has read from it for {_PATIENCE_S} s")
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(file, data) :]
