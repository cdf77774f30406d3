"""Requests that change something."""

import random

from bench.audit_model import bodies
from bench.audit_model.cluster import Cluster
from bench.audit_model.encode import SUFFIX, Caller, Request
from bench.audit_model.reads import by_controller, target

RBAC = ("rbac.authorization.k8s.io", "v1")
BODY_SIZES = (1_000, 1_500, 2_000, 4_000, 8_000, 20_000, 60_000, 200_000)
BODY_ODDS = (30, 25, 20, 12, 7, 4, 1.5, 0.5)


def update_lease(rng: random.Random, cluster: Cluster) -> Request:
    """Heartbeats of nodes and of elected leaders."""
    if rng.random() < 0.6:
        number = rng.randrange(len(cluster.nodes))
        caller, namespace = cluster.kubelets[number], "kube-node-lease"
        name = cluster.nodes[number]
    else:
        caller = rng.choice((cluster.controller_manager, cluster.scheduler, *cluster.operators))
        namespace, name = "kube-system", caller.username.rsplit(":", 1)[-1]
    lease = target(
        "leases", namespace, name, query="?timeout=10s", group=("coordination.k8s.io", "v1")
    )
    return Request(caller, lease, "update")


def patch_pod_status(rng: random.Random, cluster: Cluster) -> Request:
    """A kubelet reports on a pod."""
    app = rng.choice(cluster.apps)
    place = target(
        "pods", rng.choice(cluster.namespaces), f"{app}-7d9f8b6c5-{SUFFIX}", subresource="status"
    )
    body = bodies.pod_status_patch(rng, app)
    return Request(rng.choice(cluster.kubelets), place, "patch", level="Request", body=body)


def patch_node_status(rng: random.Random, cluster: Cluster) -> Request:
    """A kubelet reports on its node."""
    number = rng.randrange(len(cluster.nodes))
    place = target("nodes", None, cluster.nodes[number], query="?timeout=10s", subresource="status")
    body = bodies.node_status_patch(rng)
    return Request(cluster.kubelets[number], place, "patch", level="Request", body=body)


def review(rng: random.Random, cluster: Cluster) -> Request:
    """Questions about tokens and permissions."""
    resource, group = rng.choice(
        (
            ("tokenreviews", ("authentication.k8s.io", "v1")),
            ("subjectaccessreviews", ("authorization.k8s.io", "v1")),
            ("selfsubjectaccessreviews", ("authorization.k8s.io", "v1")),
        )
    )
    caller = rng.choice((*cluster.kubelets, *cluster.operators))
    return Request(caller, target(resource, group=group), "create", code=201)


def request_token(rng: random.Random, cluster: Cluster) -> Request:
    """A kubelet fetches the token of a pod."""
    place = target(
        "serviceaccounts",
        rng.choice(cluster.namespaces),
        rng.choice(cluster.apps),
        subresource="token",
    )
    notes = {"authentication.kubernetes.io/issued-credential-id": "JTI=" + bodies.digest(rng, 32)}
    caller = rng.choice(cluster.kubelets)
    return Request(caller, place, "create", code=201, annotations=notes)


def emit_event(rng: random.Random, cluster: Cluster) -> Request:
    """Events of the cluster itself."""
    caller = rng.choice((*cluster.kubelets, cluster.scheduler, *cluster.operators))
    namespace = rng.choice(cluster.namespaces)
    name = f"{rng.choice(cluster.apps)}.{bodies.digest(rng, 16)}"
    if rng.random() < 0.5:
        return Request(caller, target("events", namespace, name), "patch")
    return Request(caller, target("events", namespace), "create", code=201)


def update_endpoint_slice(rng: random.Random, cluster: Cluster) -> Request:
    """Pods that become ready or go."""
    caller = cluster.controllers["endpointslice-controller"]
    place = target(
        "endpointslices", rng.choice(cluster.namespaces), f"{rng.choice(cluster.apps)}-x7k2p"
    )
    return Request(caller, place, "update", reason=by_controller(caller))


def update_status(rng: random.Random, cluster: Cluster) -> Request:
    """Controllers write the status of their objects."""
    resource = rng.choice(("deployments", "replicasets", "jobs"))
    caller = cluster.controllers["replicaset-controller"]
    place = target(
        resource, rng.choice(cluster.namespaces), rng.choice(cluster.apps), subresource="status"
    )
    return Request(caller, place, "update", reason=by_controller(caller))


def create_pod(rng: random.Random, cluster: Cluster) -> Request:
    """A replica set makes a pod; now and then a privileged one."""
    app, namespace = rng.choice(cluster.apps), rng.choice(cluster.namespaces)
    caller = cluster.controllers["replicaset-controller"]
    name = f"{app}-7d9f8b6c5-{SUFFIX}"
    body = bodies.pod(
        rng, name, namespace, app, fields=rng.choice((4, 8, 12, 30)), privileged=rng.random() < 0.03
    )
    asked = {"kind": "Pod", "apiVersion": "v1", "metadata": {"generateName": f"{app}-7d9f8b6c5-"}}
    asked["spec"] = body["spec"]
    return Request(
        caller,
        target("pods", namespace),
        "create",
        level="RequestResponse",
        code=201,
        body=asked,
        answer=body,
        reason=by_controller(caller),
        annotations={"pod-security.kubernetes.io/enforce-policy": "baseline:latest"},
    )


def bind_pod(rng: random.Random, cluster: Cluster) -> Request:
    """The scheduler chooses a node."""
    name = f"{rng.choice(cluster.apps)}-7d9f8b6c5-{SUFFIX}"
    place = target("pods", rng.choice(cluster.namespaces), name, subresource="binding")
    return Request(cluster.scheduler, place, "create", code=201)


def delete_pod(rng: random.Random, cluster: Cluster) -> Request:
    """Controllers delete most pods, people some."""
    app, namespace = rng.choice(cluster.apps), rng.choice(cluster.namespaces)
    caller: Caller = cluster.controllers["replicaset-controller"]
    if rng.random() < 0.1:
        caller = rng.choice(cluster.people)
    body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
    name = f"{app}-7d9f8b6c5-{SUFFIX}"
    answer = bodies.pod(rng, name, namespace, app, fields=8)
    place = target("pods", namespace, name)
    return Request(caller, place, "delete", level="RequestResponse", body=body, answer=answer)


def patch_deployment(rng: random.Random, cluster: Cluster) -> Request:
    """Pipelines and people roll out."""
    app, namespace = rng.choice(cluster.apps), rng.choice(cluster.namespaces)
    caller = cluster.pipeline if rng.random() < 0.8 else rng.choice(cluster.people)
    body = bodies.deployment(rng, app, namespace, fields=0, privileged=rng.random() < 0.02)
    answer = bodies.deployment(rng, app, namespace, fields=rng.choice((10, 20, 40)))
    verb, code = rng.choice((("patch", 200), ("patch", 200), ("create", 201), ("delete", 200)))
    place = target("deployments", namespace, app, query="?fieldManager=helm&force=true")
    return Request(
        caller, place, verb, level="RequestResponse", code=code, body=body, answer=answer
    )


def change_config_map(rng: random.Random, cluster: Cluster) -> Request:
    """From one to 200 kB of configuration; some of it holds a password."""
    name, namespace = f"{rng.choice(cluster.apps)}-config", rng.choice(cluster.namespaces)
    size = rng.choices(BODY_SIZES, BODY_ODDS)[0]
    body = bodies.config_map(rng, name, namespace, size, password=rng.random() < 0.1)
    verb, code = rng.choice((("update", 200), ("patch", 200), ("create", 201)))
    caller = rng.choice((*cluster.operators, cluster.pipeline))
    return Request(caller, target("configmaps", namespace, name), verb, "Request", code, body=body)


def change_rbac(rng: random.Random, cluster: Cluster) -> Request:
    """Roles and bindings, a few of them too wide."""
    namespace = rng.choice((None, rng.choice(cluster.namespaces)))
    caller = rng.choice((cluster.pipeline, *cluster.people))
    name = rng.choice(cluster.apps)
    if rng.random() < 0.5:
        resource = "rolebindings" if namespace else "clusterrolebindings"
        granted = rng.choice(("view", "edit", "view", "edit", "cluster-admin"))
        body = bodies.binding(name, namespace, granted, name)
    else:
        resource = "roles" if namespace else "clusterroles"
        verbs = rng.choice((["get", "list", "watch"], ["get", "create", "patch"], ["*"]))
        resources = rng.choice((["pods"], ["configmaps"], ["pods", "pods/exec"]))
        body = bodies.role(
            name, namespace, [{"verbs": verbs, "apiGroups": [""], "resources": resources}]
        )
    verb, code = rng.choice((("create", 201), ("update", 200), ("delete", 200)))
    place = target(resource, namespace, name, group=RBAC)
    return Request(caller, place, verb, level="RequestResponse", code=code, body=body, answer=body)


def change_service(rng: random.Random, cluster: Cluster) -> Request:
    """Services come and go."""
    name, namespace = rng.choice(cluster.apps), rng.choice(cluster.namespaces)
    body = bodies.service(
        rng, name, namespace, rng.choice(("ClusterIP", "NodePort", "LoadBalancer"))
    )
    verb, code = rng.choice((("create", 201), ("delete", 200), ("update", 200)))
    return Request(
        cluster.pipeline,
        target("services", namespace, name),
        verb,
        "RequestResponse",
        code,
        body=body,
        answer=body,
    )


def change_ingress(rng: random.Random, cluster: Cluster) -> Request:
    """Ingresses, some without a certificate."""
    name, namespace = rng.choice(cluster.apps), rng.choice(cluster.namespaces)
    body = bodies.ingress(name, namespace, tls=rng.random() < 0.7)
    place = target("ingresses", namespace, name)
    return Request(
        cluster.pipeline, place, "create", level="RequestResponse", code=201, body=body, answer=body
    )


def change_namespace(rng: random.Random, cluster: Cluster) -> Request:
    """Namespaces for previews of a change."""
    name = f"preview-{rng.randrange(1000)}"
    verb, code = rng.choice((("create", 201), ("delete", 200)))
    return Request(cluster.pipeline, target("namespaces", None, name), verb, code=code)


def conflict(rng: random.Random, cluster: Cluster) -> Request:
    """Two writers met: the later one is told to try again."""
    app, namespace = rng.choice(cluster.apps), rng.choice(cluster.namespaces)
    status = {
        "status": "Failure",
        "message": f'Operation cannot be fulfilled on deployments.apps "{app}": the object has been modified; '
        "please apply your changes to the latest version and try again",
        "reason": "Conflict",
        "details": {"name": app, "group": "apps", "kind": "deployments"},
    }
    caller = cluster.controllers["deployment-controller"]
    return Request(caller, target("deployments", namespace, app), "update", code=409, status=status)


def pod_session(rng: random.Random, cluster: Cluster) -> Request:
    """Exec by SPDY (create) and by websocket (get), attach and port-forward."""
    app = rng.choice(cluster.apps)
    kind = rng.choice(("exec", "exec", "exec", "attach", "portforward"))
    command = rng.choice(
        ("sh", "bash", "ls&command=-la&command=%2Fvar%2Flog", "env", "ps&command=aux")
    )
    query = {
        "exec": f"?command={command}&container={app}&stderr=true&stdin=true&stdout=true&tty=true",
        "attach": f"?container={app}&stdin=true&stdout=true&tty=true",
        "portforward": "?ports=8080",
    }[kind]
    place = target(
        "pods",
        rng.choice(cluster.namespaces),
        f"{app}-7d9f8b6c5-x2x7k",
        query=query,
        subresource=kind,
    )
    verb = rng.choice(("create", "get", "get"))
    return Request(rng.choice(cluster.people), place, verb, code=101)
