"""An alert from a line of a log: JSON, an entry of systemd's journal, or Falco's text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from lanner import catalog
from lanner.outputs.alert import PRIORITIES, utc_text
from lanner.outputs.channels.journal import field_name

_ENTRY_FIELD = "LANNER_FIELD_"
_TEXT = re.compile(
    r"(?:^|.*?[ :])"  # what syslog puts before it
    r"(?P<clock>\d\d:\d\d:\d\d\.\d{9}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?P<zone>[+-]\d{4}))"
    rf": (?P<priority>{'|'.join(PRIORITIES)}) (?P<message>.*)",
    re.DOTALL,
)


class _Shape(msgspec.Struct):
    """What is looked at in an alert in JSON."""

    tags: list[str] = []
    output_fields: dict[str, Any] | None = None


_NO_ALERT = (
    *(msgspec.MsgspecError, ValueError, LookupError, TypeError, AttributeError),
    *(OverflowError, OSError),  # a time beyond the calendar
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


def parse_line(line: bytes) -> KeptAlert | None:
    """The alert of a line; None for what is none."""
    try:
        if not line.lstrip().startswith(b"{"):
            return _of_text(line.decode("utf-8", "replace").rstrip("\r\n"), 0)
        found = msgspec.json.decode(line)
        if isinstance(found, dict) and "MESSAGE" in found and "output" not in found:
            return _of_entry(found)
        return _of_json(found)
    except _NO_ALERT:
        return None


def _of_json(alert: dict[str, Any]) -> KeptAlert:
    msgspec.convert(alert, _Shape)
    priority = PRIORITIES.index(alert["priority"])
    time_ns = _time_ns(alert["time"])
    return _kept(time_ns, priority, str(alert["rule"]), str(alert.get("source", "syscall")), alert)


def _kept(time_ns: int, priority: int, rule: str, source: str, alert: dict[str, Any]) -> KeptAlert:
    return KeptAlert(0, time_ns, priority, rule, source, msgspec.json.encode(alert).decode(), alert)


def _of_text(line: str, logged_ns: int) -> KeptAlert | None:
    """`logged_ns` is when it was logged, 0 where that is not known."""
    found = _TEXT.fullmatch(line)
    if found is None:
        return None
    time_ns, clock = logged_ns, found["clock"]
    if found["zone"]:
        head, _, rest = clock.partition(".")
        moment = datetime.fromisoformat(f"{head}{found['zone']}")
        time_ns = int(moment.timestamp()) * 1_000_000_000 + int(rest[:9])
    priority = PRIORITIES.index(found["priority"])
    alert: dict[str, Any] = {
        "time": utc_text(time_ns) if time_ns else clock,
        "priority": found["priority"],
        "rule": "",
        "output": line[found.start("clock") :],
        "output_fields": {},
    }
    return _kept(time_ns, priority, "", "", alert)


def _of_entry(entry: dict[str, Any]) -> KeptAlert | None:
    """Of `journalctl -o json`: of `journal_output`, or a message of a program that logs alerts."""
    message = entry["MESSAGE"]
    if isinstance(message, list):
        message = bytes(message).decode("utf-8", "replace")  # what is no text
    rule = entry.get("LANNER_RULE")
    if message.lstrip().startswith("{"):
        return _of_json(msgspec.json.decode(message))
    if not isinstance(rule, str):
        return _of_text(message, int(entry.get("__REALTIME_TIMESTAMP", 0)) * 1000)
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
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)
