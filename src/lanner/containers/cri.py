"""The container runtime interface of Kubernetes: containerd, CRI-O."""

from __future__ import annotations

import json
from typing import Any

from lanner.containers.document import Container, Kind, mount
from lanner.containers.errors import Text, as_dict, as_list, as_text
from lanner.containers.rpc import Rpc

_SERVICE = "/runtime.v1.RuntimeService/"
_NODE = 2
"""`NamespaceMode`: that of the node."""
_PROPAGATIONS = {0: "private", 1: "rslave", 2: "rshared"}
_NANOSECONDS = 1_000_000_000


def version(path: str, timeout_s: float) -> tuple[str, str]:
    """Name and version of the runtime."""
    with Rpc(path, timeout_s) as rpc:
        answer = rpc.call(_SERVICE + "Version", "Version", "VersionAnswer")
    return (answer.runtime_name, answer.runtime_version) if answer else ("", "")


def ids(path: str, timeout_s: float) -> list[str]:
    """Ids of all containers."""
    with Rpc(path, timeout_s) as rpc:
        answer = rpc.call(_SERVICE + "ListContainers", "ListContainers", "ListContainersAnswer")
    return [one.id for one in answer.containers] if answer else []


def inspect(path: str, container_id: str, kind: Kind, timeout_s: float) -> Container | None:
    """A container, or the sandbox of a pod; None when the runtime does not know it."""
    with Rpc(path, timeout_s) as rpc:
        answer = rpc.call(
            _SERVICE + "ContainerStatus",
            "ContainerStatusRequest",
            "ContainerStatusAnswer",
            container_id=container_id,
            verbose=True,
        )
        if answer is None:
            pod = _pod(rpc, container_id)
            return _sandbox(pod, kind) if pod else None
        info = _info(answer.info)
        sandbox_id = as_text(info, "sandboxID")
        pod = _pod(rpc, sandbox_id) if sandbox_id else None
    return _container(answer.status, info, pod, kind, sandbox_id)


def _pod(rpc: Rpc, sandbox_id: str) -> Any | None:
    answer = rpc.call(
        _SERVICE + "PodSandboxStatus",
        "PodSandboxStatusRequest",
        "PodSandboxStatusAnswer",
        pod_sandbox_id=sandbox_id,
    )
    return answer.status if answer else None


def _info(told: Any) -> dict[str, Any]:
    """What runtimes tell beyond the interface, as JSON."""
    try:
        return as_dict(json.loads(told.get("info", "{}")))
    except (ValueError, RecursionError):
        return {}


def _container(
    status: Any, info: dict[str, Any], pod: Any | None, kind: Kind, sandbox_id: str
) -> Container:
    spec = as_dict(info.get("runtimeSpec"))
    process = as_dict(spec.get("process"))
    config = as_dict(as_dict(as_dict(info.get("config")).get("linux")).get("security_context"))
    digest = status.image_ref.partition("@")[2] or (
        status.image_ref if status.image_ref.startswith("sha256:") else ""
    )
    labels = {**Text.of(dict(status.labels))}

    def shares(namespace: str) -> bool:
        return pod is not None and getattr(pod.linux.namespaces.options, namespace) == _NODE

    user = as_dict(process.get("user")).get("uid")
    return Container(
        id=status.id,
        kind=kind,
        name=status.metadata.name,
        image=status.image.image,
        image_id=status.image_ref,
        image_digest=digest,
        user=str(user) if isinstance(user, int) else "",
        created_s=status.created_at // _NANOSECONDS,
        env=tuple(one for one in as_list(process.get("env")) if isinstance(one, str)),
        labels=labels,
        mounts=tuple(
            mount(
                one.host_path,
                one.container_path,
                mode="",
                writable=not one.readonly,
                propagation=_PROPAGATIONS.get(one.propagation, ""),
            )
            for one in status.mounts
        ),
        ip=pod.network.ip if pod else "",
        privileged=info.get("privileged") is True or config.get("privileged") is True,
        host_pid=shares("pid"),
        host_network=shares("network"),
        host_ipc=shares("ipc"),
        pod_sandbox_id=sandbox_id,
        pod_sandbox_labels=dict(pod.labels) if pod else {},
    )


def _sandbox(pod: Any, kind: Kind) -> Container:
    options = pod.linux.namespaces.options
    named = {
        "io.kubernetes.pod.name": pod.metadata.name,
        "io.kubernetes.pod.namespace": pod.metadata.namespace,
        "io.kubernetes.pod.uid": pod.metadata.uid,
    }
    return Container(
        id=pod.id,
        kind=kind,
        name=pod.metadata.name,
        created_s=pod.created_at // _NANOSECONDS,
        labels={**named, **dict(pod.labels)},
        ip=pod.network.ip,
        host_pid=options.pid == _NODE,
        host_network=options.network == _NODE,
        host_ipc=options.ipc == _NODE,
        is_pod_sandbox=True,
        pod_sandbox_labels=dict(pod.labels),
    )
