"""The smallest policy under which detection rules can fire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

import lanner
from lanner.audit.policy import Level, Policy, read_policy
from lanner.audit.policy.coverage import gaps
from lanner.audit.policy.for_rules import as_yaml, for_rules
from lanner.diagnostics import Source
from lanner.rules.defaults import default_audit_rules
from tests.cli.run import lanner as run

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.rules.model import CheckedRule

RULE = """
- rule: {name}
  desc: d
  condition: {condition}
  output: o
  priority: INFO
  source: k8s_audit
"""


def rules(*conditions: str) -> tuple[CheckedRule, ...]:
    text = "".join(
        RULE.format(name=f"r{number}", condition=condition)
        for number, condition in enumerate(conditions)
    )
    loaded = lanner.load_rules(texts={"rules": text}, defaults=False)
    assert loaded.ok, loaded.diagnostics
    return loaded.rules


def made(*conditions: str) -> list[dict[str, object]]:
    needed = for_rules(rules(*conditions))
    written: list[dict[str, object]] = yaml.safe_load(as_yaml(needed))["rules"]
    return written


def test_levels_verbs_and_resources() -> None:
    secrets = {"group": "", "resources": ["secrets"]}
    of_secrets = "ka.stage = ResponseComplete and ka.target.resource = secrets"
    assert made(f"{of_secrets} and ka.verb = get and not ka.target.subresource exists") == [
        {"level": "Metadata", "verbs": ["get"], "resources": [secrets]}
    ]
    pods = "ka.stage = ResponseComplete and ka.target.resource = pods and ka.verb = create"
    plain = f"{pods} and not ka.target.subresource exists"
    assert made(f"{plain} and ka.req.pod.host_network intersects (true)") == [
        {
            "level": "Request",
            "verbs": ["create"],
            "resources": [{"group": "", "resources": ["pods"]}],
        }
    ]
    execs = "ka.target.resource = pods and ka.target.subresource in (exec, attach)"
    assert made(f"ka.stage = ResponseStarted and {execs} and ka.verb in (create, get)") == [
        {
            "level": "Metadata",
            "verbs": ["create", "get"],
            "resources": [{"group": "", "resources": ["pods/attach", "pods/exec"]}],
        }
    ]
    roles = "ka.target.resource = clusterroles and ka.verb = delete and ka.stage = ResponseComplete"
    (rule,) = made(f"{roles} and not ka.target.subresource exists")
    assert rule["resources"] == [
        {"group": "rbac.authorization.k8s.io", "resources": ["clusterroles"]}
    ]


def test_higher_levels_come_first() -> None:
    deleted = "ka.stage = ResponseComplete and ka.verb = delete"
    body = "ka.stage = ResponseComplete and ka.verb = create and ka.req.pod.containers.image exists"
    levels = [rule["level"] for rule in made(deleted, body)]
    assert levels == sorted(levels, key=lambda level: -_order(level))
    assert levels[0] == "Request"
    assert levels[-1] == "Metadata"


def _order(level: object) -> int:
    return [one.spelling for one in Level].index(str(level))


def test_what_can_never_fire() -> None:
    needed = for_rules(rules("ka.verb = get and ka.verb = list", "ka.verb = get"))
    assert needed.never == ("r0",)


def test_received_is_recorded_for_who_asks_for_it() -> None:
    assert for_rules(rules("ka.stage = ResponseComplete")).policy.omit_stages
    assert not for_rules(rules("ka.stage = RequestReceived")).policy.omit_stages


@pytest.mark.parametrize("source", ["defaults", "falco"])
def test_all_rules_can_fire_and_it_is_smaller_than_everything(captures: Path, source: str) -> None:
    falco = captures / "rules/k8s_audit_rules.yaml"
    file = default_audit_rules() if source == "defaults" else falco
    loaded = lanner.load_rules(file, defaults=False)
    chosen = [rule for rule in loaded.rules if rule.source == "k8s_audit"]
    # one that looks at every event needs everything
    chosen = [rule for rule in chosen if rule.name != "All K8s Audit Events"]
    needed = for_rules(chosen)
    read = read_policy(Source("policy.yaml", as_yaml(needed)))
    assert read.policy is not None, read.diagnostics
    # a resource that is not Kubernetes' own may be in any group
    assert {found.code for found in read.diagnostics} <= {"AUDIT_POLICY_VERSION"}
    unable = {gap.rule for gap in gaps(chosen, read.policy)}
    assert unable == set(needed.never) == {gap.rule for gap in gaps(chosen, _everything())}
    assert read.policy.rules[0].level > Level.METADATA
    assert all(because for because in needed.because)


def _everything() -> Policy:
    head = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]\n"
    read = read_policy(Source("policy.yaml", head))
    assert read.policy is not None
    return read.policy


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULE.format(name="Deleted", condition="ka.verb = delete"))
    done = run("audit", "policy", "for-rules", "-r", file)
    assert done.returncode == 0, done.stderr
    assert b"# Deleted\n" in done.stdout
    policy = tmp_path / "policy.yaml"
    policy.write_bytes(done.stdout)
    assert run("audit", "policy", "coverage", "--policy", policy, "-r", file).returncode == 0
    file.write_text(RULE.format(name="x", condition="ka.verb = a and ka.verb = b"))
    assert run("audit", "policy", "for-rules", "-r", file).returncode == 1
