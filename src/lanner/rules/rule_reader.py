"""Reads `rule` items: whole rules, appends, overrides, switches. And what `macro` and `list` items
share with them: `append`, `override`, conditions.

Source: falcosecurity/falco `rule_loader_reader.cpp` (engine 0.62.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.diagnostics import Item
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules import decode
from lanner.rules.decode import fail, within
from lanner.rules.exceptions import read_exceptions
from lanner.rules.model import PRIORITY_NAMES, RuleInfo, RuleUpdate, parse_priority
from lanner.rules.yaml_nodes import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from lanner.diagnostics import Span
    from lanner.rules.collector import Collector
    from lanner.rules.condition_text import MappedText
    from lanner.rules.model import Context

_APPENDABLE = ("condition", "output", "desc", "tags", "exceptions")
# in the order in which Falco reads them
_REPLACEABLE = (
    "condition",
    "exceptions",
    "output",
    "desc",
    "tags",
    "priority",
    "capture",
    "capture_duration",
    "enabled",
    "warn_evttypes",
    "skip-if-unknown-filter",
)
_APPEND_DEPRECATED = (
    "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under"
    " 'override' instead."
)
APPEND_AND_OVERRIDE = (
    "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g."
    " 'condition: append') under 'override' instead."
)
_ENABLED_DEPRECATED = (
    "The standalone 'enabled' key usage is deprecated. The correct approach requires also a"
    " 'replace' entry under the 'override' key (i.e. 'enabled: replace')."
)


def read_condition(item: Mapping, kind: str, context: Context) -> tuple[MappedText, Context]:
    """The condition of an item, and its context."""
    condition = decode.text(item, "condition", context)
    return condition, (*context, Item(kind, "", decode.required(item, "condition", context).span))


def value_span(item: Mapping, key: str) -> Span:
    """Where the value of a key stands."""
    value = item.get(key)
    return value.span if value is not None else item.span


def append_flag(item: Mapping, collector: Collector, context: Context) -> bool:
    """The deprecated `append: true`."""
    append = bool(decode.boolean(item, "append", context))
    if append:
        span = item.key_span("append")
        collector.warn("LOAD_DEPRECATED_ITEM", _APPEND_DEPRECATED, context, span)
    return append


def overrides(
    item: Mapping, appendable: tuple[str, ...], replaceable: tuple[str, ...], context: Context
) -> tuple[set[str], set[str]]:
    """The keys that `override` appends to, and those that it replaces."""
    appended: set[str] = set()
    replaced: set[str] = set()
    node = item.get("override")
    if isinstance(node, Sequence) and node.items:
        fail(
            "`override` is a list, not a mapping",
            context[:1],
            code="LOAD_ERR_VALIDATE",
            span=node.span,
            help="write `override:` and below it, for example, `condition: append`",
            falco_message="invalid node; this may result from using a map iterator as a sequence"
            " iterator, or vice-versa",
        )
    if not isinstance(node, Mapping):
        return appended, replaced
    outer = within(context, "overrides", "", item)
    for key, value in node.pairs:
        name = decode.key_text(key, context)
        if not isinstance(value, Scalar):
            decode.not_text(value, f"`{name}` must be `append` or `replace`", context[:1])
        operation = "null" if value.is_null else value.value
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


def read_rule(item: Mapping, name: str, collector: Collector, context: Context) -> None:
    """Reads a `rule` item."""
    source = decode.optional(item, "source", context, may_be_empty=True)
    append = append_flag(item, collector, context)
    appended, replaced = overrides(item, _APPENDABLE, _REPLACEABLE, context)
    if append and (appended or replaced):
        fail(APPEND_AND_OVERRIDE, context)
    reader = _RuleReader(item, name, source.value if source else "", collector, context)
    if appended or replaced:
        reader.override(appended, replaced)
    elif append:
        reader.append()
    elif not any(item.get(key) is not None for key in ("condition", "output", "desc", "priority")):
        reader.toggle()
    else:
        reader.define()


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
        condition, condition_context = read_condition(item, "rule condition", context)
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
                span=value_span(item, "rule"),
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
            update.condition, _ = read_condition(item, "rule condition", context)
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
                update.condition, _ = read_condition(item, "rule condition", context)
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
