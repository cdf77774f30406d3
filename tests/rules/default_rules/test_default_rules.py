"""Every default audit rule fires on what it is for, and not on its neighbour."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import lanner
from lanner.rules.defaults import default_audit_rules

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
        "userAgent": case.get("agent", "kubectl/v1.31.0"),
        "responseStatus": {"metadata": {}, "code": case.get("code", 200)},
        "requestReceivedTimestamp": "2026-11-23T07:38:43.024854Z",
        "stageTimestamp": "2026-11-23T07:38:43.024854Z",
        "annotations": {
            "authorization.k8s.io/decision": case.get("decision", "allow"),
            **case.get("annotations", {}),
        },
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
    rules = lanner.load_rules(default_audit_rules())
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
    rules = lanner.load_rules(default_audit_rules(), texts=texts)
    assert rules.ok
    engine = lanner.Engine(rules)
    fired = {alert.rule for alert in engine.match(audit_event(case["fires"]))}
    assert name in fired
    quiet = {alert.rule for alert in engine.match(audit_event(case["quiet"]))}
    assert name not in quiet
    assert not engine.skipped


def test_alert_says_who_and_what() -> None:
    engine = lanner.Engine(
        lanner.load_rules(default_audit_rules()).select(rules=["Attach/Exec Pod"])
    )
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


PRIVILEGED = {"securityContext": {"privileged": True}}
REACHES_HOST: dict[str, dict[str, Any]] = {
    "privileged container": {"containers": [{"name": "a"}, {"name": "b", **PRIVILEGED}]},
    "privileged init container": {"containers": [], "initContainers": [PRIVILEGED]},
    "host network": {"hostNetwork": True, "containers": []},
    "host processes": {"hostPID": True, "containers": []},
    "host IPC": {"hostIPC": True, "containers": []},
    "root of the host": {"volumes": [{"name": "v", "hostPath": {"path": "/", "type": ""}}]},
    "runtime socket": {"volumes": [{"hostPath": {"path": "/var/run/docker.sock"}}]},
}
HARMLESS: dict[str, dict[str, Any]] = {
    "not privileged": {"containers": [{"securityContext": {"privileged": False}}]},
    "a data directory": {"volumes": [{"name": "v", "hostPath": {"path": "/data"}}]},
    "a word in a variable": {"containers": [{"env": [{"value": '"privileged":true'}]}]},
}


@pytest.mark.parametrize("pod", [*REACHES_HOST, *HARMLESS])
@pytest.mark.parametrize("resource", ["deployments", "daemonsets", "jobs", "cronjobs"])
@pytest.mark.parametrize("indent", [None, 2])
def test_pod_templates(resource: str, pod: str, indent: int | None) -> None:
    name = "Create Workload That Reaches The Host"
    engine = lanner.Engine(lanner.load_rules(default_audit_rules()).select(rules=[name]))
    spec: dict[str, Any] = {"template": {"spec": (REACHES_HOST | HARMLESS)[pod]}}
    if resource == "cronjobs":
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": spec}}
    event = audit_event({"verb": "create", "resource": resource, "request": {"spec": spec}})
    alerts = engine.match(json.dumps(event, indent=indent))
    assert [alert.rule for alert in alerts] == ([name] if pod in REACHES_HOST else [])


@pytest.mark.parametrize(
    ("capabilities", "fires"),
    [
        ({"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}, False),
        ({"drop": ["SYS_ADMIN"]}, False),
        ({"add": ["NET_BIND_SERVICE", "SYS_PTRACE"], "drop": ["ALL"]}, True),
        ({"add": ["ALL"]}, True),
    ],
)
@pytest.mark.parametrize("kind", ["containers", "initContainers"])
def test_capabilities(kind: str, capabilities: dict[str, list[str]], fires: bool) -> None:
    name = "Create Pod With Dangerous Capabilities"
    engine = lanner.Engine(lanner.load_rules(default_audit_rules()).select(rules=[name]))
    spec: dict[str, Any] = {"containers": [{"image": "a", "env": [{"value": "SYS_ADMIN"}]}]}
    spec[kind] = [{"image": "b"}, {"image": "c", "securityContext": {"capabilities": capabilities}}]
    event = audit_event({"verb": "create", "resource": "pods", "request": {"spec": spec}})
    assert bool(engine.match(event)) is fires


@pytest.mark.parametrize(
    ("images", "fires"),
    [
        (["registry.k8s.io/kube-proxy:v1.33.4"], False),
        (["registry.k8s.io/kube-proxy:v1.33.4", "docker.io/evil:1"], True),
    ],
)
def test_parts_of_the_node_may_be_privileged(images: list[str], fires: bool) -> None:
    rules = lanner.load_rules(default_audit_rules()).select(rules=["Create Privileged Pod"])
    containers = [{"image": image, **PRIVILEGED} for image in images]
    case = {"verb": "create", "resource": "pods", "request": {"spec": {"containers": containers}}}
    assert bool(lanner.Engine(rules).match(audit_event(case))) is fires


def test_names_of_falco_are_there(captures: Path) -> None:
    upstream = lanner.load_rules(captures / "rules/k8s_audit_rules.yaml").result
    ours = lanner.load_rules(default_audit_rules()).result
    priorities = {rule.name: rule.priority for rule in ours.rules}
    for rule in upstream.rules:
        assert priorities[rule.name] == rule.priority, rule.name
    for kind in ("macros", "lists"):
        names = [{item.name for item in getattr(result, kind)} for result in (upstream, ours)]
        assert names[0] <= names[1]


def test_local_files_of_falco_work(captures: Path) -> None:
    """Falco's regression cases, with its extra rule files, decided by our rules."""
    data = json.loads((captures / "k8s_audit/expected.json").read_text())
    wrong = []
    for case in data["cases"]:
        texts = {name: data["extra_rules"][name] for name in case["extra_rules"]}
        rules = lanner.load_rules(default_audit_rules(), texts=texts)
        assert rules.ok, case["name"]
        path = captures / "k8s_audit/inputs" / case["input"]
        fired = Counter(alert.rule for alert in lanner.Scan(lanner.Engine(rules), [path]))
        for rule, count in case["expected_rule_counts"].items():
            if fired[rule] != count:
                wrong.append((case["name"], rule, count, fired[rule]))
    assert not wrong
