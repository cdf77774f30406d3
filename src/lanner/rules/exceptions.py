"""Exceptions of rules: reading them, checking them, and what they do to a condition.

An exception is text that is appended to the condition: `(condition) and not (…)`. Forms and checks:
falcosecurity/falco `rule_loader_reader.cpp`, `rule_loader_collector.cpp` and
`rule_loader_compiler.cpp` (engine 0.62.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner import catalog
from lanner.diagnostics import Expansion, Item
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules import decode, grammar
from lanner.rules.condition_text import MappedText
from lanner.rules.decode import fail, within
from lanner.rules.model import Entry, ExceptionInfo
from lanner.rules.parser import parse_condition
from lanner.rules.passes.check_types import check_condition
from lanner.rules.passes.resolve_lists import quote_item
from lanner.rules.scalar_map import mapped
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from lanner.diagnostics import Span
    from lanner.rules.collector import Collector
    from lanner.rules.model import Context

_MODIFIERS = tuple(modifier.strip() for modifier in grammar.MODIFIERS)
_STRING_OPERATORS = tuple(operator.strip() for operator in grammar.STRING_OPERATORS)
_MAX_DEPTH = 16


def read_exceptions(
    item: Mapping, collector: Collector, context: Context, *, append: bool
) -> list[ExceptionInfo]:
    """The exceptions of a rule item; with `append` fields are optional and values expected."""
    node = item.get("exceptions")
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return []
    outer = within(context, "exceptions", "", node)
    if not isinstance(node, Sequence):
        fail("Rule exceptions must be a sequence", outer)
    found: list[ExceptionInfo] = []
    names: set[str] = set()
    for entry in node.items:
        tentative = within(outer, "exception", "", entry)
        if not isinstance(entry, Mapping):
            fail("Rule exception must be a mapping", tentative)
        name = decode.required(entry, "name", tentative)
        inner = (*context, Item("exception", name.value, entry.span))
        exception = ExceptionInfo(name.value, inner, name.span)
        if exception.name in names:
            message = f"Multiple definitions of exception '{exception.name}' in the same rule"
            collector.warn("LOAD_EXCEPTION_NAME_NOT_UNIQUE", message, inner, name.span)
        names.add(exception.name)
        exception.fields = _member(entry, "fields", inner, optional=append)
        exception.comps = _member(entry, "comps", inner, optional=True)
        values = entry.get("values")
        if values is not None:
            where = within(inner, "exception values", "", values)
            if not isinstance(values, Sequence):
                help_text = "write `values: [a, b]`, or one `- value` a line"
                fail("Rule exception values must be a sequence", where, help=help_text)
            exception.values = [
                _entry(value, within(where, "exception value", "", value), 0)
                for value in values.items
            ]
        elif append:
            message = "Overriding/appending exception with no values"
            collector.warn("LOAD_APPEND_NO_VALUES", message, inner, name.span)
        found.append(exception)
    return found


def _member(entry: Mapping, key: str, context: Context, *, optional: bool) -> Entry:
    node = entry.get(key)
    if node is None:
        if optional:
            return Entry()
        fail(
            f"the exception has no `{key}`",
            context,
            falco_message=f"Item has no mapping for key '{key}'",
        )
    return _entry(node, within(context, "value for", key, node), 0)


def _entry(node: Node, context: Context, depth: int) -> Entry:
    if isinstance(node, Scalar) and not node.is_null:
        if not node.value:
            fail("Value must be non-empty", context)
        return Entry(is_set=True, item=mapped(node))
    if isinstance(node, Sequence):
        if depth > _MAX_DEPTH:
            fail("the lists of the exception are nested too deep", context)
        items = [
            _entry(child, within(context, "exception", "", child), depth + 1)
            for child in node.items
        ]
        return Entry(is_set=bool(items), is_list=True, items=items)
    return Entry()


def validate(exception: ExceptionInfo, scope: str | None) -> None:
    """Checks fields and comparison operators, and fills in the default operators.

    `scope` is None when the rule's source is unknown: then fields are not checked.
    """
    fields, comps = exception.fields, exception.comps
    if fields.is_list:
        if not comps.is_set:
            comps = exception.comps = Entry(
                is_set=True, is_list=True, items=[_default("=", exception)] * len(fields.items)
            )
        if len(fields.items) != len(comps.items):
            _fail("Fields and comps lists must have equal length", exception)
        for comp in comps.items:
            operator = comparison(comp)
            if operator not in grammar.ALL_OPERATORS and not _is_modified(operator):
                near = did_you_mean(operator, grammar.ALL_OPERATORS)
                message = f"'{operator}' is not a supported comparison operator"
                _fail(message, exception, comp, near)
        for entry in fields.items:
            _check_field(entry, exception, scope)
        return
    if not comps.is_set:
        comps = exception.comps = _default("in", exception)
    if comps.is_list:
        _fail("Fields and comps must both be strings", exception)
    operator = comparison(comps)
    if operator not in ("in", "pmatch", "intersects") and not _is_modified(operator):
        _fail(
            "When fields is a single value, comps must be one of (in, pmatch, intersects) or a"
            " modifier operator (e.g. startswith oneof)",
            exception,
            comps,
        )
    _check_field(fields, exception, scope)


def _default(operator: str, exception: ExceptionInfo) -> Entry:
    return Entry(is_set=True, item=MappedText.synthetic(operator, exception.span))


def comparison(comp: Entry) -> str:
    """The operator of an exception, without blanks around it."""
    return comp.text.strip(" \t\r\n")


def _is_modified(operator: str) -> bool:
    word, _, modifier = operator.partition(" ")
    return word in _STRING_OPERATORS and modifier in _MODIFIERS


def _check_field(entry: Entry, exception: ExceptionInfo, scope: str | None) -> None:
    if scope is not None and not _is_left_side(entry, exception, scope):
        near = catalog.suggest_field(entry.text, scope)
        message = f"'{entry.text}' is not a supported filter field"
        _fail(message, exception, entry, f"did you mean `{near}`?" if near else None)


def _is_left_side(entry: Entry, exception: ExceptionInfo, scope: str) -> bool:
    if "(" not in entry.text or entry.item is None:
        return catalog.is_left_side(entry.text, scope)
    # transformers: as Falco does, see whether it can stand in a condition
    text = entry.item + MappedText.synthetic(" exists", exception.span)
    condition, _ = parse_condition(text)
    return condition is not None and check_condition(condition, scope).typed is not None


def _fail(
    message: str,
    exception: ExceptionInfo,
    entry: Entry | None = None,
    help_text: str | None = None,
) -> None:
    span = entry.item.span(0, len(entry.item)) if entry is not None and entry.item else None
    fail(message, exception.context, code="LOAD_ERR_VALIDATE", span=span, help=help_text)


class _Text:
    """Collects synthetic text (attributed to the exception) and the user's own."""

    def __init__(self, cause: Span) -> None:
        self.cause = cause
        self.parts: list[MappedText] = []

    def add(self, *parts: str | MappedText) -> None:
        for part in parts:
            if isinstance(part, str):
                self.parts.append(MappedText.synthetic(part, self.cause))
            else:
                self.parts.append(part)


def apply(condition: MappedText, exceptions: list[ExceptionInfo], site: Span) -> MappedText:
    """The condition with all exceptions appended, and in parentheses.

    Raises:
        ItemError: values that do not fit the fields.

    """
    result = [MappedText.synthetic("(", site), condition, MappedText.synthetic(")", site)]
    for exception in exceptions:
        text = _Text(exception.span)
        if exception.fields.is_list:
            _rows(exception, text)
        else:
            _column(exception, text)
        if text.parts:
            step = Expansion("exception", exception.name, site)
            joined = MappedText.join(text.parts).expanded(step)
            result += [MappedText.synthetic(" and not ", site), joined]
    return MappedText.join(result)


def _item(entry: Entry) -> MappedText:
    return quote_item(entry.item) if entry.item else MappedText(())


def _column(exception: ExceptionInfo, text: _Text) -> None:
    """One field: `(field in (v1, v2))`."""
    for value in exception.values:
        if value.is_list:
            fail(
                "Expected values array to contain a list of strings",
                exception.context,
                code="LOAD_ERR_VALIDATE",
            )
        if text.parts:
            text.add(", ")
        else:
            field = exception.fields.item or MappedText(())
            text.add("(", field, f" {comparison(exception.comps)} (")
        text.add(_item(value))
    if text.parts:
        text.add("))")


def _rows(exception: ExceptionInfo, text: _Text) -> None:
    """Several fields: `((f1 = v1 and f2 = v2) or (…))`."""
    for row in exception.values:
        if len(exception.fields.items) != len(row.items):
            fail(
                "Fields and values lists must have equal length",
                exception.context,
                code="LOAD_ERR_VALIDATE",
            )
        text.add(" or " if text.parts else "(", "(")
        for index, (field, comp, value) in enumerate(
            zip(exception.fields.items, exception.comps.items, row.items, strict=True)
        ):
            operator = comparison(comp)
            text.add(" and " if index else "", " ", field.item or MappedText(()), f" {operator} ")
            if value.is_list:
                text.add("(")
                written = False
                for item in value.items:
                    text.add(", " if written else "", _item(item))
                    written = written or bool(item.text)
                text.add(")")
            elif operator in grammar.LIST_OPERATORS or _is_modified(operator):
                bare = value.item or MappedText(())
                text.add(*([bare] if bare.text.startswith("(") else ["(", bare, ")"]))
            else:
                text.add(_item(value))
        text.add(")")
    if text.parts:
        text.add(")")
