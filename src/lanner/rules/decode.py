"""Typed values out of YAML nodes, with Falco's complaints.

Conditions and messages follow falcosecurity/falco `rule_loader_reader.cpp` (engine 0.62.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from lanner.diagnostics import Diagnostic, Item, Severity
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules.scalar_map import mapped
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from lanner.diagnostics import Span
    from lanner.rules.condition_text import MappedText
    from lanner.rules.model import Context


class ItemError(Exception):
    """An item that cannot be loaded; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def within(parent: Context, kind: str, name: str, node: Node) -> Context:
    """The context of a node inside `parent`."""
    return (*parent, Item(kind, name, node.span))


def fail(
    message: str,
    context: Context,
    *,
    code: str = "LOAD_ERR_YAML_VALIDATE",
    span: Span | None = None,
    help: str | None = None,  # noqa: A002 - the word of the diagnostics
    falco_message: str | None = None,
) -> NoReturn:
    """Raises an `ItemError` at the innermost item of the context (or at `span`)."""
    raise ItemError(
        Diagnostic(
            code,
            Severity.ERROR,
            message,
            span or context[-1].span,
            items=context,
            help=help,
            falco_message=falco_message,
        )
    )


def key_text(key: Node, context: Context) -> str:
    """The name of a key; nothing or `~` is called `null`, as by yaml-cpp."""
    if not isinstance(key, Scalar):
        not_text(key, "a key must be a single word", context[:1])
    return "null" if key.is_null else key.value


def not_text(node: Node, message: str, context: Context) -> NoReturn:
    """Fails as yaml-cpp does where it is asked for the text of a list or a mapping."""
    where = node.source.position(node.start)
    fail(
        message,
        context,
        code="LOAD_ERR_VALIDATE",
        span=node.span,
        falco_message=f"yaml-cpp: error at line {where.line}, column {where.column}:"
        " bad conversion",
    )


def required(item: Mapping, key: str, context: Context) -> Scalar:
    """The scalar of a key that must be there and not empty."""
    value = item.get(key)
    if value is None:
        known = [name.value for name, _ in item.pairs if isinstance(name, Scalar)]
        near = did_you_mean(key, known)
        fail(
            f"the key `{key}` is missing",
            context,
            falco_message=f"Item has no mapping for key '{key}'",
            help=f"`{near.split('`')[1]}` looks like a misspelt `{key}`" if near else None,
        )
    return _scalar(value, key, context, item)


def optional(
    item: Mapping, key: str, context: Context, *, may_be_empty: bool = False
) -> Scalar | None:
    """The scalar of a key, or None when the key is not there."""
    value = item.get(key)
    if value is None:
        return None
    empty = isinstance(value, Scalar) and (value.is_null or not value.value)
    if may_be_empty and empty:
        return None
    return _scalar(value, key, context, item)


def _scalar(value: Node, key: str, context: Context, item: Mapping) -> Scalar:
    if isinstance(value, Scalar) and value.is_null:
        fail(
            f"the key `{key}` has no value",
            context,
            span=item.key_span(key),
            falco_message=f"Mapping for key '{key}' is empty",
        )
    where = within(context, "value for", key, value)
    if not isinstance(value, Scalar):
        fail(
            f"the value of `{key}` must be a single value, not a "
            + ("list" if isinstance(value, Sequence) else "mapping"),
            where,
            falco_message="Value is not a scalar value",
        )
    if not value.value:
        fail(
            f"the value of `{key}` must not be empty",
            where,
            falco_message="Value must be non-empty",
        )
    return value


def text(item: Mapping, key: str, context: Context) -> MappedText:
    """The text of a key that must be there, mapped to the file."""
    return mapped(required(item, key, context))


def boolean(item: Mapping, key: str, context: Context) -> bool | None:
    """The boolean of a key, or None when the key is not there."""
    scalar = optional(item, key, context)
    if scalar is None:
        return None
    value = scalar.as_bool()
    if value is None:
        fail(
            f"`{key}` must be true or false, not `{scalar.value}`",
            within(context, "value for", key, scalar),
            falco_message="Can't decode YAML scalar value",
        )
    return value


def unsigned(item: Mapping, key: str, context: Context) -> int | None:
    """The 32-bit number of a key, or None when the key is not there."""
    scalar = optional(item, key, context)
    if scalar is None:
        return None
    value = scalar.as_unsigned()
    if value is None:
        fail(
            f"`{key}` must be a whole number, not `{scalar.value}`",
            within(context, "value for", key, scalar),
            falco_message="Can't decode YAML scalar value",
        )
    return value


def texts(item: Mapping, key: str, context: Context) -> list[MappedText] | None:
    """The scalars of a list, or None when the key is not there."""
    value = item.get(key)
    if value is None:
        return None
    where = within(context, "value for", key, value)
    if not isinstance(value, Sequence):
        fail(
            f"the value of `{key}` must be a list",
            where,
            falco_message="Value is not a sequence",
            help=f"write `{key}: [a, b]`, or one `- item` a line",
        )
    found = []
    for entry in value.items:
        if not isinstance(entry, Scalar) or entry.is_null:
            fail(
                f"the items of `{key}` must be single values",
                within(where, "list item", "", entry),
                falco_message="sequence value is not scalar",
            )
        found.append(mapped(entry))
    return found
