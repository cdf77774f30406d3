"""What docs/tutorial.md shows."""

from __future__ import annotations

import re

from tests.conftest import ROOT

PAGE = (ROOT / "docs/tutorial.md").read_text()
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(kind: str) -> list[str]:
    """The texts of blocks of a kind: `console`, `yaml`."""
    return [text for found, text in _BLOCK.findall(PAGE) if found == kind]


def yaml(start: str) -> str:
    """The YAML that begins with this."""
    (found,) = (text for text in blocks("yaml") if text.startswith(start))
    return found


def commands() -> list[str]:
    """All that is typed."""
    lines = "".join(blocks("console")).splitlines()
    return [line.removeprefix("$ ").removeprefix("sudo ") for line in lines if line[:2] == "$ "]


def output_of(command: str) -> str:
    """What is printed below a command that begins like this."""
    for block in blocks("console"):
        for typed in block.split("$ ")[1:]:
            line, _, output = typed.partition("\n")
            if line.removeprefix("sudo ").startswith(command):
                return output
    raise AssertionError(command)
