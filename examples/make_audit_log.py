"""Makes examples/audit.log: a made-up hour in a small cluster, as kube-apiserver would record it.

Always the same output: `python examples/make_audit_log.py > examples/audit.log`.
"""

from __future__ import annotations

import json
import random
import sys
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

RANDOM = random.Random(20261123)  # noqa: S311 - a story, not a secret
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

ADMIN = {"username": "alice", "groups": ["ops", "system:authenticated"]}
CI = {"username": "ci-deployer", "groups": ["ci", "system:authenticated"]}
ANONYMOUS = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}
WEB = {
    "username": "system:serviceaccount:shop:web",
    "uid": "3d5f0b7e-8a1d-4f0e-9a35-0c1d6c2a7b11",
    "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
}
SCHEDULER = {"username": "system:kube-scheduler", "groups": ["system:authenticated"]}
MANAGER = {"username": "system:kube-controller-manager", "groups": ["system:authenticated"]}


def node(name: str) -> dict[str, Any]:
    """The user that a kubelet is."""
    return {"username": f"system:node:{name}", "groups": ["system:nodes", "system:authenticated"]}


class Log:
    """Writes events with rising times."""

    def __init__(self) -> None:
        self.now = START

    def pause(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += timedelta(seconds=seconds)

    def request(
        self,
        user: dict[str, Any],
        verb: str,
        uri: str,
        reference: dict[str, str] | None = None,
        *,
        code: int = 200,
        body: dict[str, Any] | None = None,
        stage: str = "ResponseComplete",
        source: str = "10.0.0.5",
        agent: str = "kubectl/v1.31.2 (linux/amd64) kubernetes/5864a46",
    ) -> None:
        """Writes the event of a request."""
        self.pause(RANDOM.uniform(0.2, 9))
        received = self.now
        done = received + timedelta(microseconds=RANDOM.randint(900, 90000))
        allowed = code != 403
        event: dict[str, Any] = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Request" if body else "Metadata",
            "auditID": str(uuid.UUID(int=RANDOM.getrandbits(128), version=4)),
            "stage": stage,
            "requestURI": uri,
            "verb": verb,
            "user": user,
            "sourceIPs": [source],
            "userAgent": agent,
        }
        if reference:
            event["objectRef"] = reference
        status: dict[str, Any] = {"metadata": {}}
        if code >= 400:
            status |= {
                "status": "Failure",
                "reason": "Forbidden" if code == 403 else "Unauthorized",
            }
        event["responseStatus"] = status | {"code": code}
        if body:
            event["requestObject"] = body
        event["requestReceivedTimestamp"] = f"{received:%Y-%m-%dT%H:%M:%S.%f}Z"
        event["stageTimestamp"] = f"{done:%Y-%m-%dT%H:%M:%S.%f}Z"
        if user:
            event["annotations"] = {
                "authorization.k8s.io/decision": "allow" if allowed else "forbid",
                "authorization.k8s.io/reason": "",
            }
        text = json.dumps(event, separators=(",", ":"))
        sys.stdout.write(text.replace("&", "\\u0026").replace("<", "\\u003c") + "\n")


def noise(log: Log, rounds: int) -> None:
    """What a cluster does all the time."""
    leases = "/apis/coordination.k8s.io/v1/namespaces"
    for _ in range(rounds):
        name = RANDOM.choice(("node-a", "node-b"))
        lease = {
            "resource": "leases",
            "namespace": "kube-node-lease",
            "name": name,
            "apiGroup": "coordination.k8s.io",
            "apiVersion": "v1",
        }
        agent = "kubelet/v1.31.2 (linux/amd64) kubernetes/5864a46"
        log.request(
            node(name),
            "update",
            f"{leases}/kube-node-lease/leases/{name}?timeout=10s",
            lease,
            agent=agent,
        )
        if RANDOM.random() < 0.5:
            user = RANDOM.choice((SCHEDULER, MANAGER))
            name = user["username"].removeprefix("system:")
            lease = {**lease, "namespace": "kube-system", "name": name}
            log.request(
                user,
                "get",
                f"{leases}/kube-system/leases/{name}?timeout=5s",
                lease,
                source="127.0.0.1",
                agent=f"{name}/v1.31.2",
            )
        if RANDOM.random() < 0.3:
            log.request(
                ANONYMOUS, "get", "/readyz?verbose", source="127.0.0.1", agent="kube-probe/1.31"
            )


def target(
    resource: str, namespace: str = "", name: str = "", sub: str = "", group: str = ""
) -> dict[str, str]:
    """An objectRef."""
    found = {
        "resource": resource,
        "namespace": namespace,
        "name": name,
        "apiGroup": group,
        "apiVersion": "v1",
        "subresource": sub,
    }
    return {key: value for key, value in found.items() if value}


def attack(log: Log) -> None:
    """What somebody does with the token of a web shop's pod."""
    away, curl = "203.0.113.66", "curl/8.5.0"
    pods = "/api/v1/namespaces/shop/pods"
    log.request(
        ANONYMOUS, "list", "/api/v1/secrets", target("secrets"), code=403, source=away, agent=curl
    )
    log.request(
        {},
        "list",
        pods,
        target("pods", "shop"),
        code=401,
        stage="ResponseStarted",
        source=away,
        agent=curl,
    )
    log.request(
        WEB,
        "create",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        target("selfsubjectrulesreviews", group="authorization.k8s.io"),
        code=201,
        source=away,
        agent=curl,
    )
    log.request(WEB, "list", "/api/v1/nodes", target("nodes"), code=403, source=away, agent=curl)
    log.request(
        WEB,
        "list",
        "/api/v1/namespaces/shop/secrets",
        target("secrets", "shop"),
        source=away,
        agent=curl,
    )
    log.request(
        WEB,
        "get",
        "/api/v1/namespaces/shop/secrets/db-cred",
        target("secrets", "shop", "db-cred"),
        source=away,
        agent=curl,
    )
    noise(log, 3)
    spec = {
        "hostPID": True,
        "containers": [
            {
                "name": "c",
                "image": "alpine:3.20",
                "command": ["sleep", "1d"],
                "securityContext": {"privileged": True},
                "volumeMounts": [{"name": "host", "mountPath": "/host"}],
            }
        ],
        "volumes": [{"name": "host", "hostPath": {"path": "/"}}],
    }
    body = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "metrics-helper", "namespace": "shop"},
        "spec": spec,
    }
    log.request(
        WEB,
        "create",
        pods,
        target("pods", "shop", "metrics-helper"),
        code=201,
        body=body,
        source=away,
        agent=curl,
    )
    noise(log, 2)
    uri = f"{pods}/metrics-helper/exec?command=chroot&command=%2Fhost&command=sh&container=c&stdin=true&stdout=true&tty=true"
    log.request(
        WEB,
        "get",
        uri,
        target("pods", "shop", "metrics-helper", "exec"),
        code=101,
        stage="ResponseStarted",
        source=away,
        agent="kubectl/v1.31.2 (linux/amd64) kubernetes/5864a46",
    )
    admin = {
        "username": "kubernetes-admin",
        "groups": ["kubeadm:cluster-admins", "system:authenticated"],
    }
    rbac = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    binding = {
        "kind": "ClusterRoleBinding",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": {"name": "metrics-helper"},
        "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}],
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "cluster-admin",
        },
    }
    log.request(
        admin,
        "create",
        rbac,
        target("clusterrolebindings", "", "metrics-helper", group="rbac.authorization.k8s.io"),
        code=201,
        body=binding,
        source="10.0.0.2",
    )
    log.request(WEB, "list", "/api/v1/secrets?limit=500", target("secrets"), source=away)
    uri = "/api/v1/namespaces/shop/pods/db-0/portforward?ports=5432"
    log.request(
        WEB,
        "create",
        uri,
        target("pods", "shop", "db-0", "portforward"),
        code=101,
        stage="ResponseStarted",
        source=away,
    )
    log.request(
        WEB,
        "deletecollection",
        "/api/v1/namespaces/shop/events",
        target("events", "shop"),
        source=away,
    )
    log.request(
        WEB,
        "delete",
        f"{pods}/metrics-helper",
        target("pods", "shop", "metrics-helper"),
        source=away,
    )


def main() -> None:
    """Writes the log to standard output."""
    log = Log()
    noise(log, 8)
    log.request(ADMIN, "list", "/api/v1/namespaces/shop/pods?limit=500", target("pods", "shop"))
    apps = "/apis/apps/v1/namespaces/shop/deployments"
    log.request(
        CI,
        "patch",
        f"{apps}/web?fieldManager=helm",
        target("deployments", "shop", "web", group="apps"),
        body={"spec": {"replicas": 3}},
        source="10.0.3.9",
        agent="helm/v3.16",
    )
    log.request(
        CI,
        "update",
        "/api/v1/namespaces/shop/configmaps/web",
        target("configmaps", "shop", "web"),
        body={"kind": "ConfigMap", "data": {"theme": "dark", "log_level": "info"}},
        source="10.0.3.9",
        agent="helm/v3.16",
    )
    noise(log, 10)
    attack(log)
    noise(log, 6)
    log.request(ADMIN, "get", "/api/v1/namespaces/shop/events", target("events", "shop"))


if __name__ == "__main__":
    main()
