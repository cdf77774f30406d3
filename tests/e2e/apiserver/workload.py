"""What users do to a cluster, of all kinds that policies tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.e2e.apiserver.cluster import ApiServer

PROD = "/api/v1/namespaces/prod"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
_POD = {"containers": [{"name": "c", "image": "nginx"}]}


def _object(kind: str, name: str, version: str = "v1", **rest: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **rest}


def perform(server: ApiServer) -> None:
    """Sends the same requests, in the same order, whenever it is called on an empty cluster."""
    ask = server.ask
    for name in ("prod", "stage"):
        ask("POST", "/api/v1/namespaces", _object("Namespace", name))
    ask("POST", f"{PROD}/secrets", _object("Secret", "db", stringData={"password": "s3cret"}))
    ask("POST", f"{PROD}/configmaps", _object("ConfigMap", "app", data={"mode": "on"}))
    ask("POST", f"{PROD}/serviceaccounts", _object("ServiceAccount", "robot"))
    review = {"audiences": ["x"]}
    token = _object("TokenRequest", "", "authentication.k8s.io/v1", spec=review)
    ask("POST", f"{PROD}/serviceaccounts/robot/token", token)
    for name in ("web-1", "web-2"):
        ask("POST", f"{PROD}/pods", _object("Pod", name, spec=_POD))
    version = "apps/v1"
    template = {"metadata": {"labels": {"app": "api"}}, "spec": _POD}
    spec = {"selector": {"matchLabels": {"app": "api"}}, "template": template}
    apps = "/apis/apps/v1/namespaces/prod/deployments"
    ask("POST", apps, _object("Deployment", "api", version, spec=spec))
    ask("PUT", f"{PROD}/configmaps/app", _object("ConfigMap", "app", data={"mode": "off"}))
    merge, pointers = "application/merge-patch+json", "application/json-patch+json"
    ask("PATCH", f"{apps}/api", {"spec": {"replicas": 2}}, Content_Type=merge)
    step = {"op": "add", "path": "/metadata/labels", "value": {"x": "y"}}
    ask("PATCH", f"{PROD}/pods/web-2", [step], Content_Type=pointers)
    ask("GET", f"{apps}/api/scale")
    ask("GET", f"{PROD}/pods/web-1/status")
    ask("PATCH", f"{PROD}/pods/web-1/status", {"status": {"message": "m"}}, Content_Type=merge)
    _roles(server)
    for user in ("admin", "dev", "ops"):
        _read(server, user)
    for number in range(3):
        ask("GET", f"/api/v1/endpoints?n={number}", user="system:kube-proxy")
    ask("GET", "/api/v1/services?watch=true&timeoutSeconds=1", user="system:kube-proxy")
    ask("GET", f"{PROD}/pods", user=None)
    ask("GET", f"{PROD}/pods", user="nobody-has-this-token")
    for path in ("/version", "/healthz", "/livez?verbose", "/apis", "/openapi/v2", "/nothing"):
        ask("GET", path, user=None if path == "/healthz" else "dev")
    ask("POST", "/nothing")
    ask("GET", f"{PROD}/secrets/db", Impersonate_User="dev", Impersonate_Group="system:masters")
    ask("GET", "/api/v1/secrets", user="dev", Impersonate_User="admin")
    ask("DELETE", f"{PROD}/pods/web-2", {"kind": "DeleteOptions", "gracePeriodSeconds": 0})
    ask("DELETE", f"{PROD}/secrets/db")
    ask("DELETE", f"{PROD}/configmaps?labelSelector=none%3Dnone")
    ask("DELETE", "/api/v1/namespaces/stage")


def _roles(server: ApiServer) -> None:
    version = "rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}]
    path = f"{RBAC}/namespaces/prod"
    server.ask("POST", f"{path}/roles", _object("Role", "reader", version, rules=rules))
    binding = {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "dev"}],
    }
    bound = _object("RoleBinding", "dev", version, **binding)
    server.ask("POST", f"{path}/rolebindings", bound)
    server.ask("DELETE", f"{path}/rolebindings/none")


def _read(server: ApiServer, user: str) -> None:
    pods = f"{PROD}/pods"
    requests = [
        ("GET", f"{PROD}/secrets/db"),
        ("GET", f"{PROD}/secrets"),
        ("GET", "/api/v1/secrets"),
        ("GET", pods),
        ("GET", f"{pods}?watch=1&timeoutSeconds=1"),
        ("GET", f"{pods}?fieldSelector=metadata.name%3Dweb-1"),
        ("GET", f"{pods}/web-1"),
        ("GET", f"{pods}/web-1/log"),
        ("GET", f"{pods}/web-1/exec?command=sh&stdout=true"),
        ("POST", f"{pods}/web-1/exec?command=sh&stdout=true"),
        ("GET", "/api/v1/nodes"),
        ("GET", "/api/v1/namespaces/prod"),
        ("GET", "/apis/coordination.k8s.io/v1/leases"),
    ]
    for method, path in requests:
        server.ask(method, path, user=user)
    named = _object("ConfigMap", f"of-{user}")
    server.ask("POST", f"{PROD}/configmaps", named, user=user)
    checked = {"resourceAttributes": {"verb": "get", "resource": "pods"}}
    review = _object("SelfSubjectAccessReview", "", "authorization.k8s.io/v1", spec=checked)
    server.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, user=user)
