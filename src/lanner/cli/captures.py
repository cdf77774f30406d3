"""The options of captures of what follows alerts, and what is said of these."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from lanner.cli import common


class CaptureMode(Enum):
    """Falco's `capture.mode`."""

    RULES = "rules"
    ALL_RULES = "all_rules"


PrefixOption = Annotated[
    str | None,
    typer.Option(
        metavar="PREFIX",
        help="When a rule with `capture: true` fires, record what follows, into"
        " PREFIX_<time>_<number>.scap.",
    ),
]
ModeOption = Annotated[
    CaptureMode | None,
    typer.Option(help="Which rules begin captures: those that say so, or all.  [default: rules]"),
]
DurationOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="MS",
        help="How long, for rules that do not say (`capture_duration`).  [default: 5000]",
    ),
]
MaxSizeOption = Annotated[
    int | None,
    typer.Option(min=0, metavar="MB", help="End captures when they are so large; 0: never."),
]


def options(
    prefix: str | None, mode: CaptureMode | None, duration_ms: int | None, max_size_mb: int | None
) -> list[str]:
    """What is asked for, as keys of a configuration; without a prefix the rest is a usage error."""
    given = {
        "mode": mode and mode.value,
        "default_duration": duration_ms,
        "max_file_size_mb": max_size_mb,
    }
    names = ("--capture-mode", "--capture-duration", "--capture-max-size")
    found = [f"capture.{key}={value}" for key, value in given.items() if value is not None]
    if prefix is not None:
        return ["capture.enabled=true", f"capture.path_prefix={prefix}", *found]
    for name, value in zip(names, given.values(), strict=True):
        if value is not None:
            common.usage_error(f"{name} needs --capture-prefix PREFIX")
    return []
