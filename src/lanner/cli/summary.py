"""The summary at the end of a scan."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lanner.outputs import PRIORITIES

if TYPE_CHECKING:
    from typing import TextIO

    from lanner.api import Ruleset, ScanStats


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
        print(f"  {count:>8,}  {PRIORITIES[priorities[name]]:<13}  {name}", file=out)
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


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
