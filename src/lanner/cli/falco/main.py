"""`lanner-falco`: what Falco would do with its command line, step by step in Falco's order."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lanner.api.ruleset import files_of
from lanner.cli.common import discard_output, open_streams
from lanner.cli.falco import listing, printing, starting
from lanner.cli.falco.options import DEFAULT_CONFIG, UsageError, parse, parser
from lanner.config import Config, load_config
from lanner.config.plugins import sources_of
from lanner.config.schema import config_schema
from lanner.config.sections import AppendOutput
from lanner.rules.describe import describe, describe_rule
from lanner.rules.falco_report import falco_json, falco_refusal, falco_text, falco_warnings
from lanner.rules.loader import load, read_source
from lanner.rules.schema import RULE_SCHEMA
from lanner.service.log import Logger, level_of
from lanner.service.orders import Orders
from lanner.service.reload import place_of
from lanner.service.request import Request, ServiceError
from lanner.service.ruleset import RuleChoice, RulesRefusedError, load_rules, missing_plugin
from lanner.service.service import Service

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from lanner.config import Loaded
    from lanner.diagnostics import Diagnostic
    from lanner.rules.model import CheckedRule, LoadResult
    from lanner.service.log import Log


_NO_LONGER_NEEDED = frozenset(("c", "container", "k", "kubernetes"))
"""Formats of `-p` that suggested fields have replaced."""


class _FatalError(Exception):
    """Falco ends with exit code 1, and says this."""


def main() -> None:
    """Entry point. Exit codes: 0 fine, 1 anything else, as Falco's."""
    open_streams()
    try:
        _main(sys.argv[1:])
        sys.stdout.flush()
    except (_FatalError, UsageError, ServiceError) as error:
        sys.stdout.flush()
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except BrokenPipeError:
        discard_output()
        sys.exit(0)
    except OSError as error:
        place = error.filename or "standard output"
        print(f"Error: {place}: {error.strerror or error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


def _main(words: list[str]) -> None:
    options = parse(words)
    if options.help:
        parser().print_help()
        return
    if options.config_schema:
        print(json.dumps(config_schema(), indent=2))  # noqa: T201
        return
    if options.rule_schema:
        print(json.dumps(RULE_SCHEMA, indent=4))  # noqa: T201
        return
    if options.ignored:
        listing.print_ignored()
        return
    form = options.format or ("markdown" if options.markdown else "text")
    if options.list_events:
        listing.print_events(form=form)
        return
    loaded = _configuration(options)
    config = loaded.config
    log = _logger(config)
    starting.tell_of_config(loaded, log)
    for word in options.stray:
        log(f"`{word}` means nothing: there are no arguments but options", "warning")
    if options.version:
        printing.print_versions(as_json=config.json_output)
        return
    if options.page_size:
        log(f"Your system page size is: {resource.getpagesize()} bytes")
        return
    if options.plugin_info:
        by_library = {one.library_path: one.name for one in config.plugins}
        name = by_library.get(options.plugin_info, options.plugin_info)
        if name not in printing.PLUGINS:
            raise _FatalError(f"can't find plugin and print its info: {options.plugin_info}")
        printing.print_plugin(name)
        return
    if options.list_plugins:
        printing.print_plugins(plugin.name for plugin in config.loaded_plugins)
        return
    if options.list is not None:
        if options.list not in {"", *sources_of(config), "k8s_audit"}:
            raise _FatalError("Value for --list must be a valid source type")
        listing.print_fields(
            options.list, form=form, names_only=options.names_only, with_types=options.verbose
        )
        return
    choice = RuleChoice(
        tuple(options.rules or ()),
        sources=_sources(options, config),
        has_defaults=False,
        checks_plugins=True,
    )
    starting.tell_of_plugins(config, log)
    if options.print:
        log("The -p/--print option is deprecated: use -o append_output… instead", "warning")
    if options.validate:
        _validate(options, config, log)
        return
    if options.describe or options.describe_all or options.support or options.dry_run:
        _look_at_rules(options, config, choice, log)
        return
    _needs_output(config)
    _run(options, loaded, choice, log)


def _load(options: argparse.Namespace) -> Loaded:
    path = options.config or DEFAULT_CONFIG
    if not Path(path).exists():
        if options.config is not None:
            raise _FatalError(f"Could not find configuration file at {path}")
        # what these print does not need one
        if not (options.version or options.page_size):
            raise _FatalError(f"You must create a config file at {path} or by passing -c")
        path = None
    loaded = load_config(path, options.options)
    if not options.print or options.print in _NO_LONGER_NEEDED:
        return loaded
    added = AppendOutput(extra_output=options.print)
    outputs = (*loaded.config.append_output, added)
    return replace(loaded, config=msgspec.structs.replace(loaded.config, append_output=outputs))


def _refuse_errors(found: tuple[Diagnostic, ...]) -> None:
    """Ends with the first error, in Falco's words where it has some."""
    first = next((one for one in found if one.is_error), None)
    if first is not None:
        raise _FatalError(f"{place_of(first)}{first.falco_message or first.message}")


def _configuration(options: argparse.Namespace) -> Loaded:
    loaded = _load(options)
    _refuse_errors(loaded.diagnostics)
    return loaded


def _logger(config: Config) -> Logger:
    return Logger(
        level_of(config.log_level),
        config.log_stderr,
        config.log_syslog,
        "falco-iso" if config.time_format_iso_8601 else "falco",
    )


def _sources(options: argparse.Namespace, config: Config) -> frozenset[str]:
    if config.engine.kind == "replay":
        # as in Falco, a capture is all that is read, whatever is said of sources
        return frozenset(("syscall",))
    known = sources_of(config)
    for name in (*(options.enable_source or ()), *(options.disable_source or ())):
        if name not in known:
            what = "enabling" if options.enable_source else "disabling"
            raise _FatalError(f"Attempted {what} an unknown event source: {name}")
    chosen = known
    if options.enable_source:
        chosen = known & set(options.enable_source)
    if options.disable_source:
        chosen = known - set(options.disable_source)
    if not chosen:
        raise _FatalError("Must enable at least one event source")
    return chosen


def _needs_output(config: Config) -> None:
    if not any(getattr(config, f"{name}_output").enabled for name in starting.OUTPUTS):
        raise _FatalError(
            "No output configured, please make sure at least one output is configured and enabled."
        )


def _validate(options: argparse.Namespace, config: Config, log: Log) -> None:
    """`-V`: the verdict on standard output; an invalid file is an error, too."""
    names = list(options.validate)
    if options.checks_all:
        names = _before(names, config) + names
    log("Validating rules file(s):")
    for name in names:
        log(f"   {name}")
    plugins = [plugin.name for plugin in config.loaded_plugins]
    result = load([read_source(name) for name in names], plugins, config.static_fields)
    missing = missing_plugin(config, result)
    if missing:
        raise _FatalError(missing)
    for file in result.files:
        if warnings := falco_warnings(file):
            log(warnings.rstrip(), "warning")
    is_described = result.ok and (options.describe or options.describe_all)
    summary = falco_text(result)
    if config.json_output:
        found = falco_json(result)
        if is_described:
            found["falco_describe_results"] = _described(options, config, result)
        print(json.dumps(found))  # noqa: T201
    else:
        print(summary)  # noqa: T201
        if is_described:
            print()  # noqa: T201
            printing.print_rules(_named(options, result))
    if not result.ok:
        raise _FatalError(summary)


def _before(named: list[str], config: Config) -> list[str]:
    """The rule files of the configuration that are there, but for those that are named."""
    again = {Path(name).resolve() for name in named}
    files = files_of(filter(os.path.exists, config.named_rules), may_be_empty=True)
    return [str(file) for file in files if Path(file).resolve() not in again]


@contextlib.contextmanager
def _refusing_rules() -> Iterator[None]:
    try:
        yield
    except RulesRefusedError as error:
        result = error.result
        first = next((file for file in result.files if not file.ok), None) if result else None
        if result is not None and first is not None and first.source is not None:
            raise _FatalError(falco_refusal(result)) from None
        _refuse_errors(error.diagnostics)
        raise _FatalError(str(error)) from None


def _look_at_rules(
    options: argparse.Namespace, config: Config, choice: RuleChoice, log: Log
) -> None:
    with _refusing_rules():
        rules = load_rules(config, choice)
    result = rules.ruleset.result
    starting.tell_of_rules(config, result, log)
    if options.describe or options.describe_all:
        if config.json_output:
            print(json.dumps(_described(options, config, result), sort_keys=True))  # noqa: T201
        else:
            printing.print_rules(_named(options, result))
    elif options.support:
        files = [file for file in result.files if file.source]
        printing.print_support(config, files, options.options)
    else:
        _needs_output(config)


def _named(options: argparse.Namespace, result: LoadResult) -> list[CheckedRule]:
    """The rules that `-L` or `-l` shows."""
    shown = [rule for rule in result.rules if options.describe in {None, rule.name}]
    if options.describe and not shown:
        raise _FatalError(f'Rule "{options.describe}" is not loaded')
    return shown


def _described(options: argparse.Namespace, config: Config, result: LoadResult) -> dict[str, Any]:
    shown = _named(options, result)
    plugins = {plugin.name for plugin in config.loaded_plugins}
    if options.describe:
        return describe_rule(result, shown[0], plugins)
    return describe(result, plugins)


def _run(options: argparse.Namespace, loaded: Loaded, choice: RuleChoice, log: Log) -> None:
    gc.enable()
    orders = Orders()
    duration = float(options.duration) if options.duration else None
    path = Path(options.config or DEFAULT_CONFIG)
    request = Request(lambda: _load(options), path, choice, duration)
    with _refusing_rules():
        service = Service(request, loaded, log)
    starting.tell_of_rules(loaded.config, service.state.rules.ruleset.result, log)
    starting.tell_of_start(loaded.config, choice.sources, log)
    orders.give_to(service)
    with contextlib.ExitStack() as at_end:
        if options.pidfile:
            Path(options.pidfile).write_text(f"{os.getpid()}\n", "ascii")
            at_end.callback(Path(options.pidfile).unlink, missing_ok=True)
        started = time.monotonic()
        went_well = service.run()
    if options.verbose:
        spent = time.monotonic() - started
        rate = service.state.events / spent if spent else 0.0
        said = f"{spent:.3f}, Captured Events: {service.state.events}, {rate:.2f} eps"
        print(f"Elapsed time: {said}", file=sys.stderr)  # noqa: T201
    printing.print_drops(service.losses)
    printing.print_matches(service.state.counts())
    if not went_well:
        raise _FatalError("ended because of what the configuration says of lost events")
