"""Durations: `30s`, `1h30m`, `7d`; a bare number is milliseconds (Falco's form)."""

from __future__ import annotations

import re

_UNITS_MS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_FORM = re.compile(
    r"(?:\d{1,9}y)?(?:\d{1,9}w)?(?:\d{1,9}d)?(?:\d{1,9}h)?"
    r"(?:\d{1,9}m(?!s))?(?:\d{1,9}s)?(?:\d{1,12}ms)?"
)
_PART = re.compile(r"(\d+)(ms|[ywdhms])")


def parse_duration_ms(text: str) -> int | None:
    """Milliseconds; None for what is no duration."""
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    if not text or not _FORM.fullmatch(text):
        return None
    return sum(int(number) * _UNITS_MS[unit] for number, unit in _PART.findall(text))


def seconds(text: str) -> float:
    """Seconds of a duration that has been checked."""
    return (parse_duration_ms(text) or 0) / 1000
