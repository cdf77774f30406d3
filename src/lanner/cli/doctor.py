"""`lanner doctor`: what this machine offers for live detection."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import asdict
from typing import Annotated

import typer

from lanner.cli import common
from lanner.doctor import Outcome, examine

_COLOURS = {Outcome.OK: "32", Outcome.WARNING: "33", Outcome.MISSING: "31"}
_WIDTH = 96


def doctor(
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what this machine offers for `lanner run`, and what is missing.

    The probe is loaded and taken out again; nothing else is changed.

    Exit code: 0 when live detection works, perhaps with warnings; 1 when something is missing;
    2 usage.

    Example: sudo lanner doctor
    """
    findings = examine()
    works = all(one.outcome is not Outcome.MISSING for one in findings)
    if json_output:
        rows = [{**asdict(one), "outcome": one.outcome.value} for one in findings]
        print(json.dumps({"works": works, "findings": rows}, indent=2))  # noqa: T201
        raise typer.Exit(0 if works else 1)
    colour = sys.stdout.isatty() and common.colour_allowed()
    for one in findings:
        mark = f"{one.outcome.value:<8}"
        if colour:
            mark = f"\x1b[{_COLOURS[one.outcome]}m{mark}\x1b[0m"
        print(f"{mark} {one.name}: {one.seen}")  # noqa: T201
        for line in textwrap.wrap(one.advice, _WIDTH - 11):
            print(f"           {line}")  # noqa: T201
    verdict = "works here" if works else "does not work here"
    print(f"\nLive detection {verdict}.")  # noqa: T201
    raise typer.Exit(0 if works else 1)
