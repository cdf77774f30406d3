"""The source of system calls that a configuration asks for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lanner import api
from lanner.api.captures import RuleCaptures
from lanner.api.live import Live, LiveUnavailableError
from lanner.containers import Resolver, Sockets
from lanner.outputs.internal import capture_limit_alert
from lanner.plan.syscalls import BaseSyscalls, interest, parse_custom_set
from lanner.service.drops import Simulating, seconds_of
from lanner.service.request import ServiceError
from lanner.service.sources import Idling, Replaying, Watching

if TYPE_CHECKING:
    from lanner.api.writing import OutputCapture
    from lanner.config import Config
    from lanner.plan.syscalls import Interest
    from lanner.service.drops import Losses
    from lanner.service.log import Log
    from lanner.service.ruleset import LoadedRules
    from lanner.service.sink import Sink
    from lanner.service.sources import Reading

_SMALLEST_RING = 1 << 20


def cannot_watch(error: LiveUnavailableError) -> ServiceError:
    """What is said of a kernel that does not let this user watch, and of what to do."""
    return ServiceError(
        f"cannot watch system calls: {error}",
        "`lanner doctor` says what is missing; `lanner scan` reads recorded events",
    )


def rule_captures(config: Config) -> RuleCaptures | None:
    """Captures of what follows alerts, as the configuration has them."""
    section = config.capture
    if not section.enabled:
        return None
    return RuleCaptures(
        section.path_prefix,
        section.mode == "all_rules",
        section.default_duration,
        section.max_file_size_mb,
    )


def watched(config: Config, rules: LoadedRules) -> Interest:
    """The system calls that are to be watched."""
    section = config.base_syscalls
    base = BaseSyscalls(
        parse_custom_set(section.custom_set), repair=section.repair, all=section.all
    )
    return interest(rules.ruleset.rules, base)


def open_syscalls(
    config: Config,
    rules: LoadedRules,
    sink: Sink,
    log: Log,
    *,
    write: OutputCapture | None,
    losses: Losses,
) -> Reading:
    """What gives system calls: the kernel, a capture, or nothing.

    Raises:
        ServiceError: they cannot be watched.
        QueryError: the filter of `write` is wrong.

    """
    engine = config.engine
    if engine.kind == "nodriver":
        return Idling()
    if engine.kind == "replay":
        return _replaying(config, rules, log, write=write, losses=losses)
    found = watched(config, rules)
    for complaint in found.complaints():
        log(complaint, "warning")
    settings = engine.kmod if engine.kind == "kmod" else engine.modern_ebpf
    captures = rule_captures(config)
    try:
        sockets = Sockets.parse(config.containers.sockets)
        live = Live(
            rules.engine,
            found.names,
            resolver=Resolver(sockets),
            ring_bytes=_SMALLEST_RING << (settings.buf_size_preset - 1),
            write=write,
            captures=captures,
        )
    except LiveUnavailableError as error:
        raise cannot_watch(error) from None
    said = f"watching {len(found.calls)} system calls with {len(rules.ruleset.rules)} rules"

    def look(is_last: bool) -> None:
        losses.look(live.stats, at_once=is_last)
        for capture in live.ended_captures():
            if capture.error is not None:
                log(f"{capture.path}: {capture.error}: nothing is captured", "error")
                continue
            log(f"captured {capture.events:,} events: {capture.path}", "notice")
            if capture.why == "size":
                limit = config.capture.max_file_size_mb
                sink.internal(capture_limit_alert(time.time_ns(), limit, capture.bytes))

    return Watching(live, look, lambda: log(said, "notice"))


def _replaying(
    config: Config, rules: LoadedRules, log: Log, *, write: OutputCapture | None, losses: Losses
) -> Reading:
    path = config.engine.replay.capture_file
    drops = config.syscall_event_drops
    times = list(seconds_of(path)) if drops.simulate_drops else []
    until = None
    if times and "exit" in drops.actions:
        # the first loss is the end: what comes later is not matched
        until, times = times[0], times[:1]
    scan = api.Scan(rules.engine, [path], until_ns=until, write=write, captures_only=True)
    reading = Replaying(scan, log)
    return Simulating(losses, times, reading) if times else reading
