"""Who acts: people, service accounts, nodes, and the controllers that finish what others began."""

from __future__ import annotations

_SERVICE_ACCOUNT = "system:serviceaccount:"
_CONTROL_PLANE = frozenset(
    {"system:apiserver", "system:kube-controller-manager", "system:kube-scheduler"}
)
_CONTROLLER_ENDINGS = ("-controller", "-collector", "-cleaner", "-autoscaler", "-publisher")
"""Of the service accounts that kube-controller-manager uses, all in kube-system."""

_WHY = {
    "generic-garbage-collector": "its owner was deleted",
    "namespace-controller": "its namespace was deleted",
    "pod-garbage-collector": "the pod had ended, or its node is gone",
    "replicaset-controller": "scaled down or replaced",
    "daemon-set-controller": "replaced, or its node is gone",
    "statefulset-controller": "scaled down or replaced",
    "job-controller": "its job was stopped or replaced",
    "cronjob-controller": "an old job was cleaned up",
    "ttl-after-finished-controller": "a finished job was cleaned up",
    "node-lifecycle-controller": "its node is gone",
    "endpoint-controller": "its service was deleted",
}


def kind(user: str | None) -> str:
    """`user`, `service account`, `node`, `controller`, `control plane`, `anonymous`, `nobody`."""
    if not user:
        return "nobody"
    if user == "system:anonymous":
        return "anonymous"
    if user.startswith("system:node:"):
        return "node"
    if user in _CONTROL_PLANE:
        return "control plane"
    if user.startswith(_SERVICE_ACCOUNT):
        namespace, _, name = user.removeprefix(_SERVICE_ACCOUNT).partition(":")
        is_controller = namespace == "kube-system" and name.endswith(_CONTROLLER_ENDINGS)
        return "controller" if is_controller else "service account"
    return "user"


def is_api_server(user: str | None, addresses: list[str] | None) -> bool:
    """Whether the API server asked itself: it makes default roles, for instance, at every start."""
    return user == "system:apiserver" and set(addresses or ()) <= {"127.0.0.1", "::1"}


def why_deleted(user: str | None) -> str | None:
    """Why something that is no person deletes, where its name tells."""
    if kind(user) == "node":
        return "the pod ended, or was deleted by somebody before"
    if kind(user) == "controller" and user:
        return _WHY.get(user.rpartition(":")[2], "part of its work")
    return None
