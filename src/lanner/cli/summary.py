"""The summary at the end of a scan."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lanner.cli import tables
from lanner.diagnostics.render_text import printable
from lanner.outputs import PRIORITIES

if TYPE_CHECKING:
    from typing import TextIO

    from lanner.api import Counts, Ruleset, ScanStats


def write(out: TextIO, stats: ScanStats, ruleset: Ruleset) -> None:
    """Writes counts of events, alerts and of all that was left out."""
    print(file=out)
    rate = f", {stats.events / stats.seconds:,.0f} events/s" if stats.seconds > 0 else ""
    megabytes = stats.bytes / 1e6
    print(
        f"scanned {_count(stats.events, 'event')} ({megabytes:,.1f} MB) against"
        f" {_count(len(ruleset.rules), 'rule')} in {stats.seconds:.2f} s{rate}",
        file=out,
    )
    priorities = {rule.name: rule.priority for rule in ruleset.rules}
    by_priority: Counter[int] = Counter()
    for name, count in stats.alerts_by_rule.items():
        by_priority[priorities[name]] += count
    kinds = ", ".join(
        f"{PRIORITIES[level]} {by_priority[level]:,}" for level in sorted(by_priority)
    )
    total = sum(by_priority.values())
    print(f"alerts: {total:,}" + (f" ({kinds})" if kinds else ""), file=out)
    for name, count in sorted(
        stats.alerts_by_rule.items(), key=lambda entry: (priorities[entry[0]], -entry[1], entry[0])
    ):
        print(f"  {count:>8,}  {PRIORITIES[priorities[name]]:<13}  {printable(name)}", file=out)
    left_out = [
        (stats.skipped, "malformed record skipped", "malformed records skipped"),
        (stats.truncated, "truncated record skipped", "truncated records skipped"),
        (stats.duplicates, "duplicate dropped", "duplicates dropped"),
        (stats.out_of_window, "event outside the time window", "events outside the time window"),
    ]
    for count, one, many in left_out:
        if count:
            print(f"{count:,} {one if count == 1 else many}", file=out)
    if stats.dedup_window_exceeded:
        print("note: more events than --dedup can remember: far repeats were kept", file=out)


def write_costs(out: TextIO, counts: Counts) -> None:
    """Writes what each rule took, those that took most first; rules that dispatch ruled out for
    all events are left out.
    """
    evaluated = [(rule, counted) for rule, counted in counts.rules if counted.evaluated]
    evaluated.sort(key=lambda one: (-one[1].cost_ns, -one[1].evaluated, one[0].name))
    rows = [
        (f"{one.evaluated:,}", f"{one.matched:,}", _milliseconds(one.cost_ns), rule.name)
        for rule, one in evaluated
    ]
    print(file=out)
    tables.write(("EVALUATED", "MATCHED", "MS", "RULE"), rows, numbers={0, 1, 2}, out=out)
    rules_ns = sum(counted.cost_ns for _, counted in evaluated)
    dispatch_ns = sum(counts.dispatch_ns.values())
    print(
        f"rules {_milliseconds(rules_ns)} ms, choosing among all {len(counts.rules):,}"
        f" {_milliseconds(dispatch_ns)} ms (estimated: some events are timed)",
        file=out,
    )


def _milliseconds(ns: int) -> str:
    return f"{ns / 1e6:,.1f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
