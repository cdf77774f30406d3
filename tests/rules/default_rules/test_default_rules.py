"""Every default audit rule fires on what it is for, and not on its neighbour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import lanner

CASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text())


def audit_event(case: dict[str, Any]) -> dict[str, Any]:
    """An audit event as kube-apiserver writes it, from the short keys of a case."""
    resource, name, namespace = case.get("resource"), case.get("name", "x"), case.get("ns", "prod")
    event: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": "00000000-0000-0000-0000-000000000001",
        "stage": case.get("stage", "ResponseComplete"),
        "requestURI": case.get("uri", f"/api/v1/namespaces/{namespace}/{resource}/{name}"),
        "verb": case["verb"],
        "user": {"username": case.get("user", "dev")} if case.get("user", "dev") else {},
        "sourceIPs": ["10.0.0.7"],
        "userAgent": "kubectl/v1.31.0",
        "responseStatus": {"metadata": {}, "code": case.get("code", 200)},
        "requestReceivedTimestamp": "2026-11-23T07:38:43.024854Z",
        "stageTimestamp": "2026-11-23T07:38:43.024854Z",
        "annotations": {"authorization.k8s.io/decision": case.get("decision", "allow")},
    }
    if resource:
        reference = {"resource": resource, "namespace": namespace, "name": name, "apiVersion": "v1"}
        reference["subresource"] = case.get("sub")
        event["objectRef"] = {key: value for key, value in reference.items() if value is not None}
    if "impersonated" in case:
        event["impersonatedUser"] = {"username": case["impersonated"]}
    if "request" in case:
        event["requestObject"] = case["request"]
    return event


def test_every_rule_has_a_case() -> None:
    rules = lanner.load_rules(defaults=True)
    assert rules.ok
    assert not rules.diagnostics
    assert {rule.name for rule in rules.rules} == set(CASES)
    for rule in rules.rules:
        assert rule.source == "k8s_audit"
        assert "k8s" in rule.tags
        if rule.name != "All K8s Audit Events":
            assert any(tag.startswith("mitre_") for tag in rule.tags)
            assert any(tag.startswith("T1") for tag in rule.tags)


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str) -> None:
    case = CASES[name]
    texts = {"local.yaml": case["local"]} if "local" in case else None
    rules = lanner.load_rules(defaults=True, texts=texts)
    assert rules.ok
    engine = lanner.Engine(rules)
    fired = {alert.rule for alert in engine.match(audit_event(case["fires"]))}
    assert name in fired
    quiet = {alert.rule for alert in engine.match(audit_event(case["quiet"]))}
    assert name not in quiet
    assert not engine.skipped


def test_alert_says_who_and_what() -> None:
    engine = lanner.Engine(lanner.load_rules(defaults=True).select(rules=["Attach/Exec Pod"]))
    case = {
        "verb": "get",
        "resource": "pods",
        "sub": "exec",
        "stage": "ResponseStarted",
        "code": 101,
    }
    uri = "/api/v1/namespaces/prod/pods/web/exec?command=sh&container=app&stdin=true"
    (alert,) = engine.match(audit_event({**case, "name": "web", "uri": uri}))
    assert alert.output_fields["ka.user.name"] == "dev"
    assert alert.output_fields["ka.uri.param[command]"] == "sh"
    assert alert.priority_name == "Notice"
    assert alert.message.startswith(
        "Exec or attach to a pod | user=dev pod=web ns=prod action=exec"
    )
