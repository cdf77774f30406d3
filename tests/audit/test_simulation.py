"""What policies keep of logs: compared with what a real kube-apiserver kept under them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from lanner.api.simulation import Simulation
from lanner.audit.policy import load_policy, read_policy
from lanner.diagnostics import Source

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.api.simulation import SimulationResult
    from lanner.audit.policy import Policy

Event = dict[str, Any]


def policy(text: str) -> Policy:
    loaded = read_policy(
        Source("policy.yaml", f"apiVersion: audit.k8s.io/v1\nkind: Policy\n{text}")
    )
    assert loaded.policy is not None, loaded.diagnostics
    return loaded.policy


def run(simulation: Simulation) -> SimulationResult:
    for batch in simulation.batches():
        assert not batch.input_errors()
    return simulation.result()


def narrowed(tmp_path: Path, text: str, *events: Event) -> list[Event]:
    """The events that a policy keeps."""
    log, out = tmp_path / "in.log", tmp_path / "out.log"
    log.write_text("".join(json.dumps(event) + "\n" for event in events))
    result = run(Simulation([policy(text)], [log], write=out))
    lines = out.read_bytes().splitlines(keepends=True)
    (counts,) = result.policies
    assert counts.total.kept == len(lines)
    assert counts.total.bytes == out.stat().st_size
    assert counts.total.events == result.events == len(events)
    return [json.loads(line) for line in lines]


def event(**members: Any) -> Event:
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": "1",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/d/pods/p",
        "verb": "update",
        "user": {"username": "dev", "groups": ["devs", "system:authenticated"]},
        "objectRef": {"resource": "pods", "namespace": "d", "name": "p", "apiVersion": "v1"},
        "requestObject": {"kind": "Pod", "metadata": {"name": "p", "managedFields": [{}]}},
        "responseObject": {"kind": "Pod", "metadata": {"name": "p", "managedFields": [{}]}},
        "requestReceivedTimestamp": "2026-11-24T00:00:00.000001Z",
        "stageTimestamp": "2026-11-24T00:00:00.000002Z",
        **members,
    }


@pytest.mark.parametrize("name", ["hardened", "mixed"])
def test_as_a_real_api_server_has_it(captures: Path, tmp_path: Path, name: str) -> None:
    """The same requests were sent under each policy, but for discovery, which kubectl caches, and
    for probes until the server was there.
    """
    folder = captures / "apiserver"
    loaded = load_policy(folder / f"policy-{name}.yaml")
    assert loaded.policy is not None
    run(Simulation([loaded.policy], [folder / "all.audit.log.gz"], write=tmp_path / "out"))

    def key(event: Event) -> tuple[object, ...]:
        path, _, _ = event["requestURI"].partition("?")
        bodies = ("requestObject" in event, "responseObject" in event)
        return event["verb"], path, event["stage"], event["level"], bodies

    def counted(lines: list[bytes]) -> Counter[tuple[object, ...]]:
        events = [json.loads(line) for line in lines]
        return Counter(key(event) for event in events if "objectRef" in event)

    ours = counted((tmp_path / "out").read_bytes().splitlines())
    theirs = counted(gzip.decompress((folder / f"{name}.audit.log.gz").read_bytes()).splitlines())
    assert ours == theirs
    assert ours.total() > 200


def test_what_everything_keeps_is_the_log_itself(captures: Path, tmp_path: Path) -> None:
    log = captures / "apiserver/all.audit.log.gz"
    everything = policy("rules: [{level: RequestResponse}]")
    result = run(Simulation([everything], [log], write=tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == gzip.decompress(log.read_bytes())
    assert result.policies[0].rules[0].lacking == 0
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600


def test_levels_decide_about_bodies(tmp_path: Path) -> None:
    for level, kept in [
        ("Metadata", []),
        ("Request", ["requestObject"]),
        ("RequestResponse", ["requestObject", "responseObject"]),
    ]:
        (found,) = narrowed(tmp_path, f"rules: [{{level: {level}}}]", event())
        assert found["level"] == level
        assert [name for name in found if name.endswith("Object")] == kept
        rest = {name: value for name, value in event().items() if not name.endswith("Object")}
        assert {name: found[name] for name in rest} == {**rest, "level": level}
    assert narrowed(tmp_path, "rules: [{level: None}]", event()) == []
    assert narrowed(tmp_path, "rules: [{level: Metadata, users: [root]}]", event()) == []


def test_what_was_not_recorded_does_not_come_back(tmp_path: Path) -> None:
    poor = event(level="Metadata")
    del poor["requestObject"], poor["responseObject"]
    everything = "rules: [{level: RequestResponse}]"
    assert narrowed(tmp_path, everything, poor) == [poor]
    result = run(Simulation([policy(everything)], [tmp_path / "in.log"]))
    assert result.policies[0].total.lacking == 1
    assert result.policies[0].total.levels == (0, 1, 0, 0)


def test_stages(tmp_path: Path) -> None:
    stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]
    events = [event(stage=stage) for stage in stages]
    text = "omitStages: [RequestReceived]\nrules: [{level: Metadata, omitStages: [Panic]}]"
    assert [found["stage"] for found in narrowed(tmp_path, text, *events)] == stages[1:3]


def test_managed_fields(tmp_path: Path) -> None:
    text = "omitManagedFields: true\nrules: [{level: RequestResponse}]"
    (update,) = narrowed(tmp_path, text, event())
    assert update["requestObject"] == update["responseObject"]
    assert update["responseObject"] == {"kind": "Pod", "metadata": {"name": "p"}}
    (patch,) = narrowed(tmp_path, text, event(verb="patch"))
    assert patch["requestObject"] == event()["requestObject"], "a patch is kept as it was sent"
    assert patch["responseObject"] == {"kind": "Pod", "metadata": {"name": "p"}}


def test_other_spellings_do_not_bring_bodies_in(tmp_path: Path) -> None:
    log, out = tmp_path / "in.log", tmp_path / "out.log"
    text = json.dumps(event()).replace("requestObject", "request\\u004fbject")
    log.write_text(text.replace(', "', ',\n "'))
    run(Simulation([policy("rules: [{level: Metadata}]")], [log], write=out))
    (line,) = out.read_text().splitlines()
    assert "managedFields" not in line
    assert json.loads(line)["level"] == "Metadata"


def test_broken_strings_do_not_break_lines(tmp_path: Path) -> None:
    """In events that are texts of an envelope, the reader lets line breaks in strings pass."""
    log, out = tmp_path / "in.log", tmp_path / "out.log"
    inner = json.dumps(event(userAgent="a|b|c")).replace("a|b|c", "a\nb\rc")
    record = {"category": "kube-audit", "properties": {"log": inner}}
    log.write_text(json.dumps({"records": [record]}))
    run(Simulation([policy("rules: [{level: Metadata}]")], [log], write=out))
    (line,) = out.read_bytes().splitlines()
    assert json.loads(line)["userAgent"] == "a\nb\rc"


def test_names_that_came_from_the_body_are_not_matched(tmp_path: Path) -> None:
    """`create` has no name in its URL, so that the API server cannot match it."""
    text = """rules:
    - {level: None, resources: [{group: "", resources: [pods], resourceNames: [p]}]}
    - {level: Metadata}"""
    created = event(verb="create", requestURI="/api/v1/namespaces/d/pods?dryRun=All")
    assert len(narrowed(tmp_path, text, created, event())) == 1


def test_several_policies(tmp_path: Path) -> None:
    log = tmp_path / "in.log"
    lines = [event(stageTimestamp=f"2026-11-24T{hour:02}:00:00Z") for hour in (0, 6, 12)]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    policies = [policy(f"rules: [{{level: {level}}}]") for level in ("Metadata", "None")]
    result = run(Simulation(policies, [log]))
    first, second = (counts.total for counts in result.policies)
    assert (first.kept, second.kept) == (3, 0)
    assert result.per_day(first.bytes) == first.bytes * 2
    assert (first.events, second.events) == (3, 3)
