"""`lanner audit query`: audit logs through jq, or through a condition."""

from __future__ import annotations

import csv
import json
import os
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from lanner.api.audit import WHOLE_EVENT, Selecting, events_of, rows_of
from lanner.api.query import QueryError
from lanner.audit.questions.fields import FIELDS, USUAL
from lanner.audit.questions.printable import printable
from lanner.cli import common, records, tables, times
from lanner.cli.audit import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.api.audit.program import Program
    from lanner.audit import Inputs

_REPORTED_FAILURES = 20
"""How many failures of a jq program are shown; the rest is counted."""

_MESSAGE = 300
"""Longest message of jq, in characters."""


class COMMAND(TyperCommand):
    """Takes `--arg NAME VALUE` as jq does: with Typer, options that repeat have one value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Joins name and value."""
        joined: list[str] = []
        left = iter(args)
        for word in left:
            if word == "--":
                joined += [word, *left]
            elif word == "--arg":
                joined.append("--arg=" + "=".join(islice(left, 2)))
            else:
                joined.append(word)
        return super().parse_args(ctx, joined)


def query(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROGRAM] [LOG…]",
            help="A jq program, and audit logs: files, directories, or - for stdin, which is also"
            " read without any. With --select, --where or --fields: only logs.",
        ),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option("--select", metavar="PROGRAM", help="A jq program, beside --where."),
    ] = None,
    where: reading.WhereOption = "",
    fields: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…",
            help=f"What to print of each event: {', '.join(FIELDS)}, or any field of"
            " `lanner fields -s k8s_audit`.",
        ),
    ] = None,
    compact: Annotated[
        bool, typer.Option("-c", "--compact-output", help="jq: each result on a line.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("-r", "--raw-output", help="jq: texts without quotes.")
    ] = False,
    slurp: Annotated[
        bool,
        typer.Option(
            "-s", "--slurp", help="jq: all events as one array, which must fit in memory."
        ),
    ] = False,
    arg: Annotated[
        list[str] | None,
        typer.Option("--arg", metavar="NAME VALUE", help="jq: a value, as $NAME in the program."),
    ] = None,
    since: times.SinceOption = None,
    until: times.UntilOption = None,
    dedup: Annotated[
        bool, typer.Option("--dedup", help="Drop repeats of the same audit ID and stage.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print fields as JSON, an object a line.")
    ] = False,
    csv_output: Annotated[bool, typer.Option("--csv", help="Print fields as CSV.")] = False,
) -> None:
    """Filter audit logs with a jq program, or with a condition of Falco's language, or both.

    The jq program is the real jq's, as you know it: the first argument, or --select. --where takes
    a condition such as rules have, without macros and lists, and runs natively: at least ten times
    as fast. With both, jq sees the events for which the condition holds. Without jq, --fields says
    what is printed.

    Reads what `lanner scan` reads: rotated and compressed logs, directories, cloud envelopes. The
    program sees one audit event after the other, whatever they come in.

    Exit code: 0; 1 when a log cannot be read to its end or holds no audit event, or the program,
    the condition or a field is wrong or fails; 2 usage.

    Example: lanner audit query 'select(.verb=="delete") | .user.username' audit.log

    Example: lanner audit query --where 'ka.verb = delete' --fields time,user,name audit.log
    """
    reading.one_format(json_output=json_output, csv_output=csv_output)
    arguments = list(words or ())
    has_fields = fields is not None or json_output or csv_output
    program_text = select
    if select is None and not where and fields is None:
        if not arguments:
            common.usage_error("give a jq program, or --where with a condition")
        program_text = arguments.pop(0)
        if os.path.isfile(program_text):  # noqa: PTH113 - programs can be too long for a `Path`
            common.usage_error(f"{program_text} is a file: first comes a jq program, say `.`")
    if program_text is not None and has_fields:
        common.usage_error("--fields, --json and --csv are for --where without jq")
    if program_text is None and (compact or raw or slurp or arg):
        common.usage_error("-c, -r, -s and --arg are for jq programs")
    window = times.window_or_exit(since, until)
    inputs = records.find(arguments or ["-"])
    program = _program_or_exit(program_text, arg or []) if program_text is not None else None
    names = [name for name in (fields or "").split(",") if name] or list(USUAL)
    try:
        selecting = Selecting(
            inputs.paths,
            where,
            (WHOLE_EVENT,) if program else names,
            since_ns=window[0],
            until_ns=window[1],
            dedup=dedup,
        )
    except QueryError as error:
        common.show(error.diagnostics)
        raise typer.Exit(1) from None
    if program:
        _run(program, selecting, inputs, _Style(compact=compact, raw=raw), slurp=slurp)
    else:
        _print(selecting, inputs, names, json_output=json_output, csv_output=csv_output)


@dataclass(frozen=True, slots=True)
class _Style:
    """How results are printed."""

    compact: bool
    raw: bool

    def line(self, result: Any) -> str:
        """A result as jq prints it."""
        if self.raw and isinstance(result, str):
            return result
        indent, separators = (None, (",", ":")) if self.compact else (2, (",", ": "))
        return json.dumps(result, ensure_ascii=False, indent=indent, separators=separators)


def _program_or_exit(text: str, pairs: list[str]) -> Program:
    # jq is a shared library of its own: loaded only when it is wanted
    from lanner.api.audit.program import Program, ProgramError  # noqa: PLC0415

    arguments = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name.isidentifier() and equals):
            common.usage_error(f"--arg {name}: it takes a name and a value")
        arguments[name] = value
    try:
        return Program(text, arguments)
    except ProgramError as error:
        common.complain(f"the jq program is wrong\n{error}")
        raise typer.Exit(1) from None


def _run(
    program: Program, selecting: Selecting, inputs: Inputs, style: _Style, *, slurp: bool
) -> None:
    """Prints what a jq program makes of events."""
    failures = 0
    slurped: list[str] = []

    def show(texts: list[str]) -> None:
        nonlocal failures
        for result in program.run(texts):
            print(style.line(result))  # noqa: T201
        for message in program.failed:
            failures += 1
            if failures <= _REPORTED_FAILURES:
                # it may hold what is in the event
                common.complain(f"jq: {printable(message[:_MESSAGE])}")
        program.failed.clear()

    with reading.reading(selecting, inputs) as steps:
        for batch in steps:
            texts = events_of(batch)
            if slurp:
                slurped += texts
            else:
                show(texts)
        if slurp:
            show([f"[{','.join(slurped)}]"])
    if failures > _REPORTED_FAILURES:
        common.complain(f"jq: and {failures - _REPORTED_FAILURES:,} more events failed")
    if failures:
        raise typer.Exit(1)


def _print(
    selecting: Selecting,
    inputs: Inputs,
    fields: Sequence[str],
    *,
    json_output: bool,
    csv_output: bool,
) -> None:
    """Prints fields of events."""
    table = tables.Running(fields)
    out = csv.writer(sys.stdout, lineterminator="\n")
    if csv_output:
        out.writerow(fields)
    with reading.reading(selecting, inputs) as steps:
        for batch in steps:
            if json_output:
                sys.stdout.buffer.write(batch.fields())
                continue
            rows = ([_text(row[name]) for name in fields] for row in rows_of(batch))
            if csv_output:
                out.writerows(["" if cell is None else cell for cell in row] for row in rows)
            else:
                table.write([[printable(cell) for cell in row] for row in rows])


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return None if value is None else str(value)
