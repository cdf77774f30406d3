"""A real kube-apiserver records just what our evaluation of its policy says."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from lanner.api.simulation import Simulation
from lanner.audit.policy import load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lanner.api.simulation import SimulationResult

    Recorded = Callable[[str], tuple[Path, Path]]

EVERYTHING = "rules: [{level: RequestResponse}]\n"
POLICIES = {
    "everything": EVERYTHING,
    "tutorial": """
omitStages: [RequestReceived]
rules:
- level: Metadata
  resources: [{group: "", resources: [secrets, configmaps]}]
- level: Request
  verbs: [create, update, delete]
  resources: [{group: "", resources: [pods]}]
  namespaces: [prod]
- level: None
  users: ["system:kube-proxy"]
  verbs: [watch, get]
- level: Metadata
""",
    "wildcards": """
omitManagedFields: true
rules:
- {level: None, nonResourceURLs: ["/healthz*", "/livez*", /version]}
- level: RequestResponse
  omitManagedFields: false
  resources:
  - {group: "", resources: [configmaps], resourceNames: [app]}
- {level: Request, resources: [{group: "", resources: ["*/log", "serviceaccounts/*"]}]}
- {level: RequestResponse, omitStages: [RequestReceived], resources: [{group: "", resources: ["pods/*"]}]}
- {level: None, resources: [{group: "", resources: ["*/*"]}]}
- {level: Metadata, userGroups: [ops], omitStages: [ResponseComplete]}
- {level: Metadata, resources: [{group: "rbac.authorization.k8s.io"}]}
- {level: RequestResponse, namespaces: [prod]}
- {level: Request, namespaces: [""]}
""",
    "users": """
omitStages: [ResponseStarted]
rules:
- {level: None, users: ["system:apiserver", "system:unsecured"]}
- {level: RequestResponse, users: [dev], verbs: [get, create]}
- {level: Request, userGroups: ["system:unauthenticated"]}
- {level: Metadata, users: ["*"]}
- {level: RequestResponse, resources: [{group: "*", resources: [deployments, deployments/scale]}]}
- {level: Metadata, nonResourceURLs: ["*"]}
- {level: Request, userGroups: ["system:masters"], verbs: [patch, delete, deletecollection]}
""",
}

Event = dict[str, Any]


def simulated(policy: Path, log: Path, out: Path) -> SimulationResult:
    loaded = load_policy(policy)
    assert loaded.policy is not None, loaded.diagnostics
    simulation = Simulation([loaded.policy], [log], write=out)
    for batch in simulation.batches():
        assert not batch.input_errors()
        assert not batch.skipped()
    return simulation.result()


def ours(lines: Iterable[str]) -> list[Event]:
    """The events of the workload: it does not say what it is, and servers do."""
    events: list[Event] = [json.loads(line) for line in lines]
    return [e for e in events if "userAgent" not in e and e["requestURI"] != "/readyz"]


def shape(value: Any) -> Any:
    """Which members there are: times and ids differ."""
    if isinstance(value, dict):
        return tuple(sorted((key, shape(member)) for key, member in value.items()))
    if isinstance(value, list):
        return tuple(shape(member) for member in value)
    return type(value).__name__


def key(event: Event) -> tuple[Any, ...]:
    body = shape({name: event.get(name) for name in ("requestObject", "responseObject")})
    code = event.get("responseStatus", {}).get("code")
    return event["verb"], event["requestURI"], event["stage"], event["level"], code, body


@pytest.mark.parametrize("name", POLICIES)
def test_a_log_is_what_its_own_policy_keeps_of_it(
    recorded: Recorded, tmp_path: Path, name: str
) -> None:
    policy, log = recorded(POLICIES[name])
    result = simulated(policy, log, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == log.read_bytes()
    assert result.events > 50
    assert result.policies[0].total.lacking == 0


@pytest.mark.parametrize("name", list(POLICIES)[1:])
def test_a_log_is_what_its_policy_keeps_of_everything(
    recorded: Recorded, tmp_path: Path, name: str
) -> None:
    policy, log = recorded(POLICIES[name])
    simulated(policy, recorded(EVERYTHING)[1], tmp_path / "out")
    with (tmp_path / "out").open() as kept, log.open() as written:
        expected, found = (Counter(map(key, ours(lines))) for lines in (written, kept))
    assert found - expected == Counter()
    assert expected - found == Counter()
    assert expected.total() > 30
