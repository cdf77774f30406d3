"""Secrets in alerts: hidden before an alert is stored, so that they are nowhere."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from lanner._native import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lanner.outputs.store import Row

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHORTEST = 3
"""Values of hidden fields that are shorter are not looked for in the message: `a` is everywhere."""


__all__ = ["Pattern", "Redaction", "Redactor"]


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is hidden in the alerts of some rules.

    Attributes:
        source: of rules of this source; of all when it is empty.
        rule: of the rule of this name; of all when it is empty.
        tags: of rules that have all of these.
        fields: output fields whose values are hidden, wherever they stand in the alert; without an
            argument (`proc.env`) with all of them (`proc.env[HOME]`).
        patterns: what these match is hidden, in the message and in all values; of one with a group
            named `secret`, what that matches.
        replacement: stands in its place.

    """

    source: str = ""
    rule: str = ""
    tags: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    patterns: tuple[Pattern, ...] = ()
    replacement: str = "<redacted>"


class Redactor:
    """Hides what redactions say in alerts. Without any it does nothing, and costs nothing."""

    def __init__(self, redactions: Iterable[Redaction] = ()) -> None:
        """Takes the redactions, in their order."""
        self._redactions = tuple(redactions)

    def __or__(self, other: Redactor) -> Redactor:
        """One that hides what either of both does."""
        return Redactor((*self._redactions, *other._redactions))

    def rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Alerts with everything hidden that is to be."""
        return [self._row(row) for row in rows] if self._redactions else rows

    def _row(self, row: Row) -> Row:
        time_ns, priority, rule, source, whole, text = row
        alert: dict[str, Any] | None = None
        for redaction in self._redactions:
            if redaction.rule not in {"", rule} or redaction.source not in {"", source}:
                continue
            alert = msgspec.json.decode(whole) if alert is None else alert
            if redaction.tags.issubset(alert.get("tags", ())):
                alert, text = _hidden(redaction, alert, text)
        if alert is not None:
            whole = msgspec.json.encode(alert, order="sorted").decode()
        return time_ns, priority, rule, source, whole, text


def _hidden(redaction: Redaction, alert: dict[str, Any], text: str) -> tuple[dict[str, Any], str]:
    secrets: set[str] = set()
    values: dict[str, Any] = alert.get("output_fields", {})
    for name, value in values.items():
        is_meant = name in redaction.fields or name.partition("[")[0] in redaction.fields
        if is_meant and value is not None:
            secrets.update(_texts(value))
            values[name] = redaction.replacement
    # the longest first: one may be part of another
    known = sorted((one for one in secrets if len(one) >= _SHORTEST), key=len, reverse=True)

    def clean(value: Any) -> Any:
        match value:
            case str():
                for secret in known:
                    value = value.replace(secret, redaction.replacement)
                for pattern in redaction.patterns:
                    value = pattern.hide(value, redaction.replacement)
                return value
            case list():
                return [clean(one) for one in value]
            case _:
                return value

    output = alert.get("output", "")
    cleaned = {name: clean(value) for name, value in alert.items() if name == "output"}
    cleaned["output_fields"] = {name: clean(value) for name, value in values.items()}
    # in the text, control characters are escaped: secrets are found before that alone
    text = _line(clean(output)) if text == _line(output) else clean(text)
    return alert | cleaned, text


def _line(output: str) -> str:
    """An output as the engine writes it into a line."""
    if output.isprintable():
        return output
    return _CONTROL.sub(lambda found: json.dumps(found[0])[1:-1], output)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    else:
        yield str(value)
