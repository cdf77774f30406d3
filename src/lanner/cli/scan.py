"""`lanner scan`: recorded captures and audit logs in, alerts out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from lanner import api
from lanner.api.query import QueryError
from lanner.cli import common, progress, records, summary, times, writing
from lanner.cli.alert_printer import AlertPrinter

if TYPE_CHECKING:
    from lanner.audit import Inputs


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
    since: times.SinceOption = None,
    until: times.UntilOption = None,
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
    costs: Annotated[
        bool, typer.Option("--costs", help="Say at the end what each rule took, estimated.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No summary, no progress.")] = False,
) -> None:
    """Match recorded system calls and Kubernetes audit events against rules, and print the alerts.

    Reads captures of Falco and sysdig (.scap), and what kube-apiserver writes (an event a line,
    EventLists), JSON arrays and concatenated JSON, and the envelopes of EKS, GKE and AKS; plain,
    gzip or zstd. What a file holds is told by its content.

    Without -r the default rules are used, then what is in /etc/lanner (lanner.local.yaml,
    lanner_rules.local.yaml, rules.d), then what --local names.

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
    window = times.window_or_exit(since, until)
    inputs = records.find(paths)
    engine = api.Engine(chosen, rule_matching=rule_matching.value)
    try:
        run = api.Scan(
            engine,
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
    reports = _copy_alerts(
        run, inputs, out, json_output=json_output, iso_time=iso_time, quiet=quiet
    )
    stats = run.stats()
    reports.finish(stats.skipped)
    if not quiet:
        summary.write(sys.stderr, stats, chosen)
        if output:
            common.remark(writing.summary(stats, output))
    if costs:
        summary.write_costs(sys.stderr, engine.counts())
    if stats.syscall_events and not any(found.source == "syscall" for found in chosen.rules):
        common.complain("the input has system calls, and none of the chosen rules is for them")
    nothing_readable = records.complain_of_nothing(
        events=stats.events,
        skipped=stats.skipped,
        is_empty=stats.read == 0 and bool(inputs.paths) and not stats.input_errors,
    )
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
) -> records.Reports:
    """Prints alerts as they come, and reports what was passed over."""
    printer = AlertPrinter(out, json_output=json_output, iso_time=iso_time)
    reports = records.Reports()
    shows = not quiet and out is sys.stdout.buffer
    with progress.reading(inputs.total_bytes, enabled=shows) as advance:
        for batch in run.batches():
            printer.print(batch)
            reports.report(batch)
            advance(batch.bytes_read, batch.events)
    return reports
