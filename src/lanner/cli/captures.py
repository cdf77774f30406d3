"""The options of captures of what follows alerts, and what is said of these."""

from __future__ import annotations

import time
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from lanner.api.captures import DEFAULT_DURATION_MS, RuleCaptures
from lanner.cli import common
from lanner.outputs.internal import capture_limit_alert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.api.captures import EndedCapture
    from lanner.cli.alerts import AlertPrinter


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
    CaptureMode, typer.Option(help="Which rules begin captures: those that say so, or all.")
]
DurationOption = Annotated[
    int,
    typer.Option(
        min=1, metavar="MS", help="How long, for rules that do not say (`capture_duration`)."
    ),
]
MaxSizeOption = Annotated[
    int, typer.Option(min=0, metavar="MB", help="End captures when they are so large; 0: never.")
]


def captures_or_exit(
    prefix: str | None, mode: CaptureMode, duration_ms: int, max_size_mb: int
) -> RuleCaptures | None:
    """What the options ask for; those that say how are a usage error without the prefix."""
    if prefix is not None:
        return RuleCaptures(prefix, mode is CaptureMode.ALL_RULES, duration_ms, max_size_mb)
    given = (
        ("--capture-mode", mode is not CaptureMode.RULES),
        ("--capture-duration", duration_ms != DEFAULT_DURATION_MS),
        ("--capture-max-size", max_size_mb != 0),
    )
    for name, is_given in given:
        if is_given:
            common.usage_error(f"{name} needs --capture-prefix PREFIX")
    return None


def tell(ended: Iterable[EndedCapture], asked: RuleCaptures, printer: AlertPrinter) -> None:
    """Says what became of captures; those that were too large are an alert, as in Falco."""
    for capture in ended:
        if capture.error is not None:
            common.complain(f"{capture.path}: {capture.error}: nothing is captured")
            continue
        common.complain(f"captured {capture.events:,} events: {capture.path}")
        if capture.why == "size":
            limit = asked.max_file_size_mb
            printer.print(capture_limit_alert(time.time_ns(), limit, capture.bytes))
