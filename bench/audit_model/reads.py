"""Requests that read, and requests that are refused."""

import random

from bench.audit_model.cluster import Cluster
from bench.audit_model.encode import RESOURCE_VERSION, Caller, Request, Target

GROUPS: dict[str, tuple[str, str]] = {
    "pods": ("", "v1"),
    "services": ("", "v1"),
    "endpoints": ("", "v1"),
    "configmaps": ("", "v1"),
    "nodes": ("", "v1"),
    "namespaces": ("", "v1"),
    "serviceaccounts": ("", "v1"),
    "resourcequotas": ("", "v1"),
    "persistentvolumeclaims": ("", "v1"),
    "deployments": ("apps", "v1"),
    "replicasets": ("apps", "v1"),
    "daemonsets": ("apps", "v1"),
    "jobs": ("batch", "v1"),
    "cronjobs": ("batch", "v1"),
    "ingresses": ("networking.k8s.io", "v1"),
    "networkpolicies": ("networking.k8s.io", "v1"),
    "endpointslices": ("discovery.k8s.io", "v1"),
    "roles": ("rbac.authorization.k8s.io", "v1"),
    "rolebindings": ("rbac.authorization.k8s.io", "v1"),
    "certificates": ("cert-manager.io", "v1"),
    "applications": ("argoproj.io", "v1alpha1"),
    "servicemonitors": ("monitoring.coreos.com", "v1"),
}
CLUSTER_SCOPED = frozenset({"nodes", "namespaces"})


def target(
    resource: str,
    namespace: str | None = None,
    name: str | None = None,
    *,
    query: str = "",
    subresource: str | None = None,
    group: tuple[str, str] | None = None,
) -> Target:
    """An object or a collection with the URI that names it."""
    api_group, version = group or GROUPS.get(resource, ("", "v1"))
    path = f"/apis/{api_group}/{version}" if api_group else f"/api/{version}"
    if namespace is not None:
        path += f"/namespaces/{namespace}"
    path += f"/{resource}"
    if name is not None:
        path += f"/{name}"
    if subresource is not None:
        path += f"/{subresource}"
    return Target(
        uri=path + query,
        resource=resource,
        namespace=namespace,
        name=name,
        api_group=api_group or None,
        api_version=version,
        subresource=subresource,
    )


def granted(kind: str, role: str, subject: str) -> str:
    """The reason that the RBAC authoriser gives for allowing a request."""
    return f'RBAC: allowed by ClusterRoleBinding "{role}" of ClusterRole "{role}" to {kind} "{subject}"'


def by_controller(caller: Caller) -> str:
    """The reason for a request of a service account."""
    account = "/".join(caller.username.split(":")[-2:])
    role = caller.username.rsplit(":", 1)[-1]
    return granted("ServiceAccount", role, account)


def list_objects(rng: random.Random, cluster: Cluster) -> Request:
    """One noisy operator makes most of the lists, as in the clusters that were measured."""
    noisy = cluster.operators[0]
    callers = (*cluster.operators, *cluster.controllers.values())
    caller = noisy if rng.random() < 0.7 else rng.choice(callers)
    resource = rng.choice(tuple(GROUPS))
    everywhere = resource in CLUSTER_SCOPED or rng.random() < 0.3
    namespace = None if everywhere else rng.choice(cluster.namespaces)
    query = rng.choice(
        (
            "?limit=500&resourceVersion=0",
            "?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dargocd&limit=500",
            "",
            f"?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ&limit=500&resourceVersion={RESOURCE_VERSION}",
        )
    )
    reason = by_controller(caller)
    return Request(caller, target(resource, namespace, query=query), "list", reason=reason)


def watch_objects(rng: random.Random, cluster: Cluster) -> Request:
    """Informers of kubelets and controllers, renewed every few minutes."""
    node = rng.randrange(len(cluster.nodes))
    if rng.random() < 0.5:
        caller, resource = cluster.kubelets[node], rng.choice(("pods", "nodes", "services"))
        selector = (
            f"&fieldSelector=spec.nodeName%3D{cluster.nodes[node]}" if resource == "pods" else ""
        )
    else:
        caller = rng.choice((*cluster.operators, *cluster.controllers.values()))
        resource, selector = rng.choice(tuple(GROUPS)), ""
    query = (
        f"?allowWatchBookmarks=true{selector}&resourceVersion={RESOURCE_VERSION}"
        f"&timeout=7m{rng.randrange(60)}s&timeoutSeconds={rng.randrange(300, 600)}&watch=true"
    )
    return Request(caller, target(resource, None, query=query), "watch")


def get_lease(rng: random.Random, cluster: Cluster) -> Request:
    """Leader election reads."""
    caller = rng.choice((cluster.controller_manager, cluster.scheduler, *cluster.operators))
    name = caller.username.rsplit(":", 1)[-1]
    lease = target(
        "leases", "kube-system", name, query="?timeout=5s", group=("coordination.k8s.io", "v1")
    )
    return Request(caller, lease, "get", reason=granted("User", name, caller.username))


def get_object(rng: random.Random, cluster: Cluster) -> Request:
    """A controller or a kubelet reads one object."""
    if rng.random() < 0.5:
        caller = rng.choice(cluster.kubelets)
        resource, namespace = rng.choice(
            (("nodes", None), ("pods", rng.choice(cluster.namespaces)))
        )
        name = caller.username.rsplit(":", 1)[-1] if namespace is None else rng.choice(cluster.apps)
    else:
        caller = rng.choice((*cluster.operators, *cluster.controllers.values()))
        resource = rng.choice(("deployments", "replicasets", "services", "namespaces", "jobs"))
        namespace = None if resource in CLUSTER_SCOPED else rng.choice(cluster.namespaces)
        name = rng.choice(cluster.apps)
    return Request(caller, target(resource, namespace, name, query="?resourceVersion=0"), "get")


def get_config_map(rng: random.Random, cluster: Cluster) -> Request:
    """A config map, mostly read by an operator in a loop."""
    caller = rng.choice((*cluster.operators, *cluster.kubelets))
    place = target(
        "configmaps", rng.choice(cluster.namespaces), f"{rng.choice(cluster.apps)}-config"
    )
    return Request(caller, place, "get")


def get_secret(rng: random.Random, cluster: Cluster) -> Request:
    """A secret by name: kubelets, operators, and now and then a person."""
    person = rng.random() < 0.04
    caller = rng.choice(cluster.people if person else (*cluster.operators, *cluster.kubelets))
    place = target("secrets", rng.choice(cluster.namespaces), f"{rng.choice(cluster.apps)}-tls")
    return Request(caller, place, "get")


def list_secrets(rng: random.Random, cluster: Cluster) -> Request:
    """Secrets of one namespace or of all."""
    caller = rng.choice(cluster.operators)
    namespace = rng.choice((None, *cluster.namespaces))
    place = target("secrets", namespace, query="?limit=500&resourceVersion=0")
    return Request(caller, place, "list", reason=by_controller(caller))


def health(rng: random.Random, cluster: Cluster) -> Request:
    """Probes and scrapes."""
    path = rng.choice(("/livez", "/readyz", "/healthz", "/livez?exclude=etcd", "/metrics"))
    caller = cluster.operators[2] if path == "/metrics" else cluster.anonymous
    return Request(
        caller, Target(path), "get", reason=granted("Group", "system:public-info-viewer", "x")
    )


def discovery(rng: random.Random, cluster: Cluster) -> Request:
    """Discovery of API groups and their schemas."""
    paths = ("/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/openapi/v2?timeout=32s")
    caller = rng.choice((*cluster.people, *cluster.operators))
    reason = granted("Group", "system:discovery", "system:authenticated")
    return Request(caller, Target(rng.choice(paths)), "get", reason=reason)


def human_list(rng: random.Random, cluster: Cluster) -> Request:
    """What people type: kubectl get."""
    resource = rng.choice(("pods", "deployments", "services", "nodes", "ingresses", "jobs"))
    namespace = None if resource in CLUSTER_SCOPED else rng.choice(cluster.namespaces)
    return Request(
        rng.choice(cluster.people), target(resource, namespace, query="?limit=500"), "list"
    )


def pod_log(rng: random.Random, cluster: Cluster) -> Request:
    """Logs of a pod: long-running even without -f."""
    app = rng.choice(cluster.apps)
    place = target(
        "pods",
        rng.choice(cluster.namespaces),
        f"{app}-7d9f8b6c5-x2x7k",
        query=f"?container={app}&follow=true&tailLines=100",
        subresource="log",
    )
    return Request(rng.choice(cluster.people), place, "get")


def forbidden(rng: random.Random, cluster: Cluster) -> Request:
    """A workload asks for what its role does not grant."""
    caller = rng.choice(cluster.workloads)
    resource = rng.choice(("pods", "secrets", "nodes", "configmaps", "namespaces"))
    verb = rng.choice(("get", "list", "create"))
    namespace = None if resource in CLUSTER_SCOPED else rng.choice(cluster.namespaces)
    name = rng.choice(cluster.apps) if verb == "get" else None
    shown = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
    message = f'{resource} is forbidden: User "{caller.username}" cannot {verb} resource "{resource}"{shown}'
    status = {"status": "Failure", "message": message, "reason": "Forbidden"}
    place = target(resource, namespace, name)
    return Request(caller, place, verb, code=403, status=status, decision="forbid")


def missing(rng: random.Random, cluster: Cluster) -> Request:
    """An object that is not there (any more)."""
    resource = rng.choice(("pods", "configmaps", "secrets", "jobs"))
    name = f"{rng.choice(cluster.apps)}-gone"
    status = {
        "status": "Failure",
        "message": f'{resource} "{name}" not found',
        "reason": "NotFound",
        "details": {"name": name, "kind": resource},
    }
    caller = rng.choice((*cluster.operators, *cluster.kubelets))
    place = target(resource, rng.choice(cluster.namespaces), name)
    return Request(caller, place, "get", code=404, status=status)


def throttled(rng: random.Random, cluster: Cluster) -> Request:
    """Refused by API priority and fairness."""
    request = list_objects(rng, cluster)
    status = {"status": "Failure", "message": "too many requests", "reason": "TooManyRequests"}
    return Request(request.caller, request.target, "list", code=429, status=status)


def unauthenticated(rng: random.Random, cluster: Cluster) -> Request:
    """A bad or expired token: one event, no user, no decision."""
    status = {"status": "Failure", "message": "Unauthorized", "reason": "Unauthorized"}
    place = rng.choice(
        (target("pods", rng.choice(cluster.namespaces)), Target("/api"), target("nodes"))
    )
    verb = "get" if place.resource is None else "list"
    return Request(cluster.nobody, place, verb, code=401, status=status, decision=None)


def anonymous_probe(rng: random.Random, cluster: Cluster) -> Request:
    """Scanners of the internet, mostly refused."""
    path = rng.choice(
        ("/", "/version", "/api", "/.env", "/login", "/actuator/health", "/swagger.json")
    )
    if path == "/version":
        return Request(cluster.anonymous, Target(path), "get")
    message = f'forbidden: User "system:anonymous" cannot get path "{path}"'
    status = {"status": "Failure", "message": message, "reason": "Forbidden"}
    return Request(
        cluster.anonymous, Target(path), "get", code=403, status=status, decision="forbid"
    )
