"""`lanner alerts`: the alerts that were kept."""

from __future__ import annotations

import csv
import json
import re
import signal
import sys
import threading
from collections import Counter, deque
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

from lanner import catalog
from lanner.api.alert_logs import JournalAlerts, LoggedAlerts
from lanner.api.alerts import AlertFilter, AlertsError, StoredAlerts, text_of
from lanner.cli import common, tables, times
from lanner.diagnostics.render_text import printable
from lanner.diagnostics.suggest import did_you_mean
from lanner.outputs.alert import PRIORITIES
from lanner.outputs.database import DEFAULT_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lanner.api.alert_lines import KeptAlert

_POLL_S = 0.3
_ROWS = 500
_USUAL = ("time", "priority", "rule", "output")
_HEAD = re.compile(rf"[-\d:.T+]+: (?:{'|'.join(PRIORITIES)}) ")
"""How outputs begin: with time and priority."""


def alerts(
    logs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LOG…]",
            help="Logs of Falco or Lanner (JSON or text, .gz, - for stdin) or directories of them,"
            " in place of the store.",
        ),
    ] = None,
    store: Annotated[
        Path, typer.Option(metavar="PATH", help="The store of `lanner run`.", readable=False)
    ] = DEFAULT_PATH,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Only this rule; * and ? are wildcards.")
    ] = None,
    priority: common.PriorityOption = "debug",
    tag: Annotated[
        list[str] | None, typer.Option("-t", "--tag", help="Only rules with one of these tags.")
    ] = None,
    source: Annotated[str | None, typer.Option("-s", "--source", help="Only this source.")] = None,
    since: times.SinceOption = None,
    until: times.UntilOption = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=VALUE",
            help="Only with this value; * and ? are wildcards, FIELD= is for no value.",
        ),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="FIELD", help="Show this field, in place of the usual."),
    ] = None,
    unique: Annotated[
        bool, typer.Option("--unique", help="Equal rows once, and how often; most often first.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "-n", "--limit", min=1, help="Only the last so many; with --unique so many rows."
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Only those that come from now on.")
    ] = False,
    journal: Annotated[
        bool,
        typer.Option("--journal", help="Of systemd's journal (lanner, falco), not of the store."),
    ] = False,
    dead_letters: Annotated[
        bool, typer.Option("--dead-letters", help="What channels never got, and why.")
    ] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Falco's JSON, one alert a line; with --field objects.")
    ] = False,
    csv_output: Annotated[bool, typer.Option("--csv", help="Comma-separated values.")] = False,
) -> None:
    """Print alerts of the past: of the store that `lanner run` keeps, of logs, or the journal.

    Oldest first. Fields are those of the output (`proc.name`), and time, rule, priority, source,
    output, hostname and tags. Falco's text lines name no rule and no fields; they have a date where
    time_format_iso_8601 is set, or what logged them wrote one with its zone.

    Exit code: 0, alerts or not; 1 when the store or a log cannot be read; 2 usage.

    Example: lanner alerts --since 2h --priority warning

    Example: lanner alerts --rule 'Terminal shell in container' --field container.name --unique

    Example: lanner alerts /var/log/falco.jsonl.gz --where 'user.name=root' --csv
    """
    chosen = _filter(rule, priority, tag, source, since, until, where)
    if follow and (logs or unique or limit or dead_letters):
        common.usage_error("--follow goes without LOG, --unique, --limit and --dead-letters")
    if journal and (logs or dead_letters):
        common.usage_error("--journal goes without LOG and --dead-letters")
    if json_output and csv_output:
        common.usage_error("--json and --csv exclude each other")
    if dead_letters and (
        logs or fields or unique or limit or csv_output or chosen != AlertFilter()
    ):
        common.usage_error("--dead-letters goes with --store and --json alone")
    show = _Show(tuple(fields or ()), json_output, csv_output)
    reader: LoggedAlerts | None = None
    try:
        if journal:
            reader = JournalAlerts(follows=follow)
        elif logs:
            reader = LoggedAlerts(tuple(logs))
        if isinstance(reader, JournalAlerts) and follow:
            _stop_on_signals(reader.stop)
            for one in reader.read(chosen):
                show.write([one])
        elif reader:
            _print(reader.read(chosen), show, unique=unique, limit=limit)
        else:
            kept = StoredAlerts(store)
            if dead_letters:
                _print_dead_letters(kept, json_output=json_output)
            elif follow:
                _follow(kept, chosen, show)
            elif limit and not unique:
                newest = list(islice(kept.newest(chosen), limit))
                _print(reversed(newest), show)
            else:
                _print(kept.read(chosen), show, unique=unique, limit=limit)
    except AlertsError as error:
        common.complain(str(error))
        raise typer.Exit(1) from None
    if not follow and not dead_letters:
        show.remark_on_fields()
    if reader:
        _remark_on(reader)


def _remark_on(reader: LoggedAlerts) -> None:
    if reader.passed_over and not isinstance(reader, JournalAlerts):
        common.complain(f"{reader.passed_over:,} lines are no alerts")
    if reader.undated:
        common.complain(f"{reader.undated:,} alerts have no date, and were left out")
    for problem in reader.problems:
        common.complain(problem)
    if reader.problems:
        raise typer.Exit(1)


def _filter(
    rule: list[str] | None,
    priority: str,
    tag: list[str] | None,
    source: str | None,
    since: str | None,
    until: str | None,
    where: list[str] | None,
) -> AlertFilter:
    threshold = common.priority_or_exit(priority)
    pairs = []
    for one in where or ():
        name, equals, value = one.partition("=")
        if not equals or not name:
            common.usage_error(f"--where {one}: write FIELD=VALUE")
        pairs.append((name, value))
    window = times.window_or_exit(since, until)
    return AlertFilter(
        *window, threshold, tuple(rule or ()), frozenset(tag or ()), source, tuple(pairs)
    )


class _Show:
    """How alerts are printed."""

    def __init__(self, fields: tuple[str, ...], as_json: bool, as_csv: bool) -> None:
        self.fields = fields or _USUAL
        self._is_whole = not fields
        self._as_json = as_json
        self._as_csv = as_csv
        self._table = tables.Running([name.upper() for name in self.fields])
        self._csv = csv.writer(sys.stdout, lineterminator="\n")
        self._has_heads = False
        self._missing: set[str] | None = None

    def row(self, kept: KeptAlert) -> tuple[str, ...]:
        """What is printed of an alert: as text, or with --json as JSON has it."""
        self._look_for_fields(kept)
        if self._as_json:
            return tuple(json.dumps(kept.value(name)) for name in self.fields)
        return tuple(self._cell(kept, name) for name in self.fields)

    def _look_for_fields(self, kept: KeptAlert) -> None:
        if self._missing is None:
            self._missing = set() if self._is_whole else set(self.fields)
        if self._missing:
            self._missing -= {name for name in self._missing if kept.has(name)}

    def remark_on_fields(self) -> None:
        """Says which fields none of the alerts had: they may be misspelt."""
        for name in self.fields:
            if self._missing and name in self._missing:
                help_text = did_you_mean(name, [field.name for field in catalog.fields()])
                common.complain(f"none of these alerts has a field `{name}`")
                if help_text:
                    common.remark(f"  {help_text}")

    def _cell(self, kept: KeptAlert, name: str) -> str:
        match name:
            case "time":
                if not kept.time_ns:
                    return text_of(kept.value("time")).partition(".")[0]
                moment = datetime.fromtimestamp(kept.time_ns // 10**9, UTC)
                return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
            case "priority":
                return PRIORITIES[kept.priority]
            case "rule":
                return kept.rule
            case "output" if self._is_whole and not self._as_csv and kept.source != "internal":
                return _HEAD.sub("", text_of(kept.value(name)))  # they are there already
            case _:
                return text_of(kept.value(name))

    def write(self, alerts: Sequence[KeptAlert]) -> None:
        """Prints alerts."""
        if self._as_json:
            for kept in alerts:
                print(kept.json if self._is_whole else self._object(self.row(kept)))  # noqa: T201
        elif self._as_csv:
            self._write_csv(self.fields, map(self.row, alerts))
        else:
            self._table.write([self.row(kept) for kept in alerts])
        sys.stdout.flush()

    def _object(self, row: Sequence[str], start: str = "") -> str:
        pairs = zip(self.fields, row, strict=True)
        return f"{{{start}{', '.join(f'{json.dumps(name)}: {value}' for name, value in pairs)}}}"

    def _write_csv(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        if not self._has_heads:
            self._csv.writerow(heads)
            self._has_heads = True
        if sys.stdout.isatty():  # it obeys control characters; a file gets values as they are
            rows = [[printable(cell) for cell in row] for row in rows]
        self._csv.writerows(rows)

    def write_counts(self, counts: Iterable[tuple[tuple[str, ...], int]]) -> None:
        """Prints rows with how often they came."""
        heads = ("count", *self.fields)
        if self._as_json:
            for row, count in counts:
                print(self._object(row, f'"count": {count}, '))  # noqa: T201
            return
        rows = [(str(count), *row) for row, count in counts]
        if self._as_csv:
            self._write_csv(heads, rows)
        else:
            tables.write([name.upper() for name in heads], rows, numbers={0})


def _print(
    found: Iterable[KeptAlert], show: _Show, *, unique: bool = False, limit: int | None = None
) -> None:
    if unique:
        show.write_counts(Counter(map(show.row, found)).most_common(limit))
        return
    if limit:
        found = deque(found, limit)
    remaining: Iterator[KeptAlert] = iter(found)
    while some := list(islice(remaining, _ROWS)):
        show.write(some)


def _stop_on_signals(stop: Callable[[], None]) -> None:
    # also where SIGINT is ignored from the beginning, as in the background of a script
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop())


def _follow(kept: StoredAlerts, chosen: AlertFilter, show: _Show) -> None:
    is_over = threading.Event()
    _stop_on_signals(is_over.set)
    while not is_over.wait(_POLL_S):
        _print(kept.news(chosen), show)


def _print_dead_letters(kept: StoredAlerts, *, json_output: bool) -> None:
    letters = kept.dead_letters()
    if json_output:
        for letter in letters:
            print(json.dumps(letter._asdict()))  # noqa: T201
        return
    rows = [
        (one.channel, str(one.first_id), str(one.last_id - one.first_id + 1), one.reason)
        for one in letters
    ]
    tables.write(("CHANNEL", "FIRST", "ALERTS", "REASON"), rows, numbers={1, 2})
