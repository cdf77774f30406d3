"""`lanner scan`: recorded captures and audit logs in, alerts out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from lanner import api
from lanner.api.query import QueryError
from lanner.audit import STDIN, find_inputs
from lanner.cli import common, progress, summary, times, writing
from lanner.cli.alerts import AlertPrinter

if TYPE_CHECKING:
    from lanner.audit import Inputs

REPORTED_RECORDS = 50
"""How many malformed records are reported one by one; the rest is counted."""


def scan(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH…", help="Captures, audit logs, directories of them, or - for stdin."
        ),
    ],
    rules: common.RulesOption = None,
    local: common.LocalOption = None,
    json_output: common.JsonAlertsOption = False,
    iso_time: common.IsoTimeOption = False,
    since: Annotated[
        str | None,
        typer.Option(help="Only events from this time on: 2026-11-23T07:00:00Z, or 2h (ago)."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Only events before this time, in the same forms.")
    ] = None,
    priority: common.PriorityOption = "debug",
    tag: common.TagOption = None,
    rule: common.RuleOption = None,
    rule_matching: common.RuleMatchingOption = common.RuleMatching.ALL,
    dedup: Annotated[
        bool, typer.Option("--dedup", help="Drop repeats of the same audit ID and stage.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when a record was malformed.")
    ] = False,
    write: writing.WriteOption = None,
    compress: writing.CompressOption = False,
    filter_text: writing.FilterOption = "",
    alerts_only: writing.AlertsOnlyOption = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No summary, no progress.")] = False,
) -> None:
    """Match recorded system calls and Kubernetes audit events against rules, and print the alerts.

    Reads captures of Falco and sysdig (.scap), and what kube-apiserver writes (an event a line,
    EventLists), JSON arrays and concatenated JSON, and the envelopes of EKS, GKE and AKS; plain,
    gzip or zstd. What a file holds is told by its content.

    Without -r the default rules are used, then /etc/lanner/lanner.local.yaml if it is there, then
    what --local names.

    With --write, the events scanned go into another capture: all, or with --filter or
    --alerts-only some; rules see all of them either way. It also holds hidden events where others
    would not show the same without them: clones, execs, opened files and so on. Audit logs cannot
    be written. With --write - alerts are printed on standard error.

    Exit code: 0 when the scan ran, alerts or not; 1 when rules or the filter are invalid, an input
    cannot be read to its end or holds no event at all, the capture cannot be written, or with
    --strict a record was malformed; 2 usage.

    Example: lanner scan /var/log/kubernetes/audit/ --since 2h --priority warning

    Example: lanner scan trace.scap -r falco_rules.yaml --alerts-only --write alerts.scap.gz
    """
    writing.check_options(write, compress=compress, filter=filter_text, alerts_only=alerts_only)
    output = writing.output_or_exit(
        write, compress=compress, filter_text=filter_text, alerts_only=alerts_only
    )
    ruleset = common.load_or_exit(rules, local)
    chosen = common.select_or_exit(ruleset, priority=priority, tags=tag, rules=rule)
    window = (
        times.parse_or_exit("--since", since) if since else None,
        times.parse_or_exit("--until", until) if until else None,
    )
    inputs = find_inputs(paths, api.first_event_time)
    for problem in inputs.problems:
        common.complain(f"{problem.path}: {problem.reason}")
    try:
        run = api.Scan(
            api.Engine(chosen, rule_matching=rule_matching.value),
            inputs.paths,
            since_ns=window[0],
            until_ns=window[1],
            dedup=dedup,
            write=output,
        )
    except QueryError as error:
        common.show(error.diagnostics)
        raise typer.Exit(1) from None
    out = sys.stderr.buffer if writing.takes_stdout(output) else sys.stdout.buffer
    reported = _copy_alerts(
        run, inputs, out, json_output=json_output, iso_time=iso_time, quiet=quiet
    )
    stats = run.stats()
    if stats.skipped > reported:
        common.complain(f"{stats.skipped - reported} more malformed records were skipped")
    if not quiet:
        summary.write(sys.stderr, stats, chosen)
        if output:
            common.remark(writing.summary(stats, output))
    if stats.syscall_events and not any(found.source == "syscall" for found in chosen.rules):
        common.complain("the input has system calls, and none of the chosen rules is for them")
    nothing_readable = stats.events == 0 and stats.skipped > 0
    if nothing_readable:
        common.complain("no audit event was found in the input: is this an audit log?")
    elif stats.read == 0 and inputs.paths and not stats.input_errors:
        common.complain("the input is empty: no events")
    failed = bool(inputs.problems) or bool(stats.input_errors) or nothing_readable
    if failed or (strict and stats.skipped):
        raise typer.Exit(1)


def _copy_alerts(
    run: api.Scan,
    inputs: Inputs,
    out: BinaryIO,
    *,
    json_output: bool,
    iso_time: bool,
    quiet: bool,
) -> int:
    """Prints alerts as they come; returns how many malformed records were reported."""
    printer = AlertPrinter(out, json_output=json_output, iso_time=iso_time)
    reported = 0
    shows = not quiet and out is sys.stdout.buffer
    with progress.reading(inputs.total_bytes, enabled=shows) as advance:
        for batch in run.batches():
            printer.print(batch)
            for record in batch.skipped():
                if reported < REPORTED_RECORDS:
                    name = "<stdin>" if record.path == STDIN else record.path
                    common.complain(f"{name}:{record.line}: record skipped: {record.reason}")
                    if record.excerpt:
                        common.remark(f"  | {record.excerpt}")
                    reported += 1
            common.complain_of_files(batch)
            advance(batch.bytes_read, batch.events)
    return reported
