"""Every field of audit events is extracted: its example in the catalogue fires on an event.

The events are written by hand after the types of `audit.k8s.io/v1`; together they give each
field a value.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import lanner
from lanner import catalog

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.catalog import Field

AUDIT = [field for field in catalog.fields("k8s_audit") if field.example]
# their values depend on the clock, the host, or events around
DEPENDS = {field.name for field in AUDIT if field.field_class == "evt"} - {
    "evt.num",
    "evt.source",
    "evt.pluginname",
    "evt.rawtime",
    "evt.rawtime.s",
    "evt.time.iso8601",
}


def container(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": "nginx:latest",
        "command": ["/bin/sh"],
        "args": ["-c", "id"],
        "ports": [{"containerPort": 80, "hostPort": 8080}],
        "securityContext": {
            "privileged": True,
            "allowPrivilegeEscalation": True,
            "readOnlyRootFilesystem": False,
            "runAsUser": 0,
            "runAsGroup": 0,
            "procMount": "Unmasked",
            "capabilities": {"add": ["SYS_ADMIN"]},
        },
    }


POD_SPEC = {
    "hostIPC": True,
    "hostNetwork": True,
    "hostPID": True,
    "securityContext": {
        "runAsUser": 0,
        "runAsGroup": 0,
        "fsGroup": 0,
        "supplementalGroups": [0],
    },
    "containers": [container("debug")],
    "initContainers": [container("debug")],
    "ephemeralContainers": [container("debug")],
    "volumes": [
        {"name": "v", "hostPath": {"path": "/etc"}},
        {"name": "w", "flexVolume": {"driver": "example.com/nfs"}},
    ],
}
BINDING = {
    "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [
        {"kind": "User", "name": "system:anonymous"},
        {"kind": "Group", "name": "system:unauthenticated"},
        {"kind": "ServiceAccount", "name": "default", "namespace": "kube-system"},
    ],
}
ROLE = {
    "rules": [
        {"apiGroups": ["*"], "resources": ["pods/exec"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ]
}
SECRET_KEY = {"data": {"key": "aws_secret_access_key=x"}}


def event(**changes: object) -> dict[str, object]:
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "stage": "ResponseComplete",
        "verb": "create",
        "requestURI": "/api/v1/namespaces/kube-system/pods?command=bash",
        "user": {"username": "system:anonymous", "groups": ["system:masters"]},
        "impersonatedUser": {"username": "alice"},
        "sourceIPs": ["203.0.113.7"],
        "userAgent": "curl/8.5.0",
        "objectRef": {"resource": "pods", "namespace": "kube-system", "name": "web-1"},
        "responseStatus": {"code": 201},
        "stageTimestamp": "2026-11-30T09:15:00.250000Z",
        **changes,
    }


def target(resource: str, name: str, **more: str) -> dict[str, str]:
    return {"resource": resource, "namespace": "kube-system", "name": name, **more}


EVENTS = [
    event(
        requestObject={"metadata": {"name": "web-1"}, "spec": POD_SPEC},
        responseObject={"metadata": {"name": "web-1"}},
        annotations={
            "authorization.k8s.io/decision": "forbid",
            "authorization.k8s.io/reason": "RBAC: ClusterRole cluster-admin",
            "authentication.openshift.io/decision": "deny",
            "authentication.openshift.io/username": "kubeadmin",
            "validation.policy.admission.k8s.io/validation_failure": "[{}]",
            "pod-security.kubernetes.io/audit-violations": "would violate: privileged",
            "cluster_name": "production",
        },
    ),
    event(
        objectRef=target("clusterrolebindings", "cluster-admin"),
        requestObject=BINDING,
    ),
    event(objectRef=target("clusterroles", "any"), requestObject=ROLE),
    event(objectRef=target("configmaps", "aws-auth"), requestObject=SECRET_KEY),
    event(
        objectRef=target("services", "web"),
        requestObject={"spec": {"type": "NodePort", "ports": [{"port": 80}]}},
    ),
    event(
        verb="get",
        objectRef=target("secrets", "token"),
        requestURI="/api/v1/secrets",
        responseStatus={"code": 403, "reason": "Forbidden"},
    ),
    event(objectRef=target("pods", "web-1", subresource="exec")),
]


@pytest.fixture(scope="module")
def fired(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the fields whose example fired."""
    rules = [
        {
            "rule": field.name,
            "desc": "the example of the field",
            "condition": field.example,
            "output": "%evt.num",
            "priority": "INFO",
            "source": "k8s_audit",
        }
        for field in AUDIT
    ]
    ruleset = lanner.load_rules(texts={"examples.yaml": json.dumps(rules)})
    assert ruleset.ok, ruleset.diagnostics
    path: Path = tmp_path_factory.mktemp("audit") / "audit.log"
    lines = [json.dumps(item | {"auditID": f"id-{n}"}) for n, item in enumerate(EVENTS)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    scan = lanner.Scan(lanner.Engine(ruleset, rule_matching="all"), [path])
    names = {alert.rule for alert in scan}
    assert scan.stats().events == len(EVENTS)
    assert scan.stats().skipped == 0
    return names


@pytest.mark.parametrize(
    "field", [field for field in AUDIT if field.name not in DEPENDS], ids=lambda f: f.name
)
def test_example_fires(field: Field, fired: set[str]) -> None:
    assert field.name in fired
