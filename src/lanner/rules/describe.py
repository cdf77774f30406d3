"""What is known of rules, macros and lists: the JSON of Falco's `-L` and `-l`.

Shape: falcosecurity/falco 0.44.1 `falco_engine.cpp` (`describe_rule`, `get_json_details`) and
`filter_details_resolver.cpp`. Where Falco's order is that of a hash, names are sorted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lanner import catalog
from lanner.rules.ast import (
    And,
    Call,
    CallList,
    Check,
    Condition,
    Expanded,
    Field,
    Macro,
    Not,
    Operand,
    Or,
    Value,
    ValueList,
)
from lanner.rules.model import PRIORITY_NAMES, SOURCES
from lanner.rules.parser import parse_condition
from lanner.rules.passes.check_types import check_condition
from lanner.rules.passes.event_types import OTHERS, event_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from lanner.rules.collector import Collector
    from lanner.rules.condition_text import MappedText
    from lanner.rules.model import CheckedList, CheckedMacro, CheckedRule, Entry, LoadResult
    from lanner.rules.typed import TCondition

_PLUGIN_EVENTS = ("asyncevent", "pluginevent")
_CLASSES_OF_PLUGINS = {
    "container": ("container", "k8s"),
    "json": ("jevt", "json"),
    "k8saudit": ("ka",),
    "k8smeta": ("k8smeta",),
}
"""Which classes of fields come from which of Falco's plugins."""
_ESCAPES = str.maketrans(
    {"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\", '"': r"\""}
)
_NEEDS_QUOTES = frozenset("\b\f\n\r\t =\\\"'\0")


def describe(result: LoadResult, plugins: Collection[str]) -> dict[str, Any]:
    """All rules, macros and lists; `plugins` are those that are loaded.

    The rules must be valid.
    """
    version = result.required_engine_version or (0, 0, 0)
    return {
        "required_engine_version": ".".join(map(str, version)),
        "required_plugin_versions": [
            {
                "name": required[0].name,
                "version": required[0].version,
                "alternatives": [
                    {"name": one.name, "version": one.version} for one in required[1:]
                ],
            }
            for required in result.required_plugins
        ],
        "rules": [_rule(rule, result.collected, plugins) for rule in result.rules],
        "macros": [_macro(macro, result.collected) for macro in result.macros],
        "lists": [_list(found, result.collected) for found in result.lists],
    }


def describe_rule(
    result: LoadResult, rule: CheckedRule, plugins: Collection[str]
) -> dict[str, Any]:
    """One rule of valid rules."""
    return {"rules": [_rule(rule, result.collected, plugins)]}


def _rule(rule: CheckedRule, collected: Collector, plugins: Collection[str]) -> dict[str, Any]:
    info = collected.rules[rule.name]
    written = _Names(collected).of(_parse(info.condition))
    compiled = _Names(collected).of(rule.syntax)
    output_fields = [name for name, _ in rule.output.fields]
    fields = compiled.fields | set(output_fields)
    return {
        "info": {
            "name": rule.name,
            "condition": info.condition.text,
            "priority": PRIORITY_NAMES[rule.priority].capitalize(),
            "output": info.output.text,
            "description": rule.desc,
            "enabled": rule.enabled,
            "source": rule.source,
            "capture": rule.capture,
            "capture_duration": rule.capture_duration,
            "tags": list(rule.tags),
        },
        "details": {
            "macros": sorted(written.macros),
            "lists": sorted(written.lists),
            "condition_operators": sorted(compiled.operators),
            "condition_fields": sorted(compiled.fields),
            "output_fields": output_fields,
            "exception_fields": sorted(
                {text for one in info.exceptions if one.values for text in _texts(one.fields)}
            ),
            "exception_names": sorted({one.name for one in info.exceptions}),
            "exception_operators": sorted(
                {text for one in info.exceptions for text in _texts(one.comps)}
            ),
            "events": _events(rule.condition) if rule.source == "syscall" else [*_PLUGIN_EVENTS],
            "condition_compiled": text_of(rule.syntax),
            "output_compiled": rule.output_text,
            "plugins": sorted(_used(rule.source, fields, compiled.events, plugins)),
        },
    }


def _macro(macro: CheckedMacro, collected: Collector) -> dict[str, Any]:
    info = collected.macros[macro.name]
    written = _Names(collected).of(_parse(info.condition))
    condition = macro.condition or _parse(info.condition)
    compiled = _Names(collected).of(condition)
    typed = next(
        (found.typed for source in SOURCES if (found := check_condition(condition, source)).typed),
        None,
    )
    return {
        "info": {"name": macro.name, "condition": macro.text},
        "details": {
            "used": macro.used,
            "macros": sorted(written.macros),
            "lists": sorted(written.lists),
            "condition_operators": sorted(compiled.operators),
            "condition_fields": sorted(compiled.fields),
            "events": _events(typed) if typed else sorted(catalog.event_names()),
            "condition_compiled": text_of(condition),
            # which plugin a field is of depends on the source of the rule that uses the macro
            "plugins": [],
        },
    }


def _list(found: CheckedList, collected: Collector) -> dict[str, Any]:
    own = [item.text for item in collected.lists[found.name].items]
    return {
        "info": {"name": found.name, "items": [item for item in own if item in found.items]},
        "details": {
            "used": found.used,
            "lists": sorted({item for item in own if item not in found.items}),
            "items_compiled": list(found.items),
            "plugins": [],
        },
    }


def _parse(text: MappedText) -> Condition:
    """A condition as it is written: names of lists and macros stand in it."""
    condition, found = parse_condition(text)
    if condition is None:
        raise ValueError(f"this condition was valid: {found[0].message}")
    return condition


def _texts(entry: Entry) -> Iterator[str]:
    if not entry.is_list:
        yield entry.text
    for one in entry.items:
        yield from _texts(one)


def _events(condition: TCondition) -> list[str]:
    return sorted((event_names(condition) - {OTHERS}) | {"asyncevent"})


def _used(
    source: str, fields: Iterable[str], events: Collection[str], plugins: Collection[str]
) -> set[str]:
    """The plugins whose source, fields or events a rule uses."""
    names = [catalog.field(name.partition("[")[0]) for name in fields]
    classes = {field.field_class for field in names if field}
    used = {
        plugin
        for plugin, own in _CLASSES_OF_PLUGINS.items()
        if classes.intersection(own) or (plugin == "container" and plugin in events)
    }
    if source == "k8s_audit":
        used.add("k8saudit")
    return used.intersection(plugins)


class _Names:
    """What a condition names."""

    def __init__(self, collected: Collector) -> None:
        self._collected = collected
        self.macros: set[str] = set()
        self.lists: set[str] = set()
        self.operators: set[str] = set()
        self.fields: set[str] = set()
        self.events: set[str] = set()

    def of(self, node: Condition) -> _Names:
        if isinstance(node, Expanded):
            return self.of(node.child)
        if isinstance(node, Macro):
            if node.name in self._collected.macros:
                self.macros.add(node.name)
        elif isinstance(node, Check):
            self._check(node)
        elif isinstance(node, Not):
            self.of(node.child)
        else:
            for child in node.children:
                self.of(child)
        return self

    def _check(self, check: Check) -> None:
        self.operators.add(check.operator)
        last = self._operand(check.left)
        values: tuple[Value, ...] = ()
        if isinstance(check.right, ValueList):
            values = check.right.values
            self.lists.update(one.text for one in values if one.text in self._collected.lists)
        elif isinstance(check.right, Value):
            values = (check.right,)
        elif check.right is not None:
            self._operand(check.right)
        if last in {"evt.type", "evt.asynctype"}:
            self.events.update(one.text for one in values)

    def _operand(self, operand: Operand) -> str:
        """The last field in it."""
        if isinstance(operand, Field):
            name = operand.name + (f"[{operand.argument}]" if operand.argument else "")
            self.fields.add(name)
            return name
        last = ""
        if not isinstance(operand, Value):
            for one in operand.arguments if isinstance(operand, Call) else operand.items:
                last = self._operand(one) or last
        return last


def text_of(node: Condition) -> str:
    """A condition as Falco writes it: with all parentheses, and quotes only where needed."""
    if isinstance(node, Expanded):
        return text_of(node.child)
    if isinstance(node, Macro):
        return node.name
    if isinstance(node, Not):
        return f"not {text_of(node.child)}"
    if isinstance(node, And | Or):
        word = " and " if isinstance(node, And) else " or "
        return f"({word.join(map(text_of, node.children))})"
    left = _operand_text(node.left)
    if node.right is None:
        return f"{left} {node.operator}"
    operator = f"{node.operator} {node.modifier}" if node.modifier else node.operator
    if isinstance(node.right, ValueList):
        values = ", ".join(_quoted(value.text) for value in node.right.values)
        return f"{left} {operator} ({values})"
    return f"{left} {operator} {_operand_text(node.right)}"


def _operand_text(operand: Operand) -> str:
    if isinstance(operand, Value):
        return _quoted(operand.text)
    if isinstance(operand, CallList):
        return f"({','.join(map(_operand_text, operand.items))})"
    argument = f"[{operand.argument}]" if operand.argument is not None else ""
    if isinstance(operand, Field):
        return operand.name + argument
    return f"{operand.function}({','.join(map(_operand_text, operand.arguments))}){argument}"


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"' if _NEEDS_QUOTES.intersection(text) else text
