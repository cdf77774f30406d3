"""A real kube-apiserver and our evaluator decide the same, for every request of recorded logs."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from lanner.audit.policy import Level, Policy, load_policy
from lanner.audit.policy.attributes import from_event
from lanner.audit.policy.evaluate import evaluate, stages_of

if TYPE_CHECKING:
    from pathlib import Path

Event = dict[str, Any]


def read(captures: Path, name: str) -> tuple[Policy, list[Event]]:
    folder = captures / "apiserver"
    policy = load_policy(folder / f"policy-{name}.yaml").policy
    assert policy is not None
    with gzip.open(folder / f"{name}.audit.log.gz", "rt") as file:
        return policy, [json.loads(line) for line in file]


@pytest.mark.parametrize("name", ["all", "hardened", "mixed"])
def test_levels_and_stages(captures: Path, name: str) -> None:
    policy, events = read(captures, name)
    wrong = []
    for event in events:
        attributes = from_event(event)
        decision = evaluate(policy, attributes)
        if (
            decision.level.spelling != event["level"]
            or event["stage"] in decision.omit_stages
            or (event["stage"] != "Panic" and event["stage"] not in stages_of(attributes))
        ):
            wrong.append((event["auditID"], event["stage"], decision))
    assert len(events) > 300
    assert not wrong


def by_workload(event: Event) -> bool:
    """Not the API server itself, nor kubectl's discovery: these depend on time and on caches."""
    request = from_event(event)
    discovery = not request.is_resource_request and request.path.startswith("/api")
    return request.user != "system:apiserver" and not discovery


def seen(event: Event, level: str) -> tuple[str, ...]:
    return event["verb"], event["requestURI"].partition("?")[0], event["stage"], level


@pytest.mark.parametrize("name", ["hardened", "mixed"])
def test_what_a_policy_keeps_of_everything_is_what_it_recorded(captures: Path, name: str) -> None:
    policy, recorded = read(captures, name)
    _, everything = read(captures, "all")
    kept: Counter[tuple[str, ...]] = Counter()
    for event in filter(by_workload, everything):
        decision = evaluate(policy, from_event(event))
        if decision.level is not Level.NONE and event["stage"] not in decision.omit_stages:
            kept[seen(event, decision.level.spelling)] += 1
    held = Counter(seen(event, event["level"]) for event in filter(by_workload, recorded))
    assert sum(held.values()) > 150
    assert kept == held
