"""Reads the items of a rule file and hands them to the collector.

Which keys an item has, which are required, and what contradicts what: falcosecurity/falco
`rule_loader_reader.cpp` (engine 0.62.0).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lanner.diagnostics import Item
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules import decode, grammar
from lanner.rules.decode import ItemError, fail, within
from lanner.rules.exceptions import read_exceptions
from lanner.rules.model import (
    PRIORITY_NAMES,
    ListInfo,
    MacroInfo,
    PluginRequirement,
    RuleInfo,
    RuleUpdate,
    parse_priority,
)
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from lanner.diagnostics import Span
    from lanner.rules.collector import Collector
    from lanner.rules.condition_text import MappedText
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

_APPENDABLE = ("condition", "output", "desc", "tags", "exceptions")
_REPLACEABLE = (
    "condition",
    "output",
    "desc",
    "priority",
    "capture",
    "capture_duration",
    "tags",
    "exceptions",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
)
_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?")
_APPEND_DEPRECATED = (
    "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under"
    " 'override' instead."
)
_APPEND_AND_OVERRIDE = (
    "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g."
    " 'condition: append') under 'override' instead."
)
_ENABLED_DEPRECATED = (
    "The standalone 'enabled' key usage is deprecated. The correct approach requires also a"
    " 'replace' entry under the 'override' key (i.e. 'enabled: replace')."
)


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
    for item in document.items:
        if isinstance(item, Scalar) and item.is_null:
            continue
        try:
            _read_item(item, collector, parent)
        except ItemError as error:
            collector.report(error.diagnostic)


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
        context = _rule(item, collector, parent)
    for key, _ in item.pairs:
        if isinstance(key, Scalar) and key.value not in _KEYS[kind]:
            message = f"Unknown key '{key.value}'. The key will be ignored."
            collector.warn(
                "LOAD_UNKNOWN_KEY", message, context, key.span, did_you_mean(key.value, _KEYS[kind])
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
    found = _VERSION.fullmatch(text)
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
        alternatives = [_plugin(plugin, entry)]
        others = plugin.get("alternatives")
        if others is not None:
            if not isinstance(others, Sequence):
                fail("Value of plugin version alternatives must be a sequence", entry)
            for other in others.items:
                inner = within(entry, "required plugin versions alternative", "", other)
                if not isinstance(other, Mapping):
                    fail("Plugin version alternative must be a mapping", inner)
                alternatives.append(_plugin(other, inner))
        _check_alternatives(alternatives, entry)
        collector.required_plugins.append(tuple(alternatives))
    return within(parent, "required plugin versions", "", item)


def _plugin(node: Mapping, context: Context) -> PluginRequirement:
    name = decode.required(node, "name", context).value
    return PluginRequirement(name, decode.required(node, "version", context).value)


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
        collector.warn("LOAD_INVALID_LIST_NAME", message, context, _value_span(item, "list"))
    items = decode.texts(item, "items", context)
    if items is None:
        fail(
            "the key `items` is missing",
            context,
            falco_message="Item has no mapping for key 'items'",
        )
    append = _append_flag(item, collector, context)
    appended, replaced = _overrides(item, ("items",), ("items",), context)
    if append and (appended or replaced):
        fail(_APPEND_AND_OVERRIDE, context)
    info = ListInfo(name, items, context, _value_span(item, "list"))
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
        collector.warn("LOAD_INVALID_MACRO_NAME", message, context, _value_span(item, "macro"))
    condition, inner = _condition(item, "macro condition", context)
    append = _append_flag(item, collector, context)
    appended, replaced = _overrides(item, ("condition",), ("condition",), context)
    if append and (appended or replaced):
        fail(_APPEND_AND_OVERRIDE, context)
    info = MacroInfo(name, condition, context, inner, _value_span(item, "macro"))
    if append or appended:
        collector.append_macro(info)
    else:
        collector.define_macro(info)
    return context


def _condition(item: Mapping, kind: str, context: Context) -> tuple[MappedText, Context]:
    condition = decode.text(item, "condition", context)
    return condition, (*context, Item(kind, "", decode.required(item, "condition", context).span))


def _value_span(item: Mapping, key: str) -> Span:
    value = item.get(key)
    return value.span if value is not None else item.span


def _append_flag(item: Mapping, collector: Collector, context: Context) -> bool:
    append = bool(decode.boolean(item, "append", context))
    if append:
        span = item.key_span("append")
        collector.warn("LOAD_DEPRECATED_ITEM", _APPEND_DEPRECATED, context, span)
    return append


def _overrides(
    item: Mapping, appendable: tuple[str, ...], replaceable: tuple[str, ...], context: Context
) -> tuple[set[str], set[str]]:
    """The keys that `override` appends to, and those that it replaces."""
    appended: set[str] = set()
    replaced: set[str] = set()
    node = item.get("override")
    if not isinstance(node, Mapping):
        return appended, replaced
    outer = within(context, "overrides", "", item)
    for key, value in node.pairs:
        if not isinstance(key, Scalar) or not isinstance(value, Scalar):
            fail(
                "`override` names keys and says `append` or `replace` for each",
                within(outer, "overrides", "", value),
                code="LOAD_ERR_VALIDATE",
            )
        name, operation = key.value, value.value
        where = within(outer, "overrides", name, key)
        if operation == "append":
            if name not in appendable:
                help_text = did_you_mean(name, appendable)
                message = f"Key '{name}' cannot be appended to, use 'replace' instead"
                fail(message, where, help=help_text)
            appended.add(name)
        elif operation == "replace":
            if name not in replaceable:
                help_text = did_you_mean(name, replaceable)
                fail(f"Key '{name}' cannot be replaced", where, help=help_text)
            replaced.add(name)
        else:
            allowed = "append " * (name in appendable) + "replace " * (name in replaceable)
            fail(
                f"Invalid override operation for key '{name}': '{operation}'."
                f" Allowed values are: {allowed}",
                within(outer, "value for", name, value),
            )
    return appended, replaced


def _rule(item: Mapping, collector: Collector, parent: Context) -> Context:
    name, context = _named(item, "rule", parent)
    source = decode.optional(item, "source", context, may_be_empty=True)
    append = _append_flag(item, collector, context)
    appended, replaced = _overrides(item, _APPENDABLE, _REPLACEABLE, context)
    if append and (appended or replaced):
        fail(_APPEND_AND_OVERRIDE, context)
    reader = _RuleReader(item, name, source.value if source else "", collector, context)
    if appended or replaced:
        reader.override(appended, replaced)
    elif append:
        reader.append()
    elif not any(item.get(key) is not None for key in ("condition", "output", "desc", "priority")):
        reader.toggle()
    else:
        reader.define()
    return context


class _RuleReader:
    """The four things that a `rule` item can be."""

    def __init__(
        self, item: Mapping, name: str, source: str, collector: Collector, context: Context
    ) -> None:
        self.item = item
        self.name = name
        self.source = source
        self.collector = collector
        self.context = context

    def define(self) -> None:
        """A whole rule."""
        item, context = self.item, self.context
        condition, condition_context = _condition(item, "rule condition", context)
        output = strip(decode.text(item, "output", context))
        output_node = decode.required(item, "output", context)
        desc = decode.required(item, "desc", context).value
        priority = self._priority()
        source = decode.optional(item, "source", context)
        enabled = decode.boolean(item, "enabled", context)
        capture = decode.boolean(item, "capture", context)
        duration = decode.unsigned(item, "capture_duration", context)
        warn_evttypes = decode.boolean(item, "warn_evttypes", context)
        skip = decode.boolean(item, "skip-if-unknown-filter", context)
        tags = self._tags()
        self.collector.define_rule(
            RuleInfo(
                name=self.name,
                context=context,
                span=_value_span(item, "rule"),
                condition=condition,
                condition_context=condition_context,
                output=output,
                output_context=(*context, Item("rule output", "", output_node.span)),
                desc=desc,
                priority=priority,
                source=source.value if source else "syscall",
                enabled=True if enabled is None else enabled,
                capture=bool(capture),
                capture_duration=duration or 0,
                warn_evttypes=True if warn_evttypes is None else warn_evttypes,
                skip_if_unknown_filter=bool(skip),
                tags=tags or set(),
                exceptions=read_exceptions(item, self.collector, context, append=False),
            )
        )

    def toggle(self) -> None:
        """Only `enabled`: switches an earlier rule on or off."""
        enabled = decode.boolean(self.item, "enabled", self.context)
        if enabled is None:
            missing = ("condition", "output", "desc", "priority")
            fail(
                f"the rule has none of {', '.join(missing)}",
                self.context,
                falco_message="Item has no mapping for key 'enabled'",
                help="to switch an earlier rule on or off, add `enabled: true` or `enabled: false`",
            )
        self.collector.warn(
            "LOAD_DEPRECATED_ITEM", _ENABLED_DEPRECATED, self.context, self.item.key_span("enabled")
        )
        self.collector.enable_rule(self.name, self.context, enabled=enabled)

    def append(self) -> None:
        """The deprecated `append: true`."""
        item, context = self.item, self.context
        update = RuleUpdate(self.name, context, self.source)
        if item.get("condition") is not None:
            update.condition, _ = _condition(item, "rule condition", context)
        if item.get("exceptions") is not None:
            update.exceptions = read_exceptions(item, self.collector, context, append=True)
        self.collector.append_rule(update)

    def override(self, appended: set[str], replaced: set[str]) -> None:
        """`override`: every key is either appended to or replaced."""
        expected = {key for key in _REPLACEABLE if self.item.get(key) is not None}
        if appended:
            self.collector.append_rule(self._update(appended, expected, "append"))
        if replaced:
            self.collector.replace_rule(self._update(replaced, expected, "replace"))
        for key in sorted(expected):
            fail(
                f"Unexpected key '{key}': no corresponding entry under 'override' is defined.",
                (*self.context, Item("overrides", key, self.item.key_span(key))),
                help=f"say whether it is to `{key}: append` or `{key}: replace`",
            )

    def _update(self, keys: set[str], expected: set[str], operation: str) -> RuleUpdate:
        item, context = self.item, self.context
        update = RuleUpdate(self.name, context)
        for key in _REPLACEABLE:
            if key not in keys:
                continue
            if key not in expected:
                fail(
                    f"An {operation} override for '{key}' was specified but '{key}' is not defined",
                    context,
                    help=f"add the `{key}:` that is to {operation}",
                )
            expected.discard(key)
            if key == "condition":
                update.source = self.source
                update.condition, _ = _condition(item, "rule condition", context)
            elif key == "exceptions":
                append = operation == "append"
                update.exceptions = read_exceptions(item, self.collector, context, append=append)
            elif key == "output":
                update.output = decode.text(item, key, context)
            elif key == "desc":
                update.desc = decode.required(item, key, context).value
            elif key == "tags":
                update.tags = self._tags() or set()
            elif key == "priority":
                update.priority = self._priority()
            elif key == "capture_duration":
                update.capture_duration = decode.unsigned(item, key, context)
            elif key == "capture":
                update.capture = decode.boolean(item, key, context)
            elif key == "enabled":
                update.enabled = decode.boolean(item, key, context)
            elif key == "warn_evttypes":
                update.warn_evttypes = decode.boolean(item, key, context)
            else:
                update.skip_if_unknown_filter = decode.boolean(item, key, context)
        return update

    def _priority(self) -> int:
        node = decode.required(self.item, "priority", self.context)
        priority = parse_priority(node.value)
        if priority is None:
            near = did_you_mean(node.value, PRIORITY_NAMES)
            fail(
                f"`{node.value}` is not a priority",
                within(self.context, "rule priority", "", node),
                falco_message="Invalid priority",
                help=near or f"priorities are {', '.join(PRIORITY_NAMES)}",
            )
        return priority

    def _tags(self) -> set[str] | None:
        tags = decode.texts(self.item, "tags", self.context)
        return None if tags is None else {tag.text for tag in tags}


def strip(text: MappedText) -> MappedText:
    """The text without blanks at its ends."""
    whole = text.text
    start = len(whole) - len(whole.lstrip())
    return text.slice(start, max(start, len(whole.rstrip())))
