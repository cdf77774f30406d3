"""What runtimes answer becomes the document of the container plugin."""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lanner.containers import Resolver, Sockets
from lanner.containers.document import Image
from lanner.containers.errors import RuntimeFailure
from lanner.containers.messages import message
from lanner.containers.runtimes import Runtime, sockets_there
from tests.containers.fakes import FakeGrpc, FakeHttp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
POD = "9ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
IMAGE = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

DOCKER = {
    f"/containers/{ID}/json": {
        "Id": ID,
        "Created": "2026-11-23T07:00:01.5Z",
        "Name": "/web",
        "Image": IMAGE,
        "Config": {
            "Image": "registry:5000/shop/web:1.2",
            "User": "app",
            "Env": ["A=b", 7],
            "Labels": {"team": "shop", "odd": 3},
            "Healthcheck": {"Test": ["CMD-SHELL", "curl localhost"]},
        },
        "HostConfig": {"Privileged": True, "PidMode": "host", "NetworkMode": "bridge"},
        "Mounts": [
            {"Source": "/etc", "Destination": "/host", "RW": True, "Mode": "z"},
            "nonsense",
        ],
        "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}},
    },
    f"/images/{IMAGE}/json": {"RepoTags": ["x:1"], "RepoDigests": ["x@sha256:22"]},
    "/version": {"Version": "28.2.2"},
}


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # paths of sockets are short
    return tmp_path_factory.mktemp("s")


def only(kind: str, path: Path) -> Sockets:
    none: tuple[str, ...] = ()
    kinds: dict[str, tuple[str, ...]] = dict.fromkeys(
        ("docker", "podman", "cri", "containerd"), none
    )
    return Sockets(**{**kinds, kind: (str(path),)})


@pytest.fixture
def docker(place: Path) -> Iterator[Path]:
    server = FakeHttp(place / "docker", DOCKER)
    yield place / "docker"
    server.close()


def body(document: bytes) -> dict[str, Any]:
    container = json.loads(document)["container"]
    assert isinstance(container, dict)
    return container


def test_docker(docker: Path) -> None:
    runtime = Runtime("docker", str(docker))
    found = runtime.inspect(ID, 1)
    assert found
    told = body(found.document())
    assert told["id"] == ID[:12]
    assert told["full_id"] == ID
    assert (told["type"], told["name"], told["User"]) == (0, "web", "app")
    assert (told["imagerepo"], told["imagetag"]) == ("registry:5000/shop/web", "1.2")
    assert (told["imageid"], told["imagedigest"]) == (IMAGE[7:], "sha256:22")
    assert told["env"] == ["A=b"]
    assert told["labels"] == {"team": "shop"}
    assert told["Healthcheck"] == {"exe": "/bin/sh", "args": ["-c", "curl localhost"]}
    assert (told["privileged"], told["host_pid"], told["host_network"]) == (True, True, False)
    assert told["ip"] == "172.17.0.2"
    assert told["Mounts"] == [
        {"Source": "/etc", "Destination": "/host", "Mode": "z", "RW": True, "Propagation": ""}
    ]
    assert told["created_time"] == 1795417201
    assert runtime.inspect("0" * 64, 1) is None
    assert runtime.version(1) == "28.2.2"
    podman = Runtime("podman", str(docker)).inspect(ID, 1)
    assert podman
    assert body(podman.document())["type"] == 11


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("busybox", ("busybox", "", "")),
        ("busybox:1.36", ("busybox", "1.36", "")),
        ("host:5000/a/b", ("host:5000/a/b", "", "")),
        ("host:5000/a/b:1@sha256:22", ("host:5000/a/b", "1", "sha256:22")),
        ("", ("", "", "")),
    ],
)
def test_names_of_images(name: str, parts: tuple[str, str, str]) -> None:
    assert Image.parse(name) == Image(*parts)


@pytest.mark.parametrize(
    "answer", [b"no json", b"[" * 100_000, b"x" * (5 << 20), 500, b"[]", b'{"Config": 7}']
)
def test_strange_answers_are_no_tracebacks(place: Path, answer: bytes | int) -> None:
    server = FakeHttp(place / "docker", {f"/containers/{ID}/json": answer})
    try:
        Runtime("docker", str(place / "docker")).inspect(ID, 5)
    except RuntimeFailure as failure:
        assert str(failure).startswith("answers with")
    finally:
        server.close()


CRI = "/runtime.v1.RuntimeService/"


def cri_status(request: Any) -> Any:
    if request.container_id != ID:
        return None
    made = message("ContainerStatusAnswer")()
    made.status.id = ID
    made.status.metadata.name = "web"
    made.status.created_at = 1795417201 * 10**9
    made.status.image.image = "docker.io/shop/web:1.2"
    made.status.image_ref = "docker.io/shop/web@sha256:22"
    made.status.labels["io.kubernetes.pod.name"] = "web-0"
    made.status.labels["io.kubernetes.pod.namespace"] = "shop"
    made.status.mounts.add(host_path="/var", container_path="/v", readonly=True, propagation=1)
    spec = {"process": {"env": ["A=b"], "user": {"uid": 7}}}
    info = {"sandboxID": POD, "privileged": True, "runtimeSpec": spec}
    made.info["info"] = json.dumps(info)
    return made


def cri_pod(request: Any) -> Any:
    if request.pod_sandbox_id != POD:
        return None
    made = message("PodSandboxStatusAnswer")()
    made.status.id = POD
    made.status.metadata.name = "web-0"
    made.status.metadata.namespace = "shop"
    made.status.network.ip = "10.0.0.7"
    made.status.linux.namespaces.options.network = 2
    made.status.labels["app"] = "web"
    return made


@pytest.fixture
def cri(place: Path) -> Iterator[Path]:
    answers = {
        CRI + "ContainerStatus": ("ContainerStatusRequest", cri_status),
        CRI + "PodSandboxStatus": ("PodSandboxStatusRequest", cri_pod),
    }
    server = FakeGrpc(place / "containerd", answers)
    yield place / "containerd"
    server.close()


def test_cri(cri: Path) -> None:
    runtime = Runtime("cri", str(cri))
    found = runtime.inspect(ID, 5)
    assert found
    told = body(found.document())
    assert (told["type"], told["name"], told["User"]) == (7, "web", "7")
    assert (told["imagerepo"], told["imagetag"]) == ("docker.io/shop/web", "1.2")
    assert told["imagedigest"] == "sha256:22"
    assert told["labels"]["io.kubernetes.pod.name"] == "web-0"
    assert (told["pod_sandbox_id"], told["pod_sandbox_labels"]) == (POD, {"app": "web"})
    assert (told["ip"], told["host_network"], told["host_pid"]) == ("10.0.0.7", True, False)
    assert (told["privileged"], told["env"]) == (True, ["A=b"])
    assert told["Mounts"][0]["RW"] is False
    assert runtime.inspect("0" * 64, 5) is None
    sandbox = runtime.inspect(POD, 5)
    assert sandbox
    told = body(sandbox.document())
    assert told["is_pod_sandbox"]
    assert told["labels"]["io.kubernetes.pod.namespace"] == "shop"


def test_containerd(place: Path) -> None:
    def spaces(_: Any) -> Any:
        made = message("NamespacesAnswer")()
        made.namespaces.add(name="other")
        return made

    def container(request: Any) -> Any:
        if request.id != "box":
            return None
        made = message("GetContainerAnswer")()
        made.container.id = "box"
        made.container.image = "docker.io/library/busybox:1"
        made.container.created_at.seconds = 5
        spec = {"linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}]}, "mounts": [7]}
        made.container.spec.value = json.dumps(spec).encode()
        return made

    def image(_: Any) -> Any:
        made = message("GetImageAnswer")()
        made.image.target.digest = "sha256:33"
        return made

    services = "/containerd.services."
    answers = {
        services + "namespaces.v1.Namespaces/List": ("Nothing", spaces),
        services + "containers.v1.Containers/Get": ("GetContainer", container),
        services + "images.v1.Images/Get": ("GetImage", image),
    }
    server = FakeGrpc(place / "containerd", answers)
    runtime = Runtime("containerd", str(place / "containerd"))
    found = runtime.inspect("box", 5)
    missing = runtime.inspect("other", 5)
    server.close()
    assert found
    assert missing is None
    told = body(found.document())
    assert (told["id"], told["name"], told["created_time"]) == ("box", "box", 5)
    assert (told["imagerepo"], told["imagedigest"]) == ("docker.io/library/busybox", "sha256:33")
    assert (told["host_network"], told["host_pid"]) == (True, False)


def test_the_resolver_asks_until_somebody_knows(docker: Path) -> None:
    resolver = Resolver(only("docker", docker), patience_s=5)
    answer = resolver.tell(ID[:12], ID)
    assert isinstance(answer, bytes)
    assert body(answer)["name"] == "web"
    assert list(resolver.late()) == []


def test_what_nobody_knows_comes_late_with_a_reason(docker: Path) -> None:
    resolver = Resolver(only("docker", docker), patience_s=0)
    assert resolver.tell("0" * 12, "0" * 64) is None
    late: list[tuple[str, bytes | None, str]] = []
    done = threading.Event()
    while not late and not done.wait(0.01):
        late = list(resolver.late())
    assert late == [("0" * 12, None, "no container runtime knows it")]


def test_a_runtime_that_hangs_costs_no_patience_but_its_own(place: Path) -> None:
    path = place / "docker"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        resolver = Resolver(only("docker", path), patience_s=0.05)
        assert resolver.tell(ID[:12], ID) is None


def test_no_runtime_is_told_at_once(place: Path) -> None:
    resolver = Resolver(only("docker", place / "nothing"))
    assert resolver.tell(ID[:12], ID) == "no container runtime listens here"
    (place / "file").touch()
    assert list(sockets_there(only("docker", place / "file"))) == []
