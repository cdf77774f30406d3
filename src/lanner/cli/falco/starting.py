"""What Falco says while it starts, in its words and order: scripts look for these lines.

Source: falcosecurity/falco 0.44.1, `app/actions/` (`load_config`, `load_rules_files`,
`init_outputs`, `start_webserver`, `process_events`, `helpers_*`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lanner.config import codes
from lanner.config.durations import parse_duration_ms
from lanner.config.plugins import K8SAUDIT, SERVED, sources_of
from lanner.rules.falco_report import falco_schema, falco_warnings
from lanner.rules.schema import OK
from lanner.service.reload import place_of
from lanner.service.versions import FALCO_VERSION
from lanner.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.config import Config, Loaded
    from lanner.diagnostics import Diagnostic
    from lanner.rules.model import LoadResult
    from lanner.service.log import Log

OUTPUTS = ("stdout", "file", "syslog", "journal", "program", "http", "kafka")


def tell_of_config(loaded: Loaded, log: Log) -> None:
    """Who starts, with which files; and what was found in these."""
    log(f"Falco version: {FALCO_VERSION} ({os.uname().machine}, Lanner {__version__})")
    if loaded.sources:
        log("Falco initialized with configuration files:")
    unknown = {one.span.source.name for one in loaded.diagnostics if _is_unknown(one) and one.span}
    for source in loaded.sources:
        is_known = source.name not in unknown
        status = OK if is_known else "failed"
        log(
            f"   {source.name} | schema validation: {status}",
            "informational" if is_known else "warning",
        )
    for found in loaded.diagnostics:
        log(f"{place_of(found)}{found.message}", "warning")
    if loaded.config.rules_file:
        log("the key `rules_file` is deprecated: it is `rules_files` now", "warning")


def _is_unknown(found: Diagnostic) -> bool:
    return found.code == codes.UNKNOWN_KEY


def tell_of_plugins(config: Config, log: Log) -> None:
    """Which plugins a configuration loads."""
    for plugin in config.loaded_plugins:
        log(f"Loaded plugin '{plugin.name}@{SERVED[plugin.name]}', which is part of Lanner")


def tell_of_rules(config: Config, result: LoadResult, log: Log) -> None:
    """Which rule files are in force, what is wrong with them, and which rules are switched."""
    log("Loading rules from:")
    for file in result.files:
        status = falco_schema(file)
        log(
            f"   {file.name} | schema validation: {status}",
            "informational" if status == OK else "warning",
        )
        warnings = falco_warnings(file)
        if warnings:
            log(warnings.rstrip(), "warning")
    for selection in config.rules:
        verb = "Enabling" if selection.enable else "Disabling"
        selector = selection.enable or selection.disable
        if selector and selector.rule:
            log(f"{verb} rules with name: {selector.rule}")
        if selector and selector.tag:
            log(f"{verb} rules with tag: {selector.tag}")


def tell_of_start(config: Config, enabled: Iterable[str], log: Log) -> None:
    """What is about to run."""
    name = os.environ.get("FALCO_HOSTNAME")
    if name is not None:
        log(f"Hostname value has been overridden via environment variable to: {name}")
    is_replay = config.engine.kind == "replay"
    web = config.webserver
    if web.enabled and not is_replay:
        threads = web.threadiness or os.cpu_count() or 1
        tls = " (SSL)" if web.ssl_enabled else ""
        log(
            f"Starting health webserver with threadiness {threads},"
            f" listening on {web.listen_address}:{web.listen_port}{tls}"
        )
    if config.metrics.enabled:
        interval = config.metrics.interval
        ms = parse_duration_ms(interval)
        log(f"Setting metrics interval to {interval}, equivalent to {ms} (ms)")
    if config.capture.enabled:
        log(
            f"Capture is enabled in mode '{config.capture.mode}'."
            f" Capturing events to {config.capture.path_prefix}"
        )
    if is_replay:
        log(f"Replaying events from the capture file: {config.engine.replay.capture_file}")
        return
    log(f"Loaded event sources: {', '.join(sorted(sources_of(config), reverse=True))}")
    log(f"Enabled event sources: {', '.join(sorted(enabled))}")
    for source in sorted(enabled):
        log(f"Opening '{source}' source with {_opened_with(config, source)}")


def _opened_with(config: Config, source: str) -> str:
    if source != "syscall":
        return f"plugin '{K8SAUDIT}'"
    # Lanner has no kernel module: `kmod` is served by the same probe
    return "no driver" if config.engine.kind == "nodriver" else "modern BPF probe."
