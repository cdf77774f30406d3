"""The default rules for system calls as plans, and events as the tables write them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from spec.check import read_event

import lanner
from lanner.backends.native import Native
from lanner.backends.reference import Reference
from lanner.plan.build import build
from lanner.rules.defaults import default_syscall_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lanner.backends.transformers import Value

Event = dict[str, list["Value"]]
TABLE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text())
CASES: dict[str, dict[str, Any]] = TABLE["rules"]


def load(local: str | None = None) -> lanner.Ruleset:
    """The default rules for system calls, with a local file after them."""
    return lanner.load_rules(*default_syscall_rules(), texts={"local.yaml": local} if local else {})


@cache
def engines(local: str | None = None) -> tuple[tuple[str, ...], tuple[Native | Reference, ...]]:
    """Names of all rules by id, and what runs them; disabled rules, too."""
    rules = load(local).result.rules
    plan = build(rules, "syscall")
    plain = build(rules, "syscall", use_dispatch=False)
    names = {rule.id: rule.name for rule in plan.rules}
    ordered = tuple(names[number] for number in range(len(names)))
    return ordered, (Native(plan), Native(plain), Reference(plan))


def fields_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an event of the table, with those of its bases."""
    fields: dict[str, Any] = {}
    for base in (case.get("base"), case.get("with")):
        if base:
            fields |= fields_of(TABLE["bases"][base])
    fields |= {key: value for key, value in case.items() if key not in ("base", "with")}
    return fields


def event_of(case: Mapping[str, Any]) -> Event:
    """An event of the table as the engines take it; null stands for an absent field."""
    fields = fields_of(case)
    if "proc.cmdline" not in fields:
        fields["proc.cmdline"] = f"{fields['proc.name']} {fields['proc.args']}".strip()
    present = {key: value for key, value in fields.items() if value is not None}
    event = read_event(json.dumps(present)[1:-1], "syscall")
    return {plan_key(key): values for key, values in event.items()}


def plan_key(field: str) -> str:
    """The key of a field in a map event: arguments are in brackets there."""
    prefix = "evt.arg."
    return f"evt.arg[{field[len(prefix) :]}]" if field.startswith(prefix) else field


def fired(case: Mapping[str, Any], local: str | None = None) -> set[str]:
    """Names of the rules that fire; all engines must agree."""
    names, backends = engines(local)
    event = event_of(case)
    answers = [engine.match(event) for engine in backends]
    assert all(answer == answers[0] for answer in answers)
    return {names[number] for number in answers[0]}
