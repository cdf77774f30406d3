"""`lanner run`: the service."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from lanner.api.live import RING_BYTES
from lanner.api.query import QueryError
from lanner.cli import captures, common, configs, syscalls, writing
from lanner.config.defaults import SITE_CONFIG
from lanner.config.plugins import sources_of
from lanner.containers import Sockets
from lanner.diagnostics.render_text import printable
from lanner.service.log import Logger, level_of
from lanner.service.orders import Orders
from lanner.service.request import Request, ServiceError
from lanner.service.ruleset import RuleChoice, RulesRefusedError
from lanner.service.service import Service

if TYPE_CHECKING:
    from lanner.config import Loaded
    from lanner.service.state import State


def run(
    config: configs.ConfigOption = None,
    option: configs.OptionOption = None,
    rules: common.RulesOption = None,
    local: common.LocalOption = None,
    json_output: common.JsonAlertsOption = False,
    iso_time: common.IsoTimeOption = False,
    priority: Annotated[
        str | None, typer.Option("-p", "--priority", help="Only rules of this priority or above.")
    ] = None,
    tag: common.TagOption = None,
    rule: common.RuleOption = None,
    rule_matching: Annotated[
        common.RuleMatching | None,
        typer.Option(help="Report all rules that match an event, or only the first."),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option("-M", "--duration", min=0, metavar="SECONDS", help="Stop after so long."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Where alerts are kept (`lanner alerts`); none: only until they are sent.",
        ),
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
    capture_mode: captures.ModeOption = None,
    capture_duration: captures.DurationOption = None,
    capture_max_size: captures.MaxSizeOption = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No summary at the end.")] = False,
) -> None:
    """Watch this machine: match what its processes do against rules, and deliver the alerts.

    System calls come from the kernel, through eBPF; only those that the rules need are watched
    (`lanner rules --syscalls`). Needs Linux 5.8 or newer on x86-64, and root or the capabilities
    that `lanner doctor` names.

    The configuration is /etc/lanner/lanner.yaml, if it is there; it has the keys of falco.yaml and
    Lanner's own (`lanner config schema`). Options count more, and -o sets any key. Alerts are kept
    in a store first, then printed and sent to the channels that the configuration names. Without -r
    and rules_files the default rules are used, then what is in /etc/lanner.

    SIGHUP, or a change of a file, loads configuration and rules again: all or nothing. SIGUSR1
    opens files again. SIGINT and SIGTERM end it, once all that was seen until then is matched.

    Exit code: 0 when it was ended; 1 when configuration or rules are invalid, this machine cannot
    be watched or something else failed; 2 usage.

    Example: sudo lanner run --json --priority notice

    Example: sudo lanner run -c lanner.yaml -o http_output.enabled=true -o http_output.url=http://…

    Example: sudo lanner run -M 60 --write trace.scap
    """
    # a service looks for garbage; `main` does not
    gc.enable()
    orders = Orders()
    writing.check_options(write, compress=compress, filter=filter_text, alerts_only=alerts_only)
    try:
        Sockets.parse(container_socket or ())
    except ValueError as error:
        common.usage_error(f"--container-socket: {error}")
    if priority is not None:
        common.priority_or_exit(priority)
    output = writing.output_or_exit(
        write, compress=compress, filter_text=filter_text, alerts_only=alerts_only
    )
    options = [
        *(option or ()),
        *(["json_output=true"] if json_output else ()),
        *(["time_format_iso_8601=true"] if iso_time else ()),
        *([f"priority={priority}"] if priority is not None else ()),
        *([f"rule_matching={rule_matching.value}"] if rule_matching else ()),
        *([f"store.path={store}"] if store is not None else ()),
        *_buffer(buffer_mib),
        *syscalls.options(base, repair=repair, everything=all_syscalls),
        *[f"containers.sockets[]={one}" for one in container_socket or ()],
        *captures.options(capture_prefix, capture_mode, capture_duration, capture_max_size),
        *(["stdout_output.to_stderr=true"] if writing.takes_stdout(output) else ()),
    ]
    load = configs.loader(config, options)
    loaded = configs.checked_or_exit(load())
    if not rules:
        configs.remark_on_rules(loaded.config)
    choice = RuleChoice(
        tuple(rules or ()),
        tuple(local or ()),
        tuple(tag or ()),
        tuple(rule or ()),
        sources_of(loaded.config),
    )
    request = Request(load, config or SITE_CONFIG, choice, duration, output)
    service = _service_or_exit(request, loaded)

    orders.give_to(service)
    try:
        went_well = service.run()
    except ServiceError as error:
        _give_up(error)
    if not quiet:
        _summarise(service.state)
    if not went_well:
        raise typer.Exit(1)


def _service_or_exit(request: Request, loaded: Loaded) -> Service:
    config = loaded.config
    log = Logger(level_of(config.log_level), config.log_stderr, config.log_syslog)
    try:
        service = Service(request, loaded, log)
    except RulesRefusedError as error:
        common.show(found for found in error.diagnostics if found.is_error)
        common.complain(str(error))
        raise typer.Exit(1) from None
    except QueryError as error:
        common.show(error.diagnostics)
        raise typer.Exit(1) from None
    except ServiceError as error:
        _give_up(error)
    except OSError as error:
        common.complain(f"{error.filename or 'cannot begin'}: {error.strerror or error}")
        raise typer.Exit(1) from None
    if not service.state.rules.ruleset.rules:
        service.close()
        narrowed = request.rules.names or request.rules.tags
        common.usage_error(
            "no enabled rule is left with these --priority, --tag and --rule options"
            if narrowed
            else "none of the rules is for system calls: there is nothing to watch"
        )
    return service


def _give_up(error: ServiceError) -> NoReturn:
    common.complain(str(error))
    if error.help:
        common.remark(f"  {error.help}")
    raise typer.Exit(1)


def _buffer(mib: int) -> list[str]:
    """Falco's number of a size: 1 for 1 MiB, and each is twice the one before."""
    if mib < 1 or mib & (mib - 1) or mib > 512:
        common.usage_error("--buffer: 1, 2, 4, … 512 MiB")
    if mib << 20 == RING_BYTES:
        return []
    return [f"engine.modern_ebpf.buf_size_preset={mib.bit_length()}"]


def _summarise(state: State) -> None:
    matches = state.matched()
    live = state.live()
    lost = live.lost if live else 0
    common.remark(
        f"\nwatched {state.events:,} events, {lost:,} dropped; {sum(matches.values()):,} alerts"
    )
    for name, count in sorted(matches.items(), key=lambda item: (-item[1], item[0])):
        common.remark(f"  {count:>8,}  {printable(name)}")
    if live is None:
        return
    problems = (
        (live.unreadable, "events have a parameter that could not be read"),
        (live.truncated, "events have a parameter that was cut"),
        (live.unreadable_processes, "processes could not be read at the start"),
        (live.left_out_at_start, "threads and descriptors at the start were too many"),
        (live.unknown_threads, "threads are known only by their number"),
        (live.dropped_threads, "threads did not fit into the table"),
    )
    for count, what in problems:
        if count:
            common.remark(f"  {count:>8,}  {what}")
