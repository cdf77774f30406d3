"""containerd's own interface: containers that Kubernetes does not know of (`ctr`, nerdctl)."""

from __future__ import annotations

import json
from typing import Any

from lanner.containers.document import Container, Kind, mount
from lanner.containers.errors import as_dict, as_list, as_text
from lanner.containers.rpc import Rpc

_SERVICES = "/containerd.services."


def version(path: str, timeout_s: float) -> str:
    """Its version."""
    with Rpc(path, timeout_s) as rpc:
        answer = rpc.call(
            _SERVICES + "version.v1.Version/Version", "Nothing", "VersionOfContainerd"
        )
    return str(answer.version) if answer else ""


def inspect(path: str, container_id: str, timeout_s: float) -> Container | None:
    """A container of any namespace; None when there is none of this id."""
    with Rpc(path, timeout_s) as rpc:
        answer = rpc.call(
            _SERVICES + "namespaces.v1.Namespaces/List", "Nothing", "NamespacesAnswer"
        )
        for space in answer.namespaces if answer else ():
            found = rpc.call(
                _SERVICES + "containers.v1.Containers/Get",
                "GetContainer",
                "GetContainerAnswer",
                namespace=space.name,
                id=container_id,
            )
            if found is not None:
                image = rpc.call(
                    _SERVICES + "images.v1.Images/Get",
                    "GetImage",
                    "GetImageAnswer",
                    namespace=space.name,
                    name=found.container.image,
                )
                digest = image.image.target.digest if image else ""
                return _container(found.container, digest)
    return None


def _container(stored: Any, digest: str) -> Container:
    try:
        spec = as_dict(json.loads(stored.spec.value))
    except (ValueError, RecursionError):
        spec = {}
    process, linux = as_dict(spec.get("process")), as_dict(spec.get("linux"))
    spaces = {as_text(one, "type") for one in as_list(linux.get("namespaces"))}
    user = as_dict(process.get("user")).get("uid")
    return Container(
        id=stored.id,
        kind=Kind.CONTAINERD,
        name=stored.labels.get("nerdctl/name", stored.id),
        image=stored.image,
        image_digest=digest,
        user=str(user) if isinstance(user, int) else "",
        created_s=stored.created_at.seconds,
        env=tuple(one for one in as_list(process.get("env")) if isinstance(one, str)),
        labels=dict(stored.labels),
        mounts=tuple(
            mount(
                as_text(one, "source"),
                as_text(one, "destination"),
                mode="",
                writable="ro" not in as_list(one.get("options")),
                propagation="",
            )
            for one in as_list(spec.get("mounts"))
            if isinstance(one, dict)
        ),
        host_pid=bool(spaces) and "pid" not in spaces,
        host_network=bool(spaces) and "network" not in spaces,
        host_ipc=bool(spaces) and "ipc" not in spaces,
    )
