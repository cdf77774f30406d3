"""Bodies of requests and answers: pods, deployments, config maps and the like.

Only their size, shape and escapes matter here, so names and digests are drawn at random.
"""

import random
from typing import Any

from bench.audit_model.encode import RESOURCE_VERSION, UID

CREATED = "2026-11-02T06:14:09Z"


def digest(rng: random.Random, length: int = 64) -> str:
    """Hexadecimal text of the given length."""
    return f"{rng.getrandbits(4 * length):0{length}x}"


def managed_fields(rng: random.Random, manager: str, paths: int) -> list[dict[str, Any]]:
    """Field ownership as server-side apply records it, with about `paths` leaves."""
    names = ("image", "imagePullPolicy", "name", "resources", "ports", "env", "volumeMounts")
    leaves: dict[str, Any] = {".": {}}
    for number in range(paths):
        key = f'k:{{"name":"{digest(rng, 6)}-{number}"}}'
        leaves[key] = {".": {}, **{f"f:{name}": {} for name in rng.sample(names, 3)}}
    return [
        {
            "manager": manager,
            "operation": "Update",
            "apiVersion": "v1",
            "time": CREATED,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:containers": leaves}},
        }
    ]


def metadata(name: str, namespace: str | None, app: str, **more: Any) -> dict[str, Any]:
    """Object metadata as a stored object has it."""
    meta: dict[str, Any] = {"name": name}
    if namespace is not None:
        meta["namespace"] = namespace
    meta |= {
        "uid": UID,
        "resourceVersion": RESOURCE_VERSION,
        "creationTimestamp": CREATED,
        "labels": {"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop"},
    }
    return meta | more


def container(rng: random.Random, app: str, variables: int) -> dict[str, Any]:
    """One container with environment, limits, probes and mounts."""
    env = [
        {
            "name": f"{app.upper().replace('-', '_')}_{n}",
            "value": f"http://{app}-{n}:80/?a=1&b=<{n}>",
        }
        for n in range(variables)
    ]
    return {
        "name": app,
        "image": f"registry.example.com/{app}@sha256:{digest(rng)}",
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": env,
        "resources": {
            "limits": {"cpu": "500m", "memory": "512Mi"},
            "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "volumeMounts": [
            {"name": "config", "readOnly": True, "mountPath": "/etc/app"},
            {
                "name": f"kube-api-access-{digest(rng, 5)}",
                "readOnly": True,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            },
        ],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
    }


def pod_spec(rng: random.Random, app: str, containers: int, *, privileged: bool) -> dict[str, Any]:
    """A pod's spec; a privileged one also mounts a path of the host."""
    items = [container(rng, app, rng.randrange(2, 9)) for _ in range(containers)]
    volumes: list[dict[str, Any]] = [{"name": "config", "configMap": {"name": f"{app}-config"}}]
    if privileged:
        items[-1]["securityContext"] = {"privileged": True}
        volumes.append({"name": "host", "hostPath": {"path": "/etc", "type": ""}})
    return {
        "volumes": volumes,
        "containers": items,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": app,
        "serviceAccount": app,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {
                "key": "node.kubernetes.io/not-ready",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def pod(
    rng: random.Random,
    name: str,
    namespace: str,
    app: str,
    *,
    fields: int,
    privileged: bool = False,
) -> dict[str, Any]:
    """A whole pod with `fields` entries of managed fields."""
    meta = metadata(name, namespace, app)
    meta["managedFields"] = managed_fields(rng, "kube-controller-manager", fields)
    spec = pod_spec(rng, app, rng.choice((1, 1, 1, 2, 3)), privileged=privileged)
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": meta,
        "spec": spec,
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    }


def deployment(
    rng: random.Random, name: str, namespace: str, *, fields: int, privileged: bool = False
) -> dict[str, Any]:
    """A deployment with one or more containers in its template."""
    meta = metadata(name, namespace, name, generation=rng.randrange(1, 40))
    meta["managedFields"] = managed_fields(rng, "kubectl-client-side-apply", fields)
    labels = {"app.kubernetes.io/name": name}
    return {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": meta,
        "spec": {
            "replicas": rng.randrange(1, 9),
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"creationTimestamp": None, "labels": labels},
                "spec": pod_spec(rng, name, rng.choice((1, 1, 2)), privileged=privileged),
            },
            "strategy": {"type": "RollingUpdate"},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
        },
        "status": {},
    }


def config_map(
    rng: random.Random, name: str, namespace: str, size: int, *, password: bool = False
) -> dict[str, Any]:
    """A config map with about `size` bytes of data."""
    lines = [f"key.{n:05d}={digest(rng, 40)}" for n in range(max(1, size // 52))]
    if password:
        lines.append(f"db.password={digest(rng, 16)}")
    return {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": metadata(name, namespace, name),
        "data": {"app.properties": "\n".join(lines) + "\n"},
    }


def role(name: str, namespace: str | None, rules: list[dict[str, Any]]) -> dict[str, Any]:
    """A role, or a cluster role where there is no namespace."""
    return {
        "kind": "Role" if namespace else "ClusterRole",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": metadata(name, namespace, name),
        "rules": rules,
    }


def binding(name: str, namespace: str | None, role_name: str, subject: str) -> dict[str, Any]:
    """A role binding of one service account."""
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": metadata(name, namespace, name),
        "subjects": [
            {"kind": "ServiceAccount", "name": subject, "namespace": namespace or "default"}
        ],
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": role_name,
        },
    }


def service(rng: random.Random, name: str, namespace: str, kind: str) -> dict[str, Any]:
    """A service of the given type."""
    port: dict[str, Any] = {"name": "http", "protocol": "TCP", "port": 80, "targetPort": 8080}
    if kind == "NodePort":
        port["nodePort"] = rng.randrange(30000, 32768)
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": metadata(name, namespace, name),
        "spec": {"ports": [port], "selector": {"app": name}, "type": kind},
        "status": {"loadBalancer": {}},
    }


def ingress(name: str, namespace: str, *, tls: bool) -> dict[str, Any]:
    """An ingress, with or without a certificate."""
    host = f"{name}.{namespace}.example.com"
    backend = {"service": {"name": name, "port": {"number": 80}}}
    spec: dict[str, Any] = {"ingressClassName": "nginx"}
    if tls:
        spec["tls"] = [{"hosts": [host], "secretName": f"{name}-tls"}]
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec["rules"] = [{"host": host, "http": {"paths": paths}}]
    return {
        "kind": "Ingress",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": metadata(name, namespace, name),
        "spec": spec,
        "status": {"loadBalancer": {}},
    }


def pod_status_patch(rng: random.Random, app: str) -> dict[str, Any]:
    """What a kubelet sends when a container of a pod has started."""
    return {
        "metadata": {"uid": UID},
        "status": {
            "$setElementOrder/conditions": [
                {"type": kind} for kind in ("Initialized", "Ready", "ContainersReady")
            ],
            "conditions": [
                {"lastTransitionTime": CREATED, "status": "True", "type": "Ready"},
                {"lastTransitionTime": CREATED, "status": "True", "type": "ContainersReady"},
            ],
            "containerStatuses": [
                {
                    "containerID": f"containerd://{digest(rng)}",
                    "image": f"registry.example.com/{app}:v{rng.randrange(1, 90)}",
                    "imageID": f"registry.example.com/{app}@sha256:{digest(rng)}",
                    "lastState": {},
                    "name": app,
                    "ready": True,
                    "restartCount": rng.randrange(4),
                    "started": True,
                    "state": {"running": {"startedAt": CREATED}},
                }
            ],
            "phase": "Running",
            "podIP": f"10.244.{rng.randrange(40)}.{rng.randrange(2, 250)}",
        },
    }


def node_status_patch(rng: random.Random) -> dict[str, Any]:
    """What a kubelet sends about its node every few minutes: conditions and images."""
    kinds = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    return {
        "status": {
            "$setElementOrder/conditions": [{"type": kind} for kind in kinds],
            "conditions": [{"lastHeartbeatTime": CREATED, "type": kind} for kind in kinds],
            "images": [
                {
                    "names": [f"registry.example.com/app-{n}@sha256:{digest(rng)}"],
                    "sizeBytes": rng.randrange(10**7, 10**9),
                }
                for n in range(rng.randrange(5, 40))
            ],
        }
    }
