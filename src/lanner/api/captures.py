"""Captures of what follows alerts: Falco's `capture` of rules."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.rules.model import CheckedRule

DEFAULT_DURATION_MS = 5000
"""Falco's (`capture.default_duration`)."""


@dataclass(frozen=True, slots=True)
class RuleCaptures:
    """What is captured when rules fire; the attributes are those of `capture` in falco.yaml.

    A capture begins with what is known of the machine and the event that a rule fired for, and goes
    on for at least the time of that rule. Alerts meanwhile make it longer; there is one at a time.

    Attributes:
        path_prefix: how paths begin; the time of the first event (ns since the epoch) and its
            number follow, and `.scap`. The files are compressed, and only their owner reads them.
        all_rules: all rules begin captures, not only those with `capture: true`.
        default_duration_ms: for rules without a `capture_duration`.
        max_file_size_mb: a capture ends when it is so large; 0 for no limit.

    """

    path_prefix: str | os.PathLike[str]
    all_rules: bool = False
    default_duration_ms: int = DEFAULT_DURATION_MS
    max_file_size_mb: int = 0

    def options(self, rules: Iterable[CheckedRule]) -> dict[str, Any]:
        """What the native part takes, for the rules of a plan."""
        return {
            "path_prefix": os.fspath(self.path_prefix),
            "all_rules": self.all_rules,
            "default_duration_ns": self.default_duration_ms * 1_000_000,
            "max_bytes": self.max_file_size_mb << 20,
            "rules": [
                {"capture": rule.capture, "duration_ns": rule.capture_duration * 1_000_000}
                for rule in rules
            ],
        }


class EndedCapture(msgspec.Struct, frozen=True):
    """A capture that is over: its time was, it got too large, Lanner stopped, or it failed; then
    `error` says why. `bytes` are those of the file.
    """

    path: str
    events: int
    bytes: int
    why: Literal["duration", "size", "stopped", "failed"]
    error: str | None = None
