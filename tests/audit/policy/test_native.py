"""The native evaluator decides as `evaluate` does."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lanner.api.simulation import Simulation
from lanner.audit.policy import Policy, PolicyRule, load_policy
from lanner.audit.policy.attributes import Attributes, from_event
from lanner.audit.policy.evaluate import evaluate
from tests.audit.policy.test_evaluate_random import requests, rules

if TYPE_CHECKING:
    from pathlib import Path


def event(request: Attributes) -> dict[str, Any]:
    target = {
        "resource": request.resource,
        "subresource": request.subresource,
        "namespace": request.namespace,
        "name": request.name,
        "apiGroup": request.api_group,
    }
    user = {} if request.user is None else {"username": request.user, "groups": request.groups}
    return {
        "kind": "Event",
        "level": "Metadata",
        "stage": "ResponseComplete",
        "requestURI": request.path,
        "verb": request.verb,
        "user": user,
        **({"objectRef": target} if request.is_resource_request else {}),
        "stageTimestamp": "2026-11-24T00:00:00Z",
    }


def decided(policies: list[Policy], log: Path) -> list[dict[int | None, int]]:
    """By policy, how many events each rule decided about."""
    simulation = Simulation(policies, [log])
    for batch in simulation.batches():
        assert not batch.input_errors()
        assert not batch.skipped()
    return [
        {
            rule: found.events
            for rule, found in [*enumerate(counts.rules), (None, counts.unmatched)]
            if found.events
        }
        for counts in simulation.result().policies
    ]


# An event cannot tell a user without a name from none.
named = requests.filter(lambda request: request.user != "")


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(rules, max_size=5).map(tuple), st.lists(named, min_size=1, max_size=12))
def test_random_policies(
    tmp_path: Path, policy_rules: tuple[PolicyRule, ...], asked: list[Attributes]
) -> None:
    policy, log = Policy(policy_rules), tmp_path / "audit.log"
    log.write_text("".join(json.dumps(event(request)) + "\n" for request in asked))
    expected = Counter(evaluate(policy, request).rule for request in asked)
    assert decided([policy], log) == [expected]


def test_real_logs(captures: Path) -> None:
    loaded = [load_policy(path).policy for path in sorted(captures.glob("apiserver/*.yaml"))]
    policies = [policy for policy in loaded if policy is not None]
    assert len(policies) == 3
    log = captures / "apiserver/all.audit.log.gz"
    with gzip.open(log) as lines:
        asked = [from_event(json.loads(line)) for line in lines]
    expected = [Counter(evaluate(policy, one).rule for one in asked) for policy in policies]
    assert decided(policies, log) == expected
