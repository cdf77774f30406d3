"""Which rules can never fire: small cases, and that the engine agrees on real logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import lanner
from lanner.audit.policy import load_policy, read_policy
from lanner.audit.policy.coverage import SOURCE, gaps
from lanner.diagnostics import Source

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n"
METADATA = "- level: Metadata\n"
REQUEST = "- level: Request\n"
PODS = '- {level: Request, verbs: [create], resources: [{group: "", resources: [pods]}]}\n'
NO_PODS = '- {level: None, resources: [{group: "", resources: [pods]}]}\n'
CREATED = "ka.verb = create and ka.target.resource = pods and not ka.target.subresource exists"


def reasons(condition: str, policy: str) -> tuple[str, ...] | None:
    """Why the rule cannot fire; None when it can."""
    text = f"- {{rule: R, desc: d, output: o, priority: INFO, source: k8s_audit, condition: '{condition}'}}"
    ruleset = lanner.load_rules(texts={"r.yaml": text})
    assert ruleset.ok, ruleset.diagnostics
    loaded = read_policy(Source("p.yaml", HEAD + policy))
    assert loaded.policy is not None
    found = gaps(ruleset.rules, loaded.policy)
    return found[0].reasons if found else None


@pytest.mark.parametrize(
    ("condition", "policy", "expected"),
    [
        ("ka.verb = create", METADATA, None),
        ("ka.verb = create", "- {level: Metadata, verbs: [get]}\n", "no rule matches"),
        ("ka.verb startswith c", "- {level: Metadata, verbs: [get]}\n", "no rule matches"),
        ("ka.verb != get", "- {level: Metadata, verbs: [get]}\n", "no rule matches"),
        ("ka.verb != get", "- {level: Metadata, verbs: [get, list]}\n", None),
        (CREATED, NO_PODS + METADATA, "rules[0] records nothing"),
        ("ka.target.resource in (pods, nodes)", NO_PODS + METADATA, None),
        ("ka.target.resource = pods/log", METADATA, None),
        ("ka.stage = RequestReceived", METADATA, "rules[0] omits the stage RequestReceived"),
        ("ka.stage in (RequestReceived, ResponseComplete)", METADATA, None),
        ("ka.stage = ResponseStarted and ka.verb = create", METADATA, None),
        (
            f"{CREATED} and ka.stage = ResponseStarted and ka.user.name exists",
            METADATA,
            "no request makes its condition true",
        ),
        (
            f"{CREATED} and ka.req.pod.host_pid = true",
            METADATA,
            "ka.req.pod.host_pid needs Request",
        ),
        (f"{CREATED} and ka.req.pod.host_pid = true", PODS + METADATA, None),
        (f"{CREATED} and not ka.req.pod.host_pid = true", METADATA, None),
        ("ka.verb = get and ka.req.pod.host_pid = true", REQUEST, "no request makes"),
        (f"{CREATED} and ka.resp.name = x", PODS, "ka.resp.name needs RequestResponse"),
        (f"{CREATED} and jevt.value[/requestObject/kind] = Pod", METADATA, "needs Request"),
        (f"{CREATED} and jevt.value[/responseObject/kind] = Pod", PODS, "needs RequestResponse"),
        (f"{CREATED} and len(ka.resp.name) > 3", PODS, "ka.resp.name needs RequestResponse"),
        ("ka.user.name = dev", "- {level: Metadata, users: [ops]}\n", "no rule matches"),
        ("ka.user.name startswith d", "- {level: Metadata, users: [ops]}\n", "no rule matches"),
        ("ka.user.name startswith o", "- {level: Metadata, users: [ops]}\n", None),
        ("ka.user.name = dev", "- {level: Metadata, userGroups: [g]}\n", None),
        ("not ka.user.name exists", "- {level: Metadata, userGroups: [g]}\n", "no rule matches"),
        ("ka.target.namespace = prod", "- {level: Metadata, namespaces: [dev]}\n", "no rule"),
        ("ka.target.namespace != prod", "- {level: Metadata, namespaces: [dev]}\n", None),
        ("ka.target.name = x", '- {level: Metadata, nonResourceURLs: ["*"]}\n', "no rule"),
        ("ka.uri startswith /healthz", '- {level: Metadata, nonResourceURLs: ["/h*"]}\n', None),
        ("ka.response.code = 403", "- level: None\n", "rules[0] records nothing"),
        (
            "ka.target.resource = widgets",
            "- {level: Metadata, resources: [{group: example.com}]}\n",
            None,
        ),
        (
            "ka.target.resource = secrets",
            '- {level: Metadata, resources: [{group: "", resources: [secrets], resourceNames: [x]}]}\n',
            None,
        ),
        ("ka.verb = create and ka.verb = get", METADATA, "no request makes its condition true"),
    ],
)
def test_reasons(condition: str, policy: str, expected: str | None) -> None:
    found = reasons(condition, policy)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert expected in found[0]


def test_rules_of_other_sources_are_none_of_its_business() -> None:
    text = "- {rule: R, desc: d, output: o, priority: INFO, condition: evt.type = open}"
    loaded = read_policy(Source("p.yaml", HEAD + "- level: None\n"))
    assert loaded.policy is not None
    assert gaps(lanner.load_rules(texts={"r.yaml": text}).rules, loaded.policy) == []


@pytest.mark.parametrize("name", ["all", "hardened", "mixed"])
@pytest.mark.parametrize("defaults", [True, False])
def test_what_cannot_fire_does_not_fire(captures: Path, name: str, defaults: bool) -> None:
    upstream = [] if defaults else [captures / "rules/k8s_audit_rules.yaml"]
    ruleset = lanner.load_rules(*upstream, defaults=defaults).select(source=SOURCE)
    policy = load_policy(captures / f"apiserver/policy-{name}.yaml").policy
    assert policy is not None
    dead = {gap.rule for gap in gaps(ruleset.rules, policy)}
    log = captures / f"apiserver/{name}.audit.log.gz"
    fired = {alert.rule for alert in lanner.Scan(lanner.Engine(ruleset), [log])}
    assert fired
    assert not dead & fired
    # the mixed policy records bodies for a group of users
    assert bool(dead) is (name == "hardened")
