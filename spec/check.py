"""Runs the examples of the specification against every back end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from lanner import catalog
from lanner.backends.native import Native
from lanner.backends.reference import Reference
from lanner.diagnostics import Source
from lanner.plan.build import build
from lanner.rules.loader import load
from lanner.rules.typed import Kind
from lanner.rules.types import kind_of
from spec.page import Alerts, PageError, Refused, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lanner.backends.transformers import Value
    from lanner.plan.model import Plan
    from lanner.rules.model import LoadResult
    from spec.page import Example

_AUDIT_FIELD = re.compile(r"\b(?:ka|jevt|json)\.")
_KEY = re.compile(r"([a-z0-9_.]+)(?:\[(.*)\])?", re.IGNORECASE)

Event = dict[str, list["Value"]]


def problems(example: Example) -> Iterator[str]:
    """What the back ends answer otherwise than the example says; nothing if all agree.

    Raises:
        PageError: the example itself is wrong.

    """
    if isinstance(example, Verdict):
        yield from _verdict_problems(example)
    elif isinstance(example, Alerts):
        yield from _alert_problems(example)
    else:
        yield from _refusal_problems(example)


def _verdict_problems(example: Verdict) -> Iterator[str]:
    source = "k8s_audit" if _AUDIT_FIELD.search(example.condition) else "syscall"
    result = load([Source("spec.yaml", rule_text(example.condition, source))])
    if example.verdict == "refused":
        if result.ok:
            yield f"`{example.condition}` is accepted"
        return
    if not result.ok:
        yield f"`{example.condition}` is refused: {_errors(result)}"
        return
    event = read_event(example.event, source)
    wanted = [0] if example.verdict == "true" else []
    for name, plan in _plans(result, source, "all"):
        for engine in (Reference(plan), Native(plan)):
            if engine.match(event) != wanted:
                yield (
                    f"`{example.condition}` on `{example.event}` is not {example.verdict}"
                    f" for {type(engine).__name__} {name}"
                )


def _alert_problems(example: Alerts) -> Iterator[str]:
    result = load([Source("spec.yaml", example.rules)])
    if not result.ok:
        yield f"the rules are refused: {_errors(result)}"
        return
    source = "k8s_audit" if "source: k8s_audit" in example.rules else "syscall"
    event = read_event(example.event, source)
    for name, plan in _plans(result, source, example.matching):
        reference, native = Reference(plan), Native(plan)
        names = {rule.id: rule for rule in plan.rules}
        matched = [names[number] for number in reference.match(event)]
        outputs = [reference.output(rule, event) for rule in matched]
        answers = {"Reference": outputs, "Native": native.outputs(event)}
        for engine, found in answers.items():
            lines = [f"{rule.name}: {text}" for rule, text in zip(matched, found, strict=True)]
            if lines != list(example.alerts):
                yield f"{engine} {name}: {lines} instead of {list(example.alerts)}"


def _refusal_problems(example: Refused) -> Iterator[str]:
    result = load([Source("spec.yaml", example.rules)])
    if result.ok:
        yield "the rules are accepted"
    errors = _errors(result)
    for message in example.messages:
        if message not in errors:
            yield f"no error says `{message}`, but: {errors}"


def _plans(result: LoadResult, source: str, matching: str) -> Iterator[tuple[str, Plan]]:
    rules = [rule for rule in result.rules if rule.enabled]
    yield "with dispatch", build(rules, source, matching)
    yield "without dispatch", build(rules, source, matching, use_dispatch=False)


def _errors(result: LoadResult) -> str:
    return "; ".join(found.message for found in result.diagnostics if found.is_error)


def rule_text(condition: str, source: str) -> str:
    """A rule file with one rule that has this condition."""
    return (
        "- rule: example\n  desc: an example\n  priority: INFO\n  output: matched\n"
        f"  source: {source}\n  condition: |\n    {condition}\n"
    )


def read_event(text: str, source: str) -> Event:
    """An event from a YAML flow mapping without braces: fields, and their value or list of values.

    The field decides what a value means: text, an integer, an address. Fields that are left out are
    absent.
    """
    try:
        # the base loader makes everything text
        found = yaml.load("{" + text + "}", yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise PageError(f"the event `{text}` is no YAML: {error}") from None
    return {key: _values(key, value, source) for key, value in _items(found)}


def _items(found: Mapping[str, object]) -> Iterator[tuple[str, Sequence[str]]]:
    for key, value in found.items():
        given = value if isinstance(value, list) else [value]
        values = [each for each in given if isinstance(each, str)]
        if len(values) != len(given):
            raise PageError(f"the values of `{key}` are neither scalars nor a list of them")
        yield key, values


def _values(key: str, texts: Sequence[str], source: str) -> list[Value]:
    parts = _KEY.fullmatch(key)
    resolved = catalog.resolve(parts[1], parts[2], source) if parts else None
    kind = kind_of(resolved.type) if isinstance(resolved, catalog.ResolvedField) else None
    if kind is None:
        raise PageError(f"rules of source {source} have no field `{key}`")
    return [_value(text, kind) for text in texts]


def _value(text: str, kind: Kind) -> Value:
    if kind in {Kind.UNSIGNED, Kind.SIGNED}:
        return int(text)
    if kind is Kind.DOUBLE:
        return float(text)
    if kind is Kind.BOOL:
        return text == "true"
    if kind is Kind.BYTES:
        # "\xff" in YAML is the byte ff here
        return text.encode("latin-1")
    return text if kind in {Kind.IP, Kind.NET} else text.encode()
