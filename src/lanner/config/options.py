"""`-o key=value`: sets one value of a configuration.

    key   := name ("[" number? "]")* ("." key)?

`[]` adds to a list; a backslash before a dot, a bracket or a backslash makes it part of a name. A
value in `{…}` is YAML, any other is text that is read by the type of its key (Falco's
`set_cmdline_option`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lanner.config import codes
from lanner.diagnostics import Diagnostic, Severity, Source, Span
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence, parse_yaml

_NAME = re.compile(r"(?:[^\\.\[\]]|\\[\\.\[\]])+")
_INDEX = re.compile(r"\[([0-9]{0,6})\]")
MAX_NODES = 10_000
"""Nodes in the value of an option."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option: the steps to its place (names, numbers, `None` for one more), and its value."""

    steps: tuple[str | int | None, ...]
    value: Node
    span: Span


def parse_option(text: str) -> Option | Diagnostic:
    """Reads an option."""
    source = Source("-o", text)
    key, equals, value = text.partition("=")
    if not equals:
        message = f"`-o {text}` is not of the form key=value or key.subkey=value"
        falco = (
            f'Error parsing config option "{text}". Must be of the form key=val or key.subkey=val'
        )
        return _wrong(message, Span(source, 0, len(text)), falco)
    steps = _steps(key)
    if steps is None:
        message = f"`{key}` does not name a key: write name, name.name or name[0]"
        return _wrong(message, Span(source, 0, len(key)))
    start = len(key) + 1
    span = Span(source, start, len(text))
    if not (value.startswith("{") and value.endswith("}")):
        # quoted, so that nothing but its type says what it is
        return Option(steps, Scalar(value, '"', source, start, len(text)), span)
    parsed = parse_yaml(Source("-o", value), MAX_NODES)
    if parsed.problem or not parsed.documents:
        return _wrong(f"the value of `{key}` is not valid YAML", span)
    return Option(steps, parsed.documents[0], span)


def _steps(key: str) -> tuple[str | int | None, ...] | None:
    steps: list[str | int | None] = []
    at = 0
    while True:
        name = _NAME.match(key, at)
        if name is None:
            return None
        steps.append(re.sub(r"\\(.)", r"\1", name[0]))
        at = name.end()
        while index := _INDEX.match(key, at):
            steps.append(int(index[1]) if index[1] else None)
            at = index.end()
        if at == len(key):
            return tuple(steps)
        # behind an index, the dot may be left out
        at += key[at] == "."


def set_value(root: Mapping, option: Option) -> Mapping | Diagnostic:
    """The mapping with the value at its place; what is missing on the way is made."""
    try:
        node = _set(root, option.steps, option)
    except IndexError:
        length = option.span.start - 1
        message = f"`{option.span.source.text[:length]}` leads nowhere: there is no such element"
        return _wrong(message, Span(option.span.source, 0, length))
    return node if isinstance(node, Mapping) else root


def _set(node: Node | None, steps: tuple[str | int | None, ...], option: Option) -> Node:
    if not steps:
        return option.value
    source, start, end = option.span.source, option.span.start, option.span.end
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        pairs = list(node.pairs) if isinstance(node, Mapping) else []
        for number, (key, value) in enumerate(pairs):
            if isinstance(key, Scalar) and key.value == step:
                pairs[number] = (key, _set(value, rest, option))
                break
        else:
            key = Scalar(step, "", source, 0, start - 1)
            pairs.append((key, _set(None, rest, option)))
        if isinstance(node, Mapping):
            return replace(node, pairs=pairs)
        return Mapping(pairs, source, start, end)
    items = list(node.items) if isinstance(node, Sequence) else []
    if step is None or step == len(items):
        items.append(_set(None, rest, option))
    elif step < len(items):
        items[step] = _set(items[step], rest, option)
    else:
        raise IndexError(step)
    return (
        replace(node, items=items)
        if isinstance(node, Sequence)
        else Sequence(items, source, start, end)
    )


def _wrong(message: str, span: Span, falco: str | None = None) -> Diagnostic:
    return Diagnostic(codes.OPTION, Severity.ERROR, message, span, falco_message=falco)
