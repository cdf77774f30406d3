"""`lanner events`: look inside a capture."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from lanner import api
from lanner.api.events import DEFAULT_FORMAT, Events
from lanner.api.query import QueryError
from lanner.cli import common, writing

if TYPE_CHECKING:
    from lanner.api.writing import OutputCapture


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
    write: writing.WriteOption = None,
    compress: writing.CompressOption = False,
) -> None:
    """Print the events of a capture (.scap), one a line, as sysdig -r does.

    With --write, the events go into another capture and are not printed. It holds hidden events,
    too, where others would not show the same without them: clones, execs, opened files and so on.

    Exit code: 0; 1 when the file cannot be read to its end, another cannot be written, or the
    filter or the format is wrong; 2 usage.

    Example: lanner events trace.scap "evt.type = execve and proc.name = bash"

    Example: lanner events trace.scap "container.id != host" --write containers.scap.gz
    """
    writing.check_options(write, compress=compress)
    words = " ".join(filter_words or ())
    target = writing.output_or_exit(write, compress=compress, filter_text=words, limit=count)
    if target and (json_output or output != DEFAULT_FORMAT):
        common.usage_error("--write prints no events: leave out --print and --json")
    try:
        if target:
            failed = _write(file, target)
        else:
            failed = _print(Events([file], words, output), count, json_output=json_output)
    except QueryError as error:
        common.show(error.diagnostics)
        raise typer.Exit(1) from None
    except OSError as error:
        common.complain(f"{error.filename or file}: {error.strerror or error}")
        raise typer.Exit(1) from None
    if failed:
        raise typer.Exit(1)


def _write(file: str, output: OutputCapture) -> bool:
    """Writes events into another capture; whether that failed."""
    run = api.Scan(api.Engine(api.load_rules()), [file], write=output)
    for batch in run.batches():
        common.complain_of_files(batch)
    stats = run.stats()
    common.remark(writing.summary(stats, output))
    return bool(stats.input_errors)


def _print(stream: Events, count: int | None, *, json_output: bool) -> bool:
    """Prints events; whether reading them failed."""
    failed = False
    left = count
    for batch in stream.batches():
        text = batch.fields() if json_output else batch.messages()
        if left is not None:
            text = b"".join(islice(text.splitlines(keepends=True), left))
            left -= text.count(b"\n")
        sys.stdout.buffer.write(text)
        failed |= common.complain_of_files(batch)
        if left == 0:
            break
    return failed
