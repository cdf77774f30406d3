"""Times on the command line: RFC 3339, a date, or an age."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from lanner.cli import common

SinceOption = Annotated[
    str | None,
    typer.Option(help="Only events from this time on: 2026-11-23T07:00:00Z, or 2h (ago)."),
]
UntilOption = Annotated[
    str | None, typer.Option(help="Only events before this time, in the same forms.")
]

_AGE = re.compile(r"(\d+)([smhdw])")
_LATEST = (1 << 63) - 1
"""What is beyond it, or before 1970, no event is."""
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse(text: str, now_ns: int) -> int:
    """Nanoseconds since the epoch of `2026-11-23T07:00:00Z`, `2026-11-23` (UTC) or `90m` ago.

    Raises:
        ValueError: the text has none of these forms.

    """
    parts = _AGE.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        age = sum(int(number) * _SECONDS[unit] for number, unit in parts)
        return max(0, now_ns - age * 10**9)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    microseconds = (since_epoch.days * 86400 + since_epoch.seconds) * 10**6
    return max(0, min((microseconds + since_epoch.microseconds) * 1000, _LATEST))


def parse_or_exit(option: str, text: str) -> int:
    """Like `parse` with the clock of this machine; a bad time is a usage error."""
    try:
        return parse(text, time.time_ns())
    except (ValueError, OverflowError):
        common.usage_error(
            f"{option} {text}: not a time; write 2026-11-23T07:00:00Z, 2026-11-23, or an age"
            " such as 90m, 2h or 3d"
        )


def window_or_exit(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    """The times of --since and --until; a bad one is a usage error."""
    return (
        None if since is None else parse_or_exit("--since", since),
        None if until is None else parse_or_exit("--until", until),
    )
