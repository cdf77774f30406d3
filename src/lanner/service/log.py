"""Messages of the service: about itself, not about events."""

from __future__ import annotations

import contextlib
import sys
import syslog
import time
from dataclasses import dataclass
from typing import Literal, Protocol

from lanner.outputs.internal import readable

Level = Literal[
    "emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"
]
LEVELS: tuple[Level, ...] = (
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "informational",
    "debug",
)
"""Falco's names; the place of each is its number in syslog."""


class Log(Protocol):
    """Takes messages: a sentence without an end of line."""

    def __call__(self, message: str, level: Level = "informational") -> None:
        """Says something."""


@dataclass(frozen=True, slots=True)
class Logger:
    """Writes messages of a level or above: for people (`lanner: …`), or as Falco does.

    Attributes:
        level: messages below it are not written.
        to_stderr: on standard error.
        to_syslog: to the system log.
        style: `falco` has the local time before the message, `falco-iso` that in UTC.

    """

    level: Level = "informational"
    to_stderr: bool = True
    to_syslog: bool = False
    style: Literal["plain", "falco", "falco-iso"] = "plain"

    def __post_init__(self) -> None:
        """What collects a system log chooses by the name of who wrote."""
        if self.to_syslog:
            syslog.openlog("lanner" if self.style == "plain" else "falco")

    def __call__(self, message: str, level: Level = "informational") -> None:
        """Writes a message; one that nobody takes any more (a full disk, a closed pipe) is lost,
        and detection goes on.
        """
        number = LEVELS.index(level)
        if number > LEVELS.index(self.level):
            return
        message = readable(message)
        if self.to_syslog:
            syslog.syslog(number, message.replace("\0", ""))
        if self.to_stderr:
            with contextlib.suppress(OSError):
                print(f"{self._head()}: {message}", file=sys.stderr, flush=True)  # noqa: T201

    def _head(self) -> str:
        match self.style:
            case "plain":
                return "lanner"
            case "falco":
                return time.strftime("%a %b %d %H:%M:%S %Y")
            case "falco-iso":
                return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime())


def level_of(name: str) -> Level:
    """The level of a name in a configuration (`info` is `informational`)."""
    return next((level for level in LEVELS if level.startswith(name)), "informational")
