"""Options about which system calls are watched, and the list of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lanner.cli import common, tables
from lanner.plan.syscalls import BaseSyscalls, parse_custom_set

if TYPE_CHECKING:
    from lanner.plan.syscalls import Interest

BaseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--base-syscalls",
        metavar="NAME,…",
        help="Watch these besides what rules need, not all that change the state; !NAME: not that.",
    ),
]
RepairOption = Annotated[
    bool,
    typer.Option("--repair", help="Of the calls that change the state, only the least needed."),
]
AllOption = Annotated[
    bool,
    typer.Option(
        "-A",
        "--all-syscalls",
        help="Reads and writes, too, for rules that match events of all types.",
    ),
]
SHOWN_RULES = 3
"""Of the rules that need a call, so many are named in the table."""


def base_syscalls(names: list[str] | None, *, repair: bool, everything: bool) -> BaseSyscalls:
    """What the options say."""
    return BaseSyscalls(parse_custom_set(names or ()), repair=repair, all=everything)


def complain_of(found: Interest) -> None:
    """Says what cannot be watched, or is not to be."""
    for name in found.invalid:
        what = "left out" if name.startswith("!") else "watched"
        common.complain(f"--base-syscalls: `{name}` is no system call that can be {what}")
    for event, rules in found.missing.items():
        common.complain(f"rules match `{event}` events, which nothing tells of: {_names(rules)}")
    for event, rules in found.removed.items():
        common.complain(
            f"rules match `{event}` events, which --base-syscalls leaves out: {_names(rules)}"
        )


def as_json(found: Interest) -> dict[str, Any]:
    """The list for programs."""
    return asdict(found)


def write_table(found: Interest, *, markdown: bool) -> None:
    """The list for people."""
    tables.write(
        ("Call", "Event type", "Why", "Rules"),
        [(call.name, call.event, call.why, _names(call.rules)) for call in found.calls],
        markdown=markdown,
    )


def _names(rules: tuple[str, ...]) -> str:
    more = len(rules) - SHOWN_RULES
    return "; ".join(rules[:SHOWN_RULES]) + (f"; and {more} more" if more > 0 else "")
