"""Reads the items of a rule file and hands them to the collector.

Which keys an item has, which are required, and what contradicts what: falcosecurity/falco
`rule_loader_reader.cpp` (engine 0.62.0).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lanner.diagnostics import Item
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules import decode, grammar
from lanner.rules.decode import ItemError, fail, within
from lanner.rules.model import (
    MAX_ERRORS,
    ListInfo,
    MacroInfo,
    PluginRequirement,
)
from lanner.rules.rule_reader import (
    APPEND_AND_OVERRIDE,
    append_flag,
    overrides,
    read_condition,
    read_rule,
    value_span,
)
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from lanner.rules.collector import Collector
    from lanner.rules.model import Context

_KEYS = {
    "required_engine_version": ("required_engine_version",),
    "required_plugin_versions": ("required_plugin_versions",),
    "list": ("list", "items", "append", "override"),
    "macro": ("macro", "condition", "append", "override"),
    "rule": (
        "rule",
        "condition",
        "output",
        "desc",
        "priority",
        "source",
        "enabled",
        "capture",
        "capture_duration",
        "warn_evttypes",
        "skip-if-unknown-filter",
        "tags",
        "exceptions",
        "override",
        "append",
    ),
}
"""Kinds of items in the order in which they are tried, and the keys that each knows."""

_VERSION = re.compile(r"[ \t\n\v\f\r]*\+?([0-9]{1,9})\.[ ]*\+?([0-9]{1,9})\.[ ]*\+?([0-9]{1,9})")
"""What `sscanf("%u.%u.%u")` takes, which reads versions in Falco: anything may follow."""


def read_document(document: Node, collector: Collector, parent: Context) -> None:
    """Reads one YAML document; what is wrong with its items goes to the collector's diagnostics."""
    if isinstance(document, Scalar) and document.is_null:
        return
    try:
        if isinstance(document, Scalar):
            fail(
                "the file is not a list of rules",
                parent,
                span=document.span,
                falco_message="Rules content is not yaml",
            )
        if isinstance(document, Mapping):
            fail(
                "the file is a mapping, not a list of rules",
                parent,
                span=document.span,
                falco_message="Rules content is not yaml array of objects",
                help="put `- ` before each rule, macro and list",
            )
    except ItemError as error:
        collector.report(error.diagnostic)
        return
    errors = 0
    for item in document.items:
        if isinstance(item, Scalar) and item.is_null:
            continue
        try:
            _read_item(item, collector, parent)
        except ItemError as error:
            collector.report(error.diagnostic)
            errors += 1
            if errors >= MAX_ERRORS:
                return


def _read_item(item: Node, collector: Collector, parent: Context) -> None:
    if not isinstance(item, Mapping):
        fail(
            "each item must be a mapping: `- rule: …`, `- macro: …` or `- list: …`",
            within(parent, "rules content item", "", item),
            falco_message="Unexpected element type. "
            "Each element should be a yaml associative array.",
        )
    kind = next((key for key in _KEYS if item.get(key) is not None), None)
    if kind is None:
        _unknown_item(item, collector, parent)
        return
    if kind == "required_engine_version":
        context = _engine_version(item, collector, parent)
    elif kind == "required_plugin_versions":
        context = _plugin_versions(item, collector, parent)
    elif kind == "list":
        context = _list(item, collector, parent)
    elif kind == "macro":
        context = _macro(item, collector, parent)
    else:
        name, context = _named(item, "rule", parent)
        read_rule(item, name, collector, context)
    for key, _ in item.pairs:
        name = decode.key_text(key, parent)
        if name not in _KEYS[kind]:
            message = f"Unknown key '{name}'. The key will be ignored."
            collector.warn(
                "LOAD_UNKNOWN_KEY", message, context, key.span, did_you_mean(name, _KEYS[kind])
            )


def _unknown_item(item: Mapping, collector: Collector, parent: Context) -> None:
    context = within(parent, "rules content item", "", item)
    first = next((key for key, _ in item.pairs if isinstance(key, Scalar)), None)
    near = did_you_mean(first.value, _KEYS) if first else None
    span = first.span if first else item.span
    collector.warn("LOAD_UNKNOWN_ITEM", "Unknown top level item", context, span, near)


def _named(item: Mapping, kind: str, parent: Context) -> tuple[str, Context]:
    name = decode.required(item, kind, within(parent, kind, "", item)).value
    return name, (*parent, Item(kind, name, item.key_span(kind)))


def _version(text: str) -> tuple[int, int, int] | None:
    found = _VERSION.match(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _engine_version(item: Mapping, collector: Collector, parent: Context) -> Context:
    key = "required_engine_version"
    context = within(parent, key, "", item)
    scalar = decode.required(item, key, context)
    number = scalar.as_unsigned()
    version = (0, number, 0) if number is not None else _version(scalar.value)
    if version is None:
        fail(
            f"Unable to parse engine version '{scalar.value}' as a semver string."
            ' Expected "x.y.z" semver format.',
            context,
            span=scalar.span,
        )
    collector.require_engine(version, context, scalar.span)
    return context


def _plugin_versions(item: Mapping, collector: Collector, parent: Context) -> Context:
    key = "required_plugin_versions"
    node = item.get(key)
    context = within(parent, "required plugin versions", "", node or item)
    if not isinstance(node, Sequence):
        fail("Value of required_plugin_versions must be a sequence", context)
    for plugin in node.items:
        entry = within(context, "required plugin versions entry", "", plugin)
        if not isinstance(plugin, Mapping):
            fail("Plugin version must be a mapping", entry)
        first, entry = _plugin(plugin, entry)
        alternatives = [first]
        others = plugin.get("alternatives")
        if others is not None:
            if not isinstance(others, Sequence):
                fail("Value of plugin version alternatives must be a sequence", entry)
            for other in others.items:
                inner = within(entry, "required plugin versions alternative", "", other)
                if not isinstance(other, Mapping):
                    fail("Plugin version alternative must be a mapping", inner)
                alternatives.append(_plugin(other, inner)[0])
        _check_alternatives(alternatives, entry)
        collector.required_plugins.append(tuple(alternatives))
    return within(parent, "required plugin versions", "", item)


def _plugin(node: Mapping, context: Context) -> tuple[PluginRequirement, Context]:
    """A plugin with its version, and the context that names it."""
    name = decode.required(node, "name", context).value
    named = (*context[:-1], replace(context[-1], name=name))
    return PluginRequirement(name, decode.required(node, "version", named).value), named


def _check_alternatives(alternatives: list[PluginRequirement], context: Context) -> None:
    seen: set[str] = set()
    for plugin in alternatives:
        if _version(plugin.version) is None:
            fail(
                f"Invalid required version '{plugin.version}' for plugin '{plugin.name}'",
                context,
                code="LOAD_ERR_VALIDATE",
            )
        if plugin.name in seen:
            fail(
                f"Defined multiple alternative version requirements for plugin '{plugin.name}'",
                context,
                code="LOAD_ERR_VALIDATE",
            )
        seen.add(plugin.name)


def _list(item: Mapping, collector: Collector, parent: Context) -> Context:
    name, context = _named(item, "list", parent)
    if not grammar.BARE_STRING.fullmatch(name):
        message = (
            "List has an invalid name. List names should match a regular expression:"
            " ([^()\"'[:space:]=,]+)"
        )
        collector.warn("LOAD_INVALID_LIST_NAME", message, context, value_span(item, "list"))
    items = decode.texts(item, "items", context)
    if items is None:
        fail(
            "the key `items` is missing",
            context,
            falco_message="Item has no mapping for key 'items'",
        )
    append = append_flag(item, collector, context)
    appended, replaced = overrides(item, ("items",), ("items",), context)
    if append and (appended or replaced):
        fail(APPEND_AND_OVERRIDE, context)
    info = ListInfo(name, items, context, value_span(item, "list"))
    if append or appended:
        collector.append_list(info)
    else:
        collector.define_list(info)
    return context


def _macro(item: Mapping, collector: Collector, parent: Context) -> Context:
    name, context = _named(item, "macro", parent)
    if not grammar.IDENTIFIER.fullmatch(name):
        message = (
            "Macro has an invalid name. Macro names should match a regular expression:"
            " ([a-zA-Z]+[a-zA-Z0-9_]*)"
        )
        collector.warn("LOAD_INVALID_MACRO_NAME", message, context, value_span(item, "macro"))
    text, inner = read_condition(item, "macro condition", context)
    append = append_flag(item, collector, context)
    appended, replaced = overrides(item, ("condition",), ("condition",), context)
    if append and (appended or replaced):
        fail(APPEND_AND_OVERRIDE, context)
    info = MacroInfo(name, text, context, inner, value_span(item, "macro"))
    if append or appended:
        collector.append_macro(info)
    else:
        collector.define_macro(info)
    return context
