"""`lanner audit policy simulate`: what policies would keep of a recorded log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from lanner import api
from lanner.api.simulation import RuleCounts, Simulation
from lanner.audit import find_inputs
from lanner.audit.policy import Level
from lanner.audit.policy.describe import describe
from lanner.cli import common, progress, tables, times
from lanner.cli.audit.policy.loading import DEFAULT_POLICY, PolicyOption, policy_or_exit

if TYPE_CHECKING:
    from lanner.api.simulation import PolicyCounts, SimulationResult
    from lanner.audit.policy import PolicyRule

_NO_RULE = "no rule matches"
_KILO = 1000.0


def simulate(
    logs: Annotated[
        list[str], typer.Argument(metavar="LOG…", help="Audit logs, directories of them, or -.")
    ],
    policy: PolicyOption = DEFAULT_POLICY,
    against: Annotated[
        str | None, typer.Option(metavar="FILE", help="Another policy, to compare with.")
    ] = None,
    write: Annotated[
        str | None,
        typer.Option(
            "-w", "--write", metavar="FILE", help="Write the events as --policy keeps them; or -."
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only events from this time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only events before this time.")] = None,
    dedup: Annotated[
        bool, typer.Option("--dedup", help="Drop repeats of the same audit ID and stage.")
    ] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """See what a policy would keep of a recorded log: events and bytes a day, rule by rule.

    The log should be recorded at a high level: what it does not have, no policy brings back. Events
    that a policy wants more of are counted ("lack bodies"). Bytes a day are those of the period
    from the first event to the last.

    Exit code: 0; 1 when a policy is invalid, a log cannot be read to its end or holds no event, or
    the output cannot be written; 2 usage.

    Example: lanner audit policy simulate --policy new.yaml --against old.yaml audit.log
    """
    if write == "-" and sys.stdout.isatty():
        common.usage_error("--write - is for pipes: name a file")
    if write == "-" and json_output:
        common.usage_error("--write - and --json both print on standard output: name a file")
    window = (
        times.parse_or_exit("--since", since) if since else None,
        times.parse_or_exit("--until", until) if until else None,
    )
    files = [policy, *([against] if against else [])]
    policies = [policy_or_exit(file) for file in files]
    inputs = find_inputs(logs, api.first_event_time)
    for problem in inputs.problems:
        common.complain(f"{problem.path}: {problem.reason}")
    failed = bool(inputs.problems)
    simulation = Simulation(
        policies,
        inputs.paths,
        since_ns=window[0],
        until_ns=window[1],
        dedup=dedup,
        write=write,
    )
    try:
        with progress.reading(inputs.total_bytes, enabled=True) as advance:
            for batch in simulation.batches():
                failed |= common.complain_of_files(batch)
                advance(batch.bytes_read, batch.events)
    except OSError as error:
        common.complain(error.strerror or str(error))
        raise typer.Exit(1) from None
    result = simulation.result()
    if json_output:
        print(msgspec.json.encode(_as_data(result, files)).decode())  # noqa: T201
    else:
        _print(result, files, to_stderr=write == "-")
    if result.skipped:
        common.complain(f"{result.skipped:,} malformed records were skipped")
    if not result.events and inputs.paths:
        common.complain("no audit event was found")
        failed = True
    if failed:
        raise typer.Exit(1)


def _lines(counts: PolicyCounts) -> list[tuple[int | None, PolicyRule | None, RuleCounts]]:
    lines: list[tuple[int | None, PolicyRule | None, RuleCounts]] = [
        (number, rule, found)
        for number, (rule, found) in enumerate(zip(counts.policy.rules, counts.rules, strict=True))
    ]
    if counts.unmatched.events:
        lines.append((None, None, counts.unmatched))
    return lines


def _line(rule: PolicyRule | None) -> int | None:
    span = rule.span if rule else None
    return span.source.position(span.start).line if span else None


def _as_data(result: SimulationResult, files: list[str]) -> dict[str, Any]:
    def numbers(counts: RuleCounts) -> dict[str, Any]:
        levels = {level.spelling: counts.levels[level] for level in Level if level}
        return {
            "events": counts.events,
            "kept": counts.kept,
            "bytes": counts.bytes,
            "bytes_per_day": result.per_day(counts.bytes),
            "levels": levels,
            "lacking_bodies": counts.lacking,
        }

    return {
        "events": result.events,
        "bytes": result.bytes,
        "seconds": result.period_ns / 1e9,
        "skipped": result.skipped,
        "duplicates": result.duplicates,
        "policies": [
            {
                "policy": file,
                **numbers(counts.total),
                "rules": [
                    {
                        "rule": number,
                        "line": _line(rule),
                        "level": rule.level.spelling if rule else None,
                        "about": describe(rule) if rule else _NO_RULE,
                        **numbers(found),
                    }
                    for number, rule, found in _lines(counts)
                ],
            }
            for file, counts in zip(files, result.policies, strict=True)
        ],
    }


def _print(result: SimulationResult, files: list[str], *, to_stderr: bool) -> None:
    out = sys.stderr if to_stderr else sys.stdout
    heads = ("rule", "level", "events", "kept", "bytes", "a day", "about")
    for file, counts in zip(files, result.policies, strict=True):
        rows = [
            (
                "-" if number is None else f"rules[{number}]",
                rule.level.spelling if rule else "",
                f"{found.events:,}",
                f"{found.kept:,}",
                _size(found.bytes),
                _size(result.per_day(found.bytes)),
                describe(rule) if rule else _NO_RULE,
            )
            for number, rule, found in _lines(counts)
        ]
        total = counts.total
        events, size = _share(total.kept, result.events), _share(total.bytes, result.bytes)
        rows.append(
            (
                "all",
                "",
                f"{total.events:,}",
                f"{total.kept:,}",
                _size(total.bytes),
                _size(result.per_day(total.bytes)),
                f"{events} of the events, {size} of the bytes",
            )
        )
        print(f"{file}:", file=out)
        tables.write(heads, rows, numbers=(2, 3, 4, 5), out=out)
        if total.lacking:
            print(f"{total.lacking:,} events lack bodies that this policy wants", file=out)
        print(file=out)
    if len(files) > 1:
        ours, theirs = (counts.total for counts in result.policies)
        print(
            f"{files[0]} keeps {_share(ours.kept, theirs.kept)} of the events and"
            f" {_share(ours.bytes, theirs.bytes)} of the bytes of {files[1]}",
            file=out,
        )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _size(number: float | None) -> str:
    if number is None:
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if number < _KILO:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= _KILO
    return f"{number:.1f} TB"
