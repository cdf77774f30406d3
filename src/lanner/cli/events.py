"""`lanner events`: look inside a capture."""

from __future__ import annotations

import sys
from itertools import islice
from typing import Annotated

import typer

from lanner.api.events import DEFAULT_FORMAT, Events, QueryError
from lanner.cli import common


def events(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A capture, or - for stdin.")],
    filter_words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILTER]", help="Only events for which this condition holds."),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "-p",
            "--print",
            metavar="FORMAT",
            help="What to print of each event: text with %fields. Events that lack one of them"
            " are left out, unless the format begins with *.",
        ),
    ] = DEFAULT_FORMAT,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the fields of the format as JSON.")
    ] = False,
    count: Annotated[
        int | None, typer.Option("-n", "--count", min=1, help="Stop after so many events.")
    ] = None,
) -> None:
    """Print the events of a capture (.scap), one a line, as sysdig -r does.

    Exit code: 0; 1 when the file cannot be read to its end, or the filter or the format
    is wrong; 2 usage.

    Example: lanner events trace.scap "evt.type = execve and proc.name = bash"
    """
    try:
        stream = Events([file], " ".join(filter_words or ()), output)
    except QueryError as error:
        common.show(error.diagnostics)
        raise typer.Exit(1) from None
    failed = False
    left = count
    for batch in stream.batches():
        text = batch.fields() if json_output else batch.messages()
        if left is not None:
            text = b"".join(islice(text.splitlines(keepends=True), left))
            left -= text.count(b"\n")
        sys.stdout.buffer.write(text)
        for problem in batch.input_errors():
            common.complain(f"{problem.path}: {problem.reason}")
            failed = True
        if left == 0:
            break
    if failed:
        raise typer.Exit(1)
