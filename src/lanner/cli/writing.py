"""What commands that write captures share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from lanner.api.writing import OutputCapture
from lanner.cli import common

if TYPE_CHECKING:
    from lanner.api import ScanStats

_STDOUT = "-"

WriteOption = Annotated[
    str | None,
    typer.Option(
        "-w",
        "--write",
        metavar="FILE",
        help="Write the events into another capture, which sysdig reads, too; - is standard"
        " output.",
    ),
]
FilterOption = Annotated[
    str, typer.Option("--filter", metavar="CONDITION", help="Write only events that pass this.")
]
AlertsOnlyOption = Annotated[
    bool, typer.Option("--alerts-only", help="Write only events for which a rule fired.")
]
CompressOption = Annotated[
    bool,
    typer.Option(
        "-z", "--compress", help="Write with gzip. Files whose name ends in .gz always are."
    ),
]


def output_or_exit(
    path: str | None,
    *,
    compress: bool,
    filter_text: str,
    alerts_only: bool = False,
    limit: int | None = None,
) -> OutputCapture | None:
    """The capture that the options ask for; a terminal is a usage error."""
    if path is None:
        return None
    if path == _STDOUT and sys.stdout.isatty():
        common.usage_error("a capture is no text for a terminal: name a file, or use a pipe")
    return OutputCapture(
        path,
        compress=compress or path.endswith(".gz"),
        filter_text=filter_text,
        alerts_only=alerts_only,
        limit=limit,
    )


def check_options(path: str | None, **options: object) -> None:
    """Options that only say what --write writes are a usage error without it."""
    for name, value in options.items():
        if path is None and value:
            common.usage_error(f"--{name.replace('_', '-')} needs --write FILE")


def takes_stdout(output: OutputCapture | None) -> bool:
    """Whether nothing else may be printed on standard output."""
    return output is not None and output.path == _STDOUT


def summary(stats: ScanStats, output: OutputCapture) -> str:
    """How much was written."""
    if not stats.has_written:
        return "no capture was written"
    name = "standard output" if takes_stdout(output) else output.path
    events = f"{stats.written:,} event{'' if stats.written == 1 else 's'}"
    hidden = f", and {stats.written_for_state:,} hidden ones that these need"
    return f"wrote {events} to {name}{hidden if stats.written_for_state else ''}"
