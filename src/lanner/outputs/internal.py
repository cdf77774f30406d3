"""Alerts about Lanner itself: what it could not see, or not record.

Their form is that of Falco's internal messages (`falco_outputs::handle_msg`, 0.44): in JSON, time
and priority are not part of the output, and there are no tags; the time of text is local.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from lanner.outputs.alert import utc_text

if TYPE_CHECKING:
    from collections.abc import Mapping

DROP_RULE = "Falco internal: syscall event drop"
"""Falco's name, which alert consumers know (https://falco.org/docs: dropped system call events)."""
CAPTURE_LIMIT_RULE = "Falco internal: capture size limit reached"
METRICS_RULE = "Falco internal: metrics snapshot"
RELOAD_RULE = "Falco internal: hot restart failure"
"""Falco's names, too."""
STORE_RULE = "Lanner internal: alerts cannot be stored"
CHANNEL_RULE = "Lanner internal: alerts cannot be delivered"
SOURCE_RULE = "Lanner internal: an event source has failed"


def readable(text: str) -> str:
    """Text that can be written as UTF-8, with a mark for each byte of a file's name that cannot."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class InternalAlert:
    """An alert that is not about an event.

    Attributes:
        time_ns: when it was made, in nanoseconds since the epoch.
        priority: as Falco writes it.
        rule: the name that stands in place of a rule's.
        message: what happened.
        fields: output fields.

    """

    time_ns: int
    priority: str
    rule: str
    message: str
    fields: Mapping[str, str | int | float]

    def __post_init__(self) -> None:
        """Names of files can be no text: what of them is none is replaced."""
        object.__setattr__(self, "message", readable(self.message))
        fields = {
            readable(name): readable(value) if isinstance(value, str) else value
            for name, value in self.fields.items()
        }
        object.__setattr__(self, "fields", fields)

    def __len__(self) -> int:
        """It is one alert."""
        return 1

    def _moment(self, zone: timezone) -> tuple[datetime, int]:
        seconds, rest = divmod(self.time_ns, 1_000_000_000)
        return datetime.fromtimestamp(seconds, zone), rest

    def text(self, *, iso_time: bool = False, utc_offset: int = 0) -> bytes:
        """Falco's text line."""
        moment, rest = self._moment(UTC if iso_time else timezone(timedelta(seconds=utc_offset)))
        clock = (
            f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09}+0000"
            if iso_time
            else f"{moment:%H:%M:%S}.{rest:09}"
        )
        fields = " ".join(
            f"{name}={json.dumps(value, ensure_ascii=False)}"
            for name, value in sorted(self.fields.items())
        )
        return f"{clock}: {self.priority} {self.message} ({fields})\n".encode()

    def json_lines(
        self, hostname: str | None = None, *, iso_time: bool = False, utc_offset: int = 0
    ) -> bytes:
        """Falco's JSON, in a line. Its only time is in UTC, whatever is asked for."""
        del iso_time, utc_offset
        alert = {
            **({} if hostname is None else {"hostname": hostname}),
            "output": self.message,
            "output_fields": dict(self.fields),
            "priority": self.priority,
            "rule": self.rule,
            "source": "internal",
            "time": utc_text(self.time_ns),
        }
        text = json.dumps(alert, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode() + b"\n"


def drop_alert(time_ns: int, lost: int, seen: int, kinds: Mapping[str, int]) -> InternalAlert:
    """Events were lost, because nobody took them out of the buffer in time.

    Args:
        time_ns: when that was seen.
        lost: how many, since the last look.
        seen: how many events came since then.
        kinds: how many of them were of each event type.

    """
    by_kind = {f"n_drops.{name}": str(count) for name, count in kinds.items()}
    return InternalAlert(
        time_ns,
        "Debug",
        DROP_RULE,
        f"{DROP_RULE}. {lost} system calls dropped in last second.",
        {"n_drops": str(lost), **by_kind, "n_evts": str(seen)},
    )


def capture_limit_alert(time_ns: int, limit_mb: int, written_bytes: int) -> InternalAlert:
    """The capture of a rule ended early, because of its size."""
    return InternalAlert(
        time_ns,
        "Informational",
        CAPTURE_LIMIT_RULE,
        f"{CAPTURE_LIMIT_RULE}. Configured limit: {limit_mb} MB.",
        {"max_file_size_mb": limit_mb, "written_bytes": written_bytes},
    )


def metrics_alert(time_ns: int, fields: Mapping[str, str | int | float]) -> InternalAlert:
    """A snapshot of counters."""
    return InternalAlert(time_ns, "Informational", METRICS_RULE, "Falco metrics snapshot", fields)


def reload_alert(time_ns: int, reason: str) -> InternalAlert:
    """A configuration, or rules, could not be used: those from before stay in force."""
    return InternalAlert(
        time_ns, "Critical", RELOAD_RULE, f"{RELOAD_RULE}: {reason}", {"reason": reason}
    )


def store_alert(time_ns: int, problem: str | None, lost: int) -> InternalAlert:
    """Alerts cannot be written; or, without a problem, they can be again."""
    message = (
        f"{STORE_RULE}: {problem}. They wait in memory, and are sent from there."
        if problem
        else f"{STORE_RULE}: they can be again. {lost} alerts were lost in the meantime."
    )
    fields: dict[str, str | int | float] = {"problem": problem or "", "lost": lost}
    return InternalAlert(time_ns, "Critical" if problem else "Notice", STORE_RULE, message, fields)


def channel_alert(time_ns: int, channel: str, problem: str | None) -> InternalAlert:
    """A channel does not take alerts; or, without a problem, it does again."""
    message = (
        f"{CHANNEL_RULE}: {channel}: {problem}. They wait in the store, and are tried again."
        if problem
        else f"{CHANNEL_RULE}: {channel}: it takes them again."
    )
    fields = {"channel": channel, "problem": problem or ""}
    return InternalAlert(time_ns, "Error" if problem else "Notice", CHANNEL_RULE, message, fields)


def source_alert(time_ns: int, source: str, problem: str) -> InternalAlert:
    """Nothing more comes from where events came from; the problem names it."""
    message = f"{SOURCE_RULE}: {problem}. Nothing is seen of it until the next start."
    fields = {"source": source, "problem": problem}
    return InternalAlert(time_ns, "Critical", SOURCE_RULE, message, fields)
