"""`lanner audit report`: an audit log as a page."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lanner.api.audit.plots import PlotsMissing
from lanner.api.audit.report import Reporting
from lanner.cli import common, times
from lanner.cli.audit import reading

if TYPE_CHECKING:
    from lanner.audit import Inputs


def report(
    logs: reading.LogsArgument = None,
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="The page; - for standard output."),
    ] = "report.html",
    since: times.SinceOption = None,
    until: times.UntilOption = None,
) -> None:
    """Write a page about audit logs: plots of requests, verbs and failures, and tables below.

    The page is one HTML file, without scripts, and loads nothing from anywhere. It holds names,
    addresses and command lines from the log: only its owner can read the file. Plots are drawn by
    matplotlib: pip install 'lanner[report]'.

    Exit code: 0; 1 when a log cannot be read to its end or holds no audit event, the page cannot be
    written, or matplotlib is missing; 2 usage.

    Example: lanner audit report /var/log/kubernetes/audit/ -o report.html
    """
    window = times.window_or_exit(since, until)
    inputs = reading.logs_or_exit(logs)
    _refuse_inputs(output, inputs)
    try:
        reporting = Reporting(inputs.paths, since_ns=window[0], until_ns=window[1])
    except PlotsMissing as error:
        common.complain(str(error))
        raise typer.Exit(1) from None
    with reading.reading(reporting, inputs) as steps:
        for _ in steps:
            pass
        _write(output, reporting.html())


def _refuse_inputs(output: str, inputs: Inputs) -> None:
    target = Path(output)
    if output != "-" and target.exists():
        for path in inputs.paths:
            if path != "-" and target.samefile(path):
                common.usage_error(f"{output}: this is one of the logs: write to another file")


def _write(output: str, page: str) -> None:
    """Writes the page; a file is there when it is complete, and only its owner can read it."""
    if output == "-":
        sys.stdout.write(page)
        return
    target = Path(output)
    # mkstemp gives it the mode 0600
    descriptor, part = tempfile.mkstemp(prefix=".lanner-", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(page)
        Path(part).replace(target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
