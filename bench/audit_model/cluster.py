"""The made-up cluster: nodes, namespaces, applications, and who talks to the API server."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from bench.audit_model.encode import Caller

AUTHENTICATED = "system:authenticated"
VERSION = "v1.33.4"
COMMIT = "74cdb42"
CONTROLLERS = (
    "replicaset-controller",
    "deployment-controller",
    "endpointslice-controller",
    "generic-garbage-collector",
    "namespace-controller",
    "job-controller",
    "cronjob-controller",
    "horizontal-pod-autoscaler",
    "resourcequota-controller",
    "daemon-set-controller",
)
OPERATORS = ("cert-manager", "argocd", "prometheus-operator", "kyverno", "external-secrets")
PEOPLE = ("alice@example.com", "bob@example.com", "carol@example.com", "kubernetes-admin")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Names that the traffic is made of."""

    nodes: tuple[str, ...]
    namespaces: tuple[str, ...]
    apps: tuple[str, ...]
    kubelets: tuple[Caller, ...]
    controllers: Mapping[str, Caller]
    operators: tuple[Caller, ...]
    people: tuple[Caller, ...]
    workloads: tuple[Caller, ...]
    scheduler: Caller
    controller_manager: Caller
    apiserver: Caller
    anonymous: Caller
    nobody: Caller
    pipeline: Caller


def service_account(
    rng: random.Random, namespace: str, name: str, address: str, agent: str, *, bound: bool
) -> Caller:
    """A service account; a bound token also names its pod and node."""
    extra: dict[str, tuple[str, ...]] = {}
    if bound:
        extra = {
            "authentication.kubernetes.io/credential-id": (f"JTI={made_uuid(rng)}",),
            "authentication.kubernetes.io/node-name": (f"worker-{rng.randrange(40):02d}",),
            "authentication.kubernetes.io/pod-name": (f"{name}-{rng.getrandbits(40):010x}",),
            "authentication.kubernetes.io/pod-uid": (made_uuid(rng),),
        }
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    username = f"system:serviceaccount:{namespace}:{name}"
    return Caller(username, groups, address, agent, uid=made_uuid(rng), extra=extra)


def made_uuid(rng: random.Random) -> str:
    """A random version 4 UUID from the given generator."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def make_cluster(rng: random.Random) -> Cluster:
    """A cluster of 40 nodes and 30 namespaces, the same for equal seeds."""
    nodes = tuple(f"worker-{n:02d}" for n in range(40))
    teams = ("shop", "pay", "search", "data", "ml", "web")
    spaces = tuple(f"{team}-{env}" for team in teams for env in ("dev", "test", "stage", "prod"))
    namespaces = (*spaces, "default", "kube-system", "monitoring", "ingress-nginx", "argocd", "ci")
    apps = tuple(f"{a}-{b}" for a in ("cart", "order", "user", "mail") for b in ("api", "worker"))
    agent = f"(linux/amd64) kubernetes/{COMMIT}"
    kubelets = tuple(
        Caller(
            f"system:node:{node}",
            ("system:nodes", AUTHENTICATED),
            f"10.0.1.{10 + number}",
            f"kubelet/{VERSION} {agent}",
            extra={"authentication.kubernetes.io/credential-id": (f"X509SHA256={made_uuid(rng)}",)},
        )
        for number, node in enumerate(nodes)
    )
    controllers = {
        name: service_account(
            rng,
            "kube-system",
            name,
            "10.0.0.10",
            f"kube-controller-manager/{VERSION} {agent}/system:serviceaccount:kube-system:{name}",
            bound=False,
        )
        for name in CONTROLLERS
    }
    operators = tuple(
        service_account(
            rng, name, name, f"10.244.3.{20 + n}", f"{name}/v2.{n}.1 (linux/amd64)", bound=True
        )
        for n, name in enumerate(OPERATORS)
    )
    people = tuple(
        Caller(
            name,
            ("system:masters" if name == "kubernetes-admin" else "developers", AUTHENTICATED),
            f"203.0.113.{10 + n}",
            f"kubectl/{VERSION} (darwin/arm64) kubernetes/{COMMIT}",
        )
        for n, name in enumerate(PEOPLE)
    )
    workloads = tuple(
        service_account(
            rng,
            rng.choice(spaces),
            rng.choice(apps),
            f"10.244.{rng.randrange(40)}.{rng.randrange(2, 250)}",
            "python-requests/2.32.3",
            bound=True,
        )
        for _ in range(24)
    )
    plane = (AUTHENTICATED,)
    return Cluster(
        nodes=nodes,
        namespaces=namespaces,
        apps=apps,
        kubelets=kubelets,
        controllers=controllers,
        operators=operators,
        people=people,
        workloads=workloads,
        scheduler=Caller(
            "system:kube-scheduler",
            plane,
            "10.0.0.10",
            f"kube-scheduler/{VERSION} {agent}/scheduler",
        ),
        controller_manager=Caller(
            "system:kube-controller-manager",
            plane,
            "10.0.0.10",
            f"kube-controller-manager/{VERSION} {agent}/leader-election",
        ),
        apiserver=Caller(
            "system:apiserver",
            ("system:authenticated", "system:masters"),
            "::1",
            f"kube-apiserver/{VERSION} {agent}",
            uid=made_uuid(rng),
        ),
        anonymous=Caller(
            "system:anonymous",
            ("system:unauthenticated",),
            "198.51.100.23",
            "Mozilla/5.0 zgrab/0.x",
        ),
        nobody=Caller("", (), "198.51.100.77", "curl/8.9.1"),
        pipeline=service_account(
            rng, "ci", "deployer", "10.244.9.9", "helm/v3.18.4 (linux/amd64)", bound=True
        ),
    )
