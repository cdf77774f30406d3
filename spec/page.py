"""Reads a page of the specification: its examples, and where they stand.

A page is Markdown. Examples are rows of tables that have the columns `condition` and `verdict`, and
fenced blocks; README.md describes both. Everything else is text for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VERDICTS = ("true", "false", "refused")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_NOTHING = ("", "-")


class PageError(Exception):
    """A page that is not written as README.md says."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row of a table: the answer of a condition on an event.

    `event` is a YAML flow mapping without its braces; `verdict` one of `VERDICTS`.
    """

    line: int
    condition: str
    event: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """Rules, an event, and the lines `rule name: output` of the alerts, in order."""

    line: int
    rules: str
    matching: str
    event: str
    alerts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Rules that do not load; each line of `messages` is part of an error's message."""

    line: int
    rules: str
    messages: tuple[str, ...]


Example = Verdict | Alerts | Refused


def read_page(text: str) -> list[Example]:
    """The examples of a page, in order.

    Raises:
        PageError: an example is incomplete.

    """
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._at = 0
        self._examples: list[Example] = []
        self._event = ""
        self._rules: str | None = None
        self._matching = "all"

    def read(self) -> list[Example]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.startswith("```"):
                self._block(line.removeprefix("```").split())
            elif line.startswith("|"):
                self._table()
            else:
                self._at += 1
        return self._examples

    def _block(self, words: list[str]) -> None:
        start = self._at
        end = start + 1
        while end < len(self._lines) and self._lines[end] != "```":
            end += 1
        if end == len(self._lines):
            raise PageError(f"line {start + 1}: the block does not end")
        body = "\n".join(self._lines[start + 1 : end])
        self._at = end + 1
        if words[:2] == ["yaml", "event"]:
            self._event = body.replace("\n", " ")
        elif words[:2] == ["yaml", "rules"]:
            self._rules = body
            self._matching = words[2] if len(words) > 2 else "all"
        elif words[:2] in (["text", "alerts"], ["text", "refused"]):
            if self._rules is None:
                raise PageError(f"line {start + 1}: there are no rules before it")
            lines = tuple(body.splitlines())
            if words[1] == "refused":
                self._examples.append(Refused(start + 1, self._rules, lines))
            else:
                alerts = Alerts(start + 1, self._rules, self._matching, self._event, lines)
                self._examples.append(alerts)

    def _table(self) -> None:
        header = [name.lower() for name in _cells(self._lines[self._at])]
        is_example = "condition" in header and "verdict" in header
        self._at += 2
        while self._at < len(self._lines) and self._lines[self._at].startswith("|"):
            cells = _cells(self._lines[self._at])
            self._at += 1
            if is_example:
                self._row(dict(zip(header, cells, strict=False)))

    def _row(self, row: dict[str, str]) -> None:
        verdict = row.get("verdict", "")
        if verdict not in VERDICTS:
            raise PageError(f"line {self._at}: `{verdict}` is none of {', '.join(VERDICTS)}")
        event = row.get("event", self._event)
        if event in _NOTHING:
            event = ""
        self._examples.append(Verdict(self._at, row["condition"], event, verdict))


def _cells(line: str) -> list[str]:
    cells = [cell.strip() for cell in _CELL_BORDER.split(line.strip())[1:-1]]
    return [_code(cell.replace("\\|", "|")) for cell in cells]


def _code(cell: str) -> str:
    is_code = len(cell) > 1 and cell.startswith("`") and cell.endswith("`")
    return cell[1:-1] if is_code else cell
