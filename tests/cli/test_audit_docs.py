"""What `docs/audit-questions.md` shows is what is printed."""

from __future__ import annotations

import re
import shlex

from tests.cli.run import ROOT, lanner

PAGE = ROOT / "docs/audit-questions.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def printed(command: str) -> str:
    """A command with all that it prints; messages come after the answer."""
    program, *words = shlex.split(command)
    assert program == "lanner"
    done = lanner(*words)
    output, messages = done.stdout.decode(), done.stderr.decode()
    gap = "" if output.endswith("\n") or not output else "\n"
    return f"$ {command}\n{output}{gap}{messages}"


def test_the_page_shows_what_is_printed(*, rewrite_golden: bool) -> None:
    text = PAGE.read_text()

    def again(block: re.Match[str]) -> str:
        commands = [line[2:] for line in block[1].splitlines() if line.startswith("$ ")]
        return f"```console\n{''.join(map(printed, commands))}```"

    fresh = BLOCK.sub(again, text)
    if rewrite_golden:
        PAGE.write_text(fresh)
    assert fresh == PAGE.read_text()
    assert text.count("$ lanner audit") == 9
