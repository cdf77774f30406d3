"""Runs the pages of `spec/`: every line of a `conditions` block is tried on the event before it.

Both the native engine and the reference interpreter must say what the page says.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.backends.generate import encode as encode_events

from lanner import _native
from lanner.backends.reference import Reference
from lanner.diagnostics import Source
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.rules.loader import load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"(yes|no|error)\s+(\S.*)")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    if file_path.suffix == ".md" and file_path.parent.name == "spec":
        return Page.from_parent(parent, path=file_path)
    return None


class Page(pytest.File):
    """A page of the specification."""

    def collect(self) -> Iterable[pytest.Item]:
        text = self.path.read_text("utf-8")
        event: dict[str, list[Any]] = {}
        definitions = ""
        for block in _BLOCK.finditer(text):
            first_line = text.count("\n", 0, block.start()) + 2
            match block.group(1):
                case "event":
                    event = json.loads(block.group(2))
                case "yaml":
                    definitions = block.group(2)
                case "conditions":
                    for number, line in enumerate(block.group(2).splitlines(), first_line):
                        found = _LINE.fullmatch(line.split("  # ")[0].rstrip())
                        if found is None:
                            raise self.CollectError(f"{self.path}:{number}: cannot read: {line}")
                        verdict, condition = found.groups()
                        yield Claim.from_parent(
                            self,
                            name=f"{number}: {verdict} {condition}",
                            condition=condition,
                            verdict=verdict,
                            event=event,
                            definitions=definitions,
                        )


class Claim(pytest.Item):
    """One line: a condition, and whether it holds for the event."""

    def __init__(
        self,
        *,
        condition: str,
        verdict: str,
        event: dict[str, list[Any]],
        definitions: str,
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.condition = condition
        self.verdict = verdict
        self.event = event
        self.definitions = definitions

    def runtest(self) -> None:
        rule = json.dumps(
            [
                {
                    "rule": "claim",
                    "desc": "d",
                    "output": "o",
                    "priority": "INFO",
                    "condition": self.condition,
                }
            ]
        )
        result = load([Source("page", self.definitions), Source("claim", rule)])
        found = [one.message for one in result.diagnostics if one.is_error]
        assert result.ok == (self.verdict != "error"), found
        if not result.ok:
            return
        plan = build(result.rules, "syscall", "all")
        wanted = [[0]] if self.verdict == "yes" else [[]]
        event = {
            field: [value.encode() if isinstance(value, str) else value for value in values]
            for field, values in self.event.items()
        }
        assert [Reference(plan).match(event)] == wanted, "reference interpreter"
        native = _native.MapEngine(encode(plan)).match_many(encode_events([event]))
        assert native == wanted, "native engine"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        del style
        return f"{self.path}:{self.name}\n  not so: {excinfo.value}"

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, int(self.name.split(":")[0]) - 1, self.name
