"""Reading audit logs for a command: progress, complaints, and when it has failed."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from lanner.cli import common, progress, records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner import api
    from lanner.audit import Inputs

DEFAULT_DIRECTORY = "/var/log/kubernetes/audit"
"""Where tutorials, and `lanner audit enable`, let the API server write."""

LogsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[LOG…]",
        help=f"Audit logs, directories of them, or - for stdin; {DEFAULT_DIRECTORY} without any.",
    ),
]
WhereOption = Annotated[
    str,
    typer.Option(metavar="CONDITION", help="Only events for which this condition holds."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


class Readable(Protocol):
    """What reads logs in steps."""

    def batches(self) -> Iterator[api.Batch]:
        """The steps."""

    def stats(self) -> Counted:
        """Counters so far."""


class Counted(Protocol):
    """Counters of reading logs."""

    @property
    def events(self) -> int:
        """Events read."""

    @property
    def skipped(self) -> int:
        """Malformed records."""

    @property
    def read(self) -> int:
        """Bytes read."""


def logs_or_exit(paths: list[str] | None) -> Inputs:
    """The logs that are named, or those in the usual place; without any it is a usage error."""
    if not paths and not Path(DEFAULT_DIRECTORY).is_dir():
        common.usage_error(f"name an audit log, or - for stdin: {DEFAULT_DIRECTORY} is not there")
    return records.find(paths or [DEFAULT_DIRECTORY])


def one_format(*, json_output: bool, csv_output: bool) -> None:
    """Makes --json together with --csv a usage error."""
    if json_output and csv_output:
        common.usage_error("--json and --csv: choose one")


@contextmanager
def reading(logs: Readable, inputs: Inputs) -> Iterator[Iterator[api.Batch]]:
    """Yields the steps, and tells what is to be told of them.

    Raises:
        typer.Exit: with 1 at the end, when a log could not be read to its end, or holds no audit
            event but something else.

    """
    reports = records.Reports()

    def steps() -> Iterator[api.Batch]:
        with progress.reading(inputs.total_bytes, enabled=True) as advance:
            for batch in logs.batches():
                reports.report(batch)
                advance(batch.bytes_read, batch.events)
                yield batch

    yield steps()
    stats = logs.stats()
    reports.finish(stats.skipped)
    is_empty = stats.read == 0 and bool(inputs.paths) and not reports.input_failed
    has_nothing = records.complain_of_nothing(
        events=stats.events, skipped=stats.skipped, is_empty=is_empty
    )
    if inputs.problems or reports.input_failed or has_nothing:
        raise typer.Exit(1)
