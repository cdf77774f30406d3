"""What Falco prints about itself, its plugins and rules."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from lanner.config.plugins import SERVED
from lanner.rules.model import PRIORITY_NAMES
from lanner.service.versions import FALCO_VERSION, versions, versions_with

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.api.engine import Counts
    from lanner.config import Config
    from lanner.rules.model import CheckedRule, FileResult
    from lanner.service.drops import Losses

_NAME_WIDTH, _DESCRIPTION_WIDTH = 50, 58


def print_versions(*, as_json: bool) -> None:
    """`--version`."""
    found = versions()
    if as_json:
        _print(json.dumps(found))
        return
    _print(f"Falco version: {found['falco_version']}")
    _print(f"Libs version:  {found['libs_version']}")
    _print(f"Plugin API:    {found['plugin_api_version']}")
    _print(f"Engine:        {found['engine_version_semver']}")
    _print("Driver:")
    _print(f"  API version:    {found['driver_api_version']}")
    _print(f"  Schema version: {found['driver_schema_version']}")
    _print(f"  Default driver: {found['default_driver_version']}")
    _print(f"Lanner version: {found['lanner_version']}")


def print_rules(rules: Iterable[CheckedRule]) -> None:
    """`-L` and `-l`: names and descriptions."""
    _print(f"{'Rule':<{_NAME_WIDTH}} Description")
    _print(f"{'----':<{_NAME_WIDTH}} -----------")
    for rule in rules:
        lines = textwrap.wrap(" ".join(rule.desc.split()), _DESCRIPTION_WIDTH) or [""]
        _print(f"{rule.name:<{_NAME_WIDTH}} {lines[0]}")
        for line in lines[1:]:
            _print(f"{'':<{_NAME_WIDTH}} {line}")
        _print("")


def print_drops(losses: Losses) -> None:
    """What is said at the end of lost events."""
    for line in (
        "Syscall event drop monitoring:",
        f"   - event drop detected: {losses.occurrences} occurrences",
        f"   - num times actions taken: {losses.actions}",
    ):
        print(line, file=sys.stderr)  # noqa: T201


def print_matches(counts: Counts) -> None:
    """What is said at the end of alerts."""
    matched = [(rule, counted.matched) for rule, counted in counts.rules if counted.matched]
    _print(f"Events detected: {sum(count for _, count in matched)}")
    _print("Rule counts by severity:")
    by_priority: Counter[int] = Counter()
    for rule, count in matched:
        by_priority[rule.priority] += count
    for priority in sorted(by_priority):
        name = PRIORITY_NAMES[priority].replace("INFORMATIONAL", "INFO")
        _print(f"   {name}: {by_priority[priority]}")
    _print("Triggered rules by rule name:")
    for rule, count in sorted(matched, key=lambda found: found[0].index):
        _print(f"   {rule.name}: {count}")


_MAY_BE_SECRET = frozenset(
    ("headers", "init_config", "open_params", "program", "static_fields", "sasl_password", "url")
)


def _public(value: Any) -> Any:
    """A configuration that can be shown to others."""
    if isinstance(value, list):
        return [_public(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: "<not shown>" if one and key in _MAY_BE_SECRET else _public(one)
        for key, one in value.items()
    }


def _command_line(options: Iterable[str]) -> str:
    """How it was called, without the values of `-o`, which are in the configuration."""
    words = list(sys.argv)
    for option in options:
        key = option.partition("=")[0]
        words = [
            f"{word.removesuffix(option)}{key}=<not shown>" if word.endswith(option) else word
            for word in words
        ]
    return " ".join(words)


def print_support(config: Config, files: Iterable[FileResult], options: Iterable[str]) -> None:
    """`--support`: with Falco's keys, and without what may be secret in the configuration, or in
    the `options` that set its keys.
    """
    system = os.uname()
    parts = ("machine", "nodename", "release", "sysname", "version")
    found = {
        "cmdline": _command_line(options),
        "config": json.dumps(_public(msgspec.to_builtins(config))),
        "engine_info": versions_with(config),
        "rules_files": [
            {"name": file.name, "variants": [{"content": file.source.text}]}
            for file in files
            if file.source
        ],
        "system_info": {name: getattr(system, name) for name in parts},
        "version": FALCO_VERSION,
    }
    _print(json.dumps(found))


@dataclass(frozen=True, slots=True)
class _Plugin:
    """`settings` are the keys of `init_config` that mean something here."""

    description: str
    capabilities: tuple[str, ...]
    settings: tuple[str, ...] = ()
    open_params: tuple[str, ...] = ()


PLUGINS = {
    "container": _Plugin(
        "Names, images and pods of containers",
        ("Field Extraction", "Event Parsing", "Async Events"),
    ),
    "json": _Plugin("Fields of events that are JSON", ("Field Extraction",)),
    "k8saudit": _Plugin(
        "Audit events of kube-apiserver",
        ("Event Sourcing (ID=1, source='k8s_audit')", "Field Extraction"),
        ("sslCertificate",),
        (
            "http://<host>:<port>/<path>: plain HTTP, as a webhook back end",
            "https://<host>:<port>/<path>: HTTPS, with `sslCertificate` (PEM: certificate and key)",
            "file://<path>: a log that is followed as it grows",
            "<path>: a log, or a folder of logs, read to the end",
        ),
    ),
    "k8smeta": _Plugin("Objects of Kubernetes: fields without values", ("Field Extraction",)),
}
"""Falco's plugins that Lanner is in itself."""


def print_plugins(names: Iterable[str]) -> None:
    """`--list-plugins`."""
    shown = list(names)
    _print(f"{len(shown)} Plugins Loaded:\n")
    for name in shown:
        _print_plugin(name)


def print_plugin(name: str) -> None:
    """`--plugin-info`: what can be set, too."""
    _print_plugin(name)
    plugin = PLUGINS[name]
    settings = {key: {"type": "string"} for key in plugin.settings}
    _print("Init config schema type: JSON")
    _print(json.dumps({"type": "object", "properties": settings}) + "\n")
    if plugin.open_params:
        _print("Suggested open params:")
        for line in plugin.open_params:
            _print(line)
        _print("")


def _print_plugin(name: str) -> None:
    plugin = PLUGINS[name]
    _print(f"Name: {name}\nDescription: {plugin.description} (part of Lanner)")
    _print(f"Contact: -\nVersion: {SERVED[name]}\nCapabilities: ")
    for capability in plugin.capabilities:
        _print(f"  - {capability}")
    _print("")


def _print(text: str) -> None:
    print(text)  # noqa: T201
