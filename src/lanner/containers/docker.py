"""Docker, and Podman's interface of the same form: HTTP over a Unix socket."""

from __future__ import annotations

import http.client
import json
import socket
from datetime import datetime
from typing import Any
from urllib.parse import quote

from lanner.containers.document import Container, Kind, mount
from lanner.containers.errors import RuntimeFailure, Text, as_dict, as_list, as_text

MOST_BYTES = 4 << 20
"""No answer is read further."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP to a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _get(path: str, request: str, timeout_s: float) -> Any | None:
    """The answer to a request; None when there is no such thing."""
    connection = _UnixConnection(path, timeout_s)
    try:
        connection.request("GET", request)
        response = connection.getresponse()
        body = response.read(MOST_BYTES + 1)
    except http.client.HTTPException as error:
        raise RuntimeFailure(f"answers strangely ({type(error).__name__})") from None
    finally:
        connection.close()
    if response.status == http.HTTPStatus.NOT_FOUND:
        return None
    if response.status != http.HTTPStatus.OK:
        raise RuntimeFailure(f"answers with HTTP status {response.status}")
    if len(body) > MOST_BYTES:
        raise RuntimeFailure("answers with too much")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise RuntimeFailure("answers with what is no JSON") from None


def version(path: str, timeout_s: float) -> str:
    """Name and version of the runtime."""
    answer = as_dict(_get(path, "/version", timeout_s))
    return as_text(answer, "Version")


def ids(path: str, timeout_s: float) -> list[str]:
    """Ids of the containers that run."""
    answer = as_list(_get(path, "/containers/json", timeout_s))
    return [as_text(one, "Id") for one in answer if isinstance(one, dict)]


def inspect(path: str, container_id: str, kind: Kind, timeout_s: float) -> Container | None:
    """A container; None when the runtime does not know it."""
    found = _get(path, f"/containers/{quote(container_id, safe='')}/json", timeout_s)
    if found is None:
        return None
    answer = as_dict(found)
    config, host = as_dict(answer.get("Config")), as_dict(answer.get("HostConfig"))
    labels = Text.of(config.get("Labels"))
    image_id = as_text(answer, "Image")
    name, digest = as_text(config, "Image"), ""
    image = as_dict(_get(path, f"/images/{quote(image_id, safe=':')}/json", timeout_s))
    if name.removeprefix("sha256:") and image_id.endswith(name.removeprefix("sha256:")):
        # it was asked for by its id
        name = next((tag for tag in as_list(image.get("RepoTags")) if isinstance(tag, str)), name)
    digests = [one for one in as_list(image.get("RepoDigests")) if isinstance(one, str)]
    if digests:
        digest = digests[0].partition("@")[2]
    return Container(
        id=as_text(answer, "Id") or container_id,
        kind=kind,
        name=as_text(answer, "Name").removeprefix("/"),
        image=name,
        image_id=image_id,
        image_digest=digest,
        user=as_text(config, "User"),
        created_s=_seconds(as_text(answer, "Created")),
        env=tuple(one for one in as_list(config.get("Env")) if isinstance(one, str)),
        labels=labels,
        mounts=tuple(
            mount(
                as_text(one, "Source"),
                as_text(one, "Destination"),
                mode=as_text(one, "Mode"),
                writable=one.get("RW") is True,
                propagation=as_text(one, "Propagation"),
            )
            for one in as_list(answer.get("Mounts"))
            if isinstance(one, dict)
        ),
        ip=_address(as_dict(answer.get("NetworkSettings"))),
        privileged=host.get("Privileged") is True,
        host_pid=host.get("PidMode") == "host",
        host_network=host.get("NetworkMode") == "host",
        host_ipc=host.get("IpcMode") == "host",
        healthcheck=_command(as_dict(config.get("Healthcheck")).get("Test")),
        is_pod_sandbox=labels.get("io.kubernetes.docker.type") == "podsandbox",
        pod_sandbox_id=labels.get("io.kubernetes.sandbox.id", ""),
    )


def _seconds(text: str) -> int:
    """`2026-11-23T07:00:00.123456789Z` in seconds since the epoch."""
    try:
        return int(
            datetime.fromisoformat(text.partition(".")[0].removesuffix("Z") + "+00:00").timestamp()
        )
    except ValueError:
        return 0


def _address(settings: dict[str, Any]) -> str:
    """The address of a container: its own, or that in its first network."""
    networks = as_dict(settings.get("Networks")).values()
    addresses = [as_text(one, "IPAddress") for one in networks if isinstance(one, dict)]
    return next(filter(None, [as_text(settings, "IPAddress"), *addresses]), "")


def _command(test: Any) -> tuple[str, ...]:
    """The command of a health check: `["CMD", …]` or `["CMD-SHELL", text]`."""
    words = [one for one in as_list(test) if isinstance(one, str)]
    match words:
        case ["CMD", *command]:
            return tuple(command)
        case ["CMD-SHELL", text]:
            return ("/bin/sh", "-c", text)
    return ()
