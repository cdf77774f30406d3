"""`lanner alerts`: the alerts that were kept."""

from __future__ import annotations

import csv
import json
import signal
import sys
import threading
from collections import Counter, deque
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

from lanner.api.alerts import (
    AlertFilter,
    AlertsError,
    JournalAlerts,
    LoggedAlerts,
    StoredAlerts,
    text_of,
)
from lanner.cli import common, tables, times
from lanner.outputs.alert import PRIORITIES
from lanner.outputs.database import DEFAULT_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lanner.api.alert_lines import KeptAlert

_POLL_S = 0.3
_ROWS = 500
_USUAL = ("time", "priority", "rule", "output")


def alerts(
    logs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LOG…]",
            help="Logs of Falco or Lanner (JSON or text, .gz, - for stdin), in place of the store.",
        ),
    ] = None,
    store: Annotated[
        Path, typer.Option(metavar="PATH", help="The store of `lanner run`.")
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
        typer.Option(metavar="FIELD=VALUE", help="Only with this value; * and ? are wildcards."),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="FIELD", help="Show this field, in place of the usual."),
    ] = None,
    unique: Annotated[
        bool, typer.Option("--unique", help="Equal rows once, and how often; most often first.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", min=1, help="Only the last so many.")
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
    output, hostname and tags. Falco's text lines name no rule, and have no date unless
    time_format_iso_8601 is set.

    Exit code: 0, alerts or not; 1 when the store or a log cannot be read; 2 usage.

    Example: lanner alerts --since 2h --priority warning

    Example: lanner alerts --rule 'Terminal shell in container' --field container.name --unique

    Example: lanner alerts /var/log/falco.jsonl.gz --where 'user.name=root' --csv
    """
    chosen = _filter(rule, priority, tag, source, since, until, where)
    if follow and (logs or unique or limit):
        common.usage_error("--follow goes without LOG, --unique and --limit")
    if journal and (logs or dead_letters):
        common.usage_error("--journal goes without LOG and --dead-letters")
    if json_output and csv_output:
        common.usage_error("--json and --csv exclude each other")
    show = _Show(tuple(fields or ()), json_output, csv_output)
    try:
        if logs or journal:
            reader = JournalAlerts(follows=follow) if journal else LoggedAlerts(tuple(logs or ()))
            if isinstance(reader, JournalAlerts) and follow:
                _stop_on_signals(reader.stop)
                for one in reader.read(chosen):
                    show.write([one])
                return
            _print(reader.read(chosen), show, unique=unique, limit=limit)
            if reader.passed_over and not journal:
                common.complain(f"{reader.passed_over:,} lines are no alerts")
            if reader.undated:
                common.complain(f"{reader.undated:,} alerts have no date, and were left out")
            return
        kept = StoredAlerts(store)
        if dead_letters:
            _print_dead_letters(kept, json_output=json_output)
        elif follow:
            _follow(kept, chosen, show)
        else:
            _print(kept.read(chosen), show, unique=unique, limit=limit)
    except AlertsError as error:
        common.complain(str(error))
        raise typer.Exit(1) from None


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

    def row(self, kept: KeptAlert) -> tuple[str, ...]:
        return tuple(self._cell(kept, name) for name in self.fields)

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
                # time and priority are there already
                return text_of(kept.value(name)).split(": ", 1)[-1].split(" ", 1)[-1]
            case _:
                return text_of(kept.value(name))

    def write(self, alerts: Sequence[KeptAlert]) -> None:
        """Prints alerts."""
        if self._as_json:
            for kept in alerts:
                found = {name: kept.value(name) for name in self.fields}
                print(kept.json if self._is_whole else json.dumps(found))  # noqa: T201
        elif self._as_csv:
            self._write_csv(self.fields, [self.row(kept) for kept in alerts])
        else:
            self._table.write([self.row(kept) for kept in alerts])
        sys.stdout.flush()

    def _write_csv(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        if not self._has_heads:
            self._csv.writerow(heads)
            self._has_heads = True
        self._csv.writerows(rows)

    def write_counts(self, counts: Counter[tuple[str, ...]]) -> None:
        """Prints rows with how often they came."""
        heads = ("count", *self.fields)
        rows = [(str(count), *row) for row, count in counts.most_common()]
        if self._as_json:
            for row in rows:
                print(json.dumps(dict(zip(heads, (int(row[0]), *row[1:]), strict=True))))  # noqa: T201
        elif self._as_csv:
            self._write_csv(heads, rows)
        else:
            tables.write([name.upper() for name in heads], rows, numbers={0})


def _print(found: Iterable[KeptAlert], show: _Show, *, unique: bool, limit: int | None) -> None:
    if unique:
        show.write_counts(Counter(map(show.row, found)))
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
    after = kept.last_id()
    while not is_over.wait(_POLL_S):
        kept.renew()
        last = kept.last_id()
        if last < after:
            after = 0  # all of them were removed, or it is another store
        if last > after:
            found = list(kept.read(chosen, after))
            show.write(found)
            # there may be more by now than there were then
            after = max([last, *(one.id for one in found)])


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
