"""`lanner run`: live detection."""

from __future__ import annotations

import math
import signal
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from lanner import api
from lanner.api.captures import DEFAULT_DURATION_MS
from lanner.api.live import RING_BYTES, Live, LiveUnavailableError
from lanner.api.query import QueryError
from lanner.cli import captures, common, syscalls, writing
from lanner.cli.alerts import AlertPrinter
from lanner.containers import Resolver, Sockets
from lanner.outputs.internal import drop_alert
from lanner.plan.syscalls import interest

if TYPE_CHECKING:
    from types import FrameType

    from lanner.api.captures import RuleCaptures
    from lanner.api.live import LiveStats

DROPS_EVERY_S = 1.0
"""So often it is looked whether events were lost."""


def run(
    rules: common.RulesOption = None,
    local: common.LocalOption = None,
    json_output: common.JsonAlertsOption = False,
    iso_time: common.IsoTimeOption = False,
    priority: common.PriorityOption = "debug",
    tag: common.TagOption = None,
    rule: common.RuleOption = None,
    rule_matching: common.RuleMatchingOption = common.RuleMatching.ALL,
    duration: Annotated[
        float | None,
        typer.Option("-M", "--duration", min=0, metavar="SECONDS", help="Stop after so long."),
    ] = None,
    buffer_mib: Annotated[
        int,
        typer.Option("--buffer", metavar="MIB", help="Size of the ring buffer: a power of two."),
    ] = RING_BYTES >> 20,
    base: syscalls.BaseOption = None,
    repair: syscalls.RepairOption = False,
    all_syscalls: syscalls.AllOption = False,
    container_socket: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=PATH",
            help="Where a container runtime listens, in place of the usual: docker, podman, cri or"
            " containerd.",
        ),
    ] = None,
    write: writing.WriteOption = None,
    compress: writing.CompressOption = False,
    filter_text: writing.FilterOption = "",
    alerts_only: writing.AlertsOnlyOption = False,
    capture_prefix: captures.PrefixOption = None,
    capture_mode: captures.ModeOption = captures.CaptureMode.RULES,
    capture_duration: captures.DurationOption = DEFAULT_DURATION_MS,
    capture_max_size: captures.MaxSizeOption = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No summary at the end.")] = False,
) -> None:
    """Watch this machine: match what its processes do against rules, and print the alerts.

    System calls come from the kernel, through eBPF; only those that the rules need are watched
    (`lanner rules --syscalls`). Needs Linux 5.8 or newer on x86-64, and root or the capabilities
    that `lanner doctor` names.

    Without -r the default rules are used, then /etc/lanner/lanner.local.yaml if it is there, then
    what --local names. SIGINT and SIGTERM end it, once all that was seen until then is matched.

    Exit code: 0 when it was ended; 1 when rules are invalid, this machine cannot be watched or the
    capture cannot be written; 2 usage.

    Example: sudo lanner run --json --priority notice

    Example: sudo lanner run -M 60 --write trace.scap
    """
    writing.check_options(write, compress=compress, filter=filter_text, alerts_only=alerts_only)
    if buffer_mib < 1 or buffer_mib & (buffer_mib - 1) or buffer_mib > 1024:
        common.usage_error("--buffer: 1, 2, 4, … 1024 MiB")
    try:
        sockets = Sockets.parse(container_socket or ())
    except ValueError as error:
        common.usage_error(f"--container-socket: {error}")
    rule_captures = captures.captures_or_exit(
        capture_prefix, capture_mode, capture_duration, capture_max_size
    )
    output = writing.output_or_exit(
        write, compress=compress, filter_text=filter_text, alerts_only=alerts_only
    )
    ruleset = common.load_or_exit(rules, local)
    chosen = common.select_or_exit(ruleset, priority=priority, tags=tag, rules=rule)
    chosen = chosen.select(source="syscall")
    if not chosen.rules:
        common.usage_error("none of the rules is for system calls: there is nothing to watch")
    watched = interest(
        chosen.rules, syscalls.base_syscalls(base, repair=repair, everything=all_syscalls)
    )
    syscalls.complain_of(watched)
    out = sys.stderr.buffer if writing.takes_stdout(output) else sys.stdout.buffer
    try:
        live = Live(
            api.Engine(chosen, rule_matching=rule_matching.value),
            watched.names,
            resolver=Resolver(sockets),
            ring_bytes=buffer_mib << 20,
            write=output,
            captures=rule_captures,
        )
    except QueryError as error:
        common.show(error.diagnostics)
        raise typer.Exit(1) from None
    except LiveUnavailableError as error:
        common.complain(f"cannot watch system calls: {error}")
        common.remark("  `lanner doctor` says what is missing; `lanner scan` reads recorded events")
        raise typer.Exit(1) from None

    def end(_number: int, _frame: FrameType | None) -> None:
        live.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    printer = AlertPrinter(out, json_output=json_output, iso_time=iso_time)
    try:
        with live:
            common.complain(
                f"watching {len(watched.calls)} system calls with {len(chosen.rules)} rules"
            )
            _copy_alerts(live, printer, duration, rule_captures)
    except OSError as error:
        if error.errno is not None:
            raise
        # what the kernel, or the capture that is written, did not let us do
        common.complain(str(error))
        raise typer.Exit(1) from None
    if rule_captures:
        captures.tell(live.ended_captures(), rule_captures, printer)
    if not quiet:
        _summarise(live.stats())


class _Losses:
    """Looks for lost events, and tells of them."""

    def __init__(self, live: Live, printer: AlertPrinter) -> None:
        self._live = live
        self._printer = printer
        self._lost = 0
        self._seen = 0

    def look(self) -> None:
        """Prints an alert, and a complaint, if events were lost since the last look."""
        stats = self._live.stats()
        lost, seen = stats.lost - self._lost, stats.events - self._seen
        self._lost, self._seen = stats.lost, stats.events
        if lost:
            self._printer.print(drop_alert(time.time_ns(), lost, seen, stats.dropped))
            common.complain(f"{lost:,} events were lost: the buffer was full (see --buffer)")


def _copy_alerts(
    live: Live, printer: AlertPrinter, duration: float | None, rule_captures: RuleCaptures | None
) -> None:
    losses = _Losses(live, printer)
    now = time.monotonic()
    end = math.inf if duration is None else now + duration
    next_look = now + DROPS_EVERY_S
    for batch in live.batches():
        printer.print(batch)
        if rule_captures:
            captures.tell(live.ended_captures(), rule_captures, printer)
        now = time.monotonic()
        if now >= end:
            live.stop()
        if now >= next_look:
            next_look = now + DROPS_EVERY_S
            losses.look()
    losses.look()


def _summarise(stats: LiveStats) -> None:
    total = sum(stats.alerts_by_rule.values())
    common.remark(f"\nwatched {stats.events:,} events, {stats.lost:,} dropped; {total:,} alerts")
    for name, count in sorted(stats.alerts_by_rule.items(), key=lambda item: (-item[1], item[0])):
        common.remark(f"  {count:>8,}  {name}")
    problems = (
        (stats.unreadable, "events have a parameter that could not be read"),
        (stats.truncated, "events have a parameter that was cut"),
        (stats.unreadable_processes, "processes could not be read at the start"),
        (stats.left_out_at_start, "threads and descriptors at the start were too many"),
        (stats.unknown_threads, "threads are known only by their number"),
        (stats.dropped_threads, "threads did not fit into the table"),
    )
    for count, what in problems:
        if count:
            common.remark(f"  {count:>8,}  {what}")
