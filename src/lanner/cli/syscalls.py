"""Options about which system calls are watched, and the list of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lanner.cli import tables
from lanner.plan.syscalls import BaseSyscalls, parse_custom_set, shown

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


def base_syscalls(names: list[str] | None, *, repair: bool, everything: bool) -> BaseSyscalls:
    """What the options say."""
    return BaseSyscalls(parse_custom_set(names or ()), repair=repair, all=everything)


def options(names: list[str] | None, *, repair: bool, everything: bool) -> list[str]:
    """What the options say, as keys of a configuration."""
    return [
        *[f"base_syscalls.custom_set[]={name}" for name in parse_custom_set(names or ())],
        *(["base_syscalls.repair=true"] if repair else ()),
        *(["base_syscalls.all=true"] if everything else ()),
    ]


def as_json(found: Interest) -> dict[str, Any]:
    """The list for programs."""
    return asdict(found)


def write_table(found: Interest, *, markdown: bool) -> None:
    """The list for people."""
    tables.write(
        ("Call", "Event type", "Why", "Rules"),
        [(call.name, call.event, call.why, shown(call.rules)) for call in found.calls],
        markdown=markdown,
    )
