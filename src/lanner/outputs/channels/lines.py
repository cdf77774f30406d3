"""Lines into a pipe, a terminal or a device, whose reader may be slow, or stop."""

from __future__ import annotations

import os
import select
import stat
from typing import TYPE_CHECKING

from lanner.outputs.channels import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.outputs.channels import Message

_PATIENCE_S = 10


class LineWriter:
    """Writes lines, none twice and none in part: of one that went out in part, the rest is next."""

    def __init__(self, name: str) -> None:
        """`name` stands in messages."""
        self._name = name
        self._begun: tuple[int, bytes] | None = None
        """The alert that is next behind a part of a line, and what is to be written for it."""

    def send(self, file: int, messages: Sequence[Message]) -> None:
        """Writes all lines into an open file.

        Raises:
            DeliveryError: not all could be written. It is gone when nobody has it open to read.

        """
        lines = [f"{one.line}\n".encode("utf-8", "surrogateescape") for one in messages]
        begun, self._begun = self._begun, None
        if begun and begun[0] == messages[0].record.id:
            lines[0] = begun[1]
        elif begun:
            lines[0] = b"\n" + lines[0]  # the other one was given up
        data = b"".join(lines)
        written = 0
        # so much goes into a pipe at once that has room
        step = len(data) if stat.S_ISREG(os.fstat(file).st_mode) else select.PIPE_BUF
        try:
            while written < len(data):
                piece = data[written : written + step]
                # what others write there comes between lines
                written += _write(file, piece[: piece.rfind(b"\n") + 1] or piece)
        except OSError as error:
            delivered = 0
            while written >= len(lines[delivered]):
                written -= len(lines[delivered])
                delivered += 1
            if written or (begun and not delivered):
                self._begun = (messages[delivered].record.id, lines[delivered][written:])
            raise DeliveryError(
                f"{self._name}: {error.strerror or error}",
                delivered=delivered,
                is_gone=isinstance(error, BrokenPipeError),
            ) from None


def _write(file: int, data: bytes) -> int:
    if not select.select((), (file,), (), _PATIENCE_S)[1]:
        raise TimeoutError(f"nobody has read from it for {_PATIENCE_S} s")
    try:
        return os.write(file, data)
    except BlockingIOError:
        return 0
