"""An alert from a line of a log: JSON, an entry of systemd's journal, or Falco's text; also behind
what syslog, kubectl or a container runtime put before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from lanner import catalog
from lanner.outputs.alert import PRIORITIES, utc_text
from lanner.outputs.channels.journal import field_name
from lanner.rules.model import parse_priority

_ENTRY_FIELD = "LANNER_FIELD_"
_MAX_PREFIX = 512
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT = re.compile(
    rf"(?:^|.{{0,{_MAX_PREFIX}}}?[ :])"  # what others put before it
    r"(?P<clock>\d\d:\d\d:\d\d\.\d{9}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?P<zone>[+-]\d{4}))"
    rf": (?P<priority>{'|'.join(PRIORITIES)}) (?P<message>.*)",
    re.DOTALL,
)
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9})\d*)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)"
)
"""A time that needs no more to be known."""


class _Shape(msgspec.Struct):
    """What is looked at in an alert in JSON."""

    tags: list[str] | None = None
    output_fields: dict[str, Any] | None = None


_NO_ALERT = (
    *(msgspec.MsgspecError, ValueError, LookupError, TypeError, AttributeError),
    *(OverflowError, OSError),  # a time beyond the calendar
    RecursionError,  # a thousand brackets
)
"""What goes wrong with a line that is something else."""


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert as it was kept; `alert` is Falco's JSON object, `json` its text. `id` is 0 outside
    of a store. `time_ns` is 0 where only the time of day is known; `rule` is empty in Falco's text
    lines, which do not name it.
    """

    id: int
    time_ns: int
    priority: int
    rule: str
    source: str
    json: str
    alert: dict[str, Any]

    def value(self, name: str) -> Any:
        """An output field, or one of time, rule, priority, source, output, hostname and tags."""
        fields = self.alert.get("output_fields") or {}
        return fields[name] if name in fields else self.alert.get(name)

    def has(self, name: str) -> bool:
        """Whether there is such a field, with a value or without."""
        return name in (self.alert.get("output_fields") or {}) or name in self.alert


def parse_line(line: bytes) -> KeptAlert | None:
    """The alert of a line; None for what is none."""
    text = line.decode("utf-8", "replace").removeprefix("\ufeff").strip("\r\n")
    try:
        if text.startswith("{"):
            return _of_object(msgspec.json.decode(text))
        return _of_line(text, 0)
    except _NO_ALERT:
        return None


def _of_object(found: dict[str, Any]) -> KeptAlert | None:
    """Of JSON: an alert, or what carries a line as it was logged."""
    if "priority" in found:
        return _of_json(found)
    if "MESSAGE" in found:
        return _of_entry(found)
    # Docker's json-file
    return _of_line(found["log"].rstrip("\r\n"), _time_ns(found["time"]))


def _of_line(line: str, logged_ns: int) -> KeptAlert | None:
    """Of JSON or text, whichever begins first: the other is what a program said. `logged_ns` is
    when it was logged, 0 where that is not known.
    """
    found = _TEXT.fullmatch(line)
    start = line.find("{", 0, found.start("clock") if found else _MAX_PREFIX)
    if start >= 0:
        try:
            return _of_json(msgspec.json.decode(line[start:]))
        except _NO_ALERT:
            pass
    return found and _of_text(line, found, logged_ns)


def _of_json(alert: dict[str, Any]) -> KeptAlert:
    msgspec.convert(alert, _Shape)
    priority = parse_priority(alert["priority"])
    if priority is None:
        raise ValueError(alert["priority"])
    source = str(alert.get("source") or "syscall")
    return _kept(_time_ns(alert["time"]), priority, str(alert["rule"]), source, alert)


def _kept(time_ns: int, priority: int, rule: str, source: str, alert: dict[str, Any]) -> KeptAlert:
    return KeptAlert(0, time_ns, priority, rule, source, msgspec.json.encode(alert).decode(), alert)


def _of_text(line: str, found: re.Match[str], logged_ns: int) -> KeptAlert:
    clock = found["clock"]
    own = _MOMENT.fullmatch(clock)
    before = _MOMENT.search(line, 0, found.start("clock"))
    time_ns = _nanoseconds(own) if own else logged_ns or (_nanoseconds(before) if before else 0)
    alert: dict[str, Any] = {
        "time": utc_text(time_ns) if time_ns else clock,
        "priority": found["priority"],
        "rule": "",
        "output": line[found.start("clock") :],
        "output_fields": {},
    }
    return _kept(time_ns, PRIORITIES.index(found["priority"]), "", "", alert)


def _of_entry(entry: dict[str, Any]) -> KeptAlert | None:
    """Of `journalctl -o json`: of `journal_output`, or a message of a program that logs alerts."""
    message = entry["MESSAGE"]
    if isinstance(message, list):
        message = bytes(message).decode("utf-8", "replace")  # what is no text
    rule = entry.get("LANNER_RULE")
    if not isinstance(rule, str) or message.startswith("{"):
        return _of_line(message.strip("\r\n"), int(entry.get("__REALTIME_TIMESTAMP", 0)) * 1000)
    time_ns = int(entry["LANNER_TIME"])
    priority = range(len(PRIORITIES))[int(entry["PRIORITY"])]  # never beyond them
    fields = {
        _field_of_entry(name): value
        for name, value in entry.items()
        if name.startswith(_ENTRY_FIELD)
    }
    alert = {
        "time": utc_text(time_ns),
        "priority": PRIORITIES[priority],
        "rule": rule,
        "source": entry.get("LANNER_SOURCE", ""),
        "hostname": entry.get("_HOSTNAME", ""),
        "tags": [one for one in str(entry.get("LANNER_TAGS", "")).split(",") if one],
        "output": message,
        "output_fields": fields,
    }
    return _kept(time_ns, priority, rule, str(alert["source"]), alert)


def _field_of_entry(name: str) -> str:
    known = _fields_of_entries()
    head, _, number = name.rpartition("_")
    if name not in known and head in known and number.isdecimal():
        return f"{known[head]}[{number}]"
    return known.get(name, name.removeprefix(_ENTRY_FIELD).lower())


@cache
def _fields_of_entries() -> dict[str, str]:
    """The journal has no points and no small letters in names."""
    return {field_name(field.name): field.name for field in catalog.fields()}


def _time_ns(text: str) -> int:
    """`2026-11-24T07:16:03.707463404Z`: `datetime` has no nanoseconds."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return _nanoseconds(found)


def _nanoseconds(found: re.Match[str]) -> int:
    moment = datetime.fromisoformat(f"{found['date']}T{found['clock']}{found['zone']}")
    fraction = int((found["fraction"] or "0").ljust(9, "0"))
    return int((moment - _EPOCH).total_seconds()) * 1_000_000_000 + fraction
