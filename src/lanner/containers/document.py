"""What is told of a container: the document of Falco's container plugin (falcosecurity/plugins,
plugins/container 0.7.1), which captures hold, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

SHORT_ID = 12
"""So much of an id is shown."""


class Kind(IntEnum):
    """The runtime, by the plugin's number."""

    DOCKER = 0
    CRI = 6
    CONTAINERD = 7
    CRIO = 8
    PODMAN = 11


@dataclass(frozen=True, slots=True)
class Image:
    """The parts of an image's name."""

    repository: str
    tag: str
    digest: str

    @staticmethod
    def parse(name: str) -> Image:
        """`registry:5000/busybox:1.36@sha256:…`; each part may be missing."""
        rest, _, digest = name.partition("@")
        head, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            head, tag = rest, ""
        return Image(head, tag, digest)


@dataclass(frozen=True, slots=True)
class Container:
    """A container. `created_s` is in seconds since the epoch; `mounts` have the keys of the
    document; `healthcheck` is a command.
    """

    id: str
    kind: Kind
    name: str = ""
    image: str = ""
    image_id: str = ""
    image_digest: str = ""
    user: str = ""
    created_s: int = 0
    env: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    mounts: tuple[dict[str, Any], ...] = ()
    ip: str = ""
    privileged: bool = False
    host_pid: bool = False
    host_network: bool = False
    host_ipc: bool = False
    healthcheck: tuple[str, ...] = ()
    is_pod_sandbox: bool = False
    pod_sandbox_id: str = ""
    pod_sandbox_labels: dict[str, str] = field(default_factory=dict)

    def document(self) -> bytes:
        """The document."""
        image = Image.parse(self.image)
        body: dict[str, Any] = {
            "type": int(self.kind),
            "id": self.id[:SHORT_ID],
            "full_id": self.id,
            "name": self.name,
            "image": self.image,
            "imageid": self.image_id.removeprefix("sha256:"),
            "imagerepo": image.repository,
            "imagetag": image.tag,
            "imagedigest": self.image_digest or image.digest,
            "User": self.user,
            "created_time": self.created_s,
            "env": list(self.env),
            "labels": self.labels,
            "Mounts": list(self.mounts),
            "ip": self.ip,
            "privileged": self.privileged,
            "host_pid": self.host_pid,
            "host_network": self.host_network,
            "host_ipc": self.host_ipc,
            "is_pod_sandbox": self.is_pod_sandbox,
            "pod_sandbox_id": self.pod_sandbox_id,
            "pod_sandbox_labels": self.pod_sandbox_labels,
        }
        if self.healthcheck:
            body["Healthcheck"] = {"exe": self.healthcheck[0], "args": list(self.healthcheck[1:])}
        return json.dumps({"container": body}).encode()


def mount(source: str, destination: str, *, mode: str, writable: bool, propagation: str) -> Any:
    """A mount, with the keys of the document."""
    return {
        "Source": source,
        "Destination": destination,
        "Mode": mode,
        "RW": writable,
        "Propagation": propagation,
    }
