"""Which runtimes there are, and what each of them says of a container."""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lanner.containers.document import Kind
from lanner.containers.errors import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lanner.containers.document import Container


KINDS = ("docker", "podman", "cri", "containerd")
"""Kinds of interfaces, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """Where runtimes listen: those that are there are asked, kind by kind (`KINDS`). The names are
    those of the container plugin's configuration (`engines`).
    """

    docker: tuple[str, ...] = ("/run/docker.sock", "/var/run/docker.sock")
    podman: tuple[str, ...] = ("/run/podman/podman.sock",)
    cri: tuple[str, ...] = (
        "/run/containerd/containerd.sock",
        "/run/crio/crio.sock",
        "/run/k3s/containerd/containerd.sock",
        "/run/host-containerd/containerd.sock",
    )
    containerd: tuple[str, ...] = (
        "/run/containerd/containerd.sock",
        "/run/k3s/containerd/containerd.sock",
        "/run/host-containerd/containerd.sock",
    )

    @staticmethod
    def parse(texts: Sequence[str]) -> Sockets:
        """Sockets as options give them: `KIND=PATH`, in place of those that a kind has.

        Raises:
            ValueError: no kind is named so; the message is for people.

        """
        given: dict[str, tuple[str, ...]] = {}
        for text in texts:
            kind, equals, path = text.partition("=")
            if kind not in KINDS or not equals or not path:
                raise ValueError(f"`{text}` is not KIND=PATH, KIND one of {', '.join(KINDS)}")
            given[kind] = (*given.get(kind, ()), path)
        return replace(Sockets(), **given)


@dataclass(frozen=True, slots=True)
class Runtime:
    """An interface of a runtime: its kind (a name of `Sockets`) and its socket."""

    kind: str
    path: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.path})"

    def inspect(self, container_id: str, timeout_s: float) -> Container | None:
        """What it says of a container; None when it does not know it.

        Raises:
            RuntimeFailure: it does not answer as it should.

        """
        try:
            return self._inspect(container_id, timeout_s)
        except OSError as error:
            raise RuntimeFailure(error.strerror or str(error)) from None

    def _inspect(self, container_id: str, timeout_s: float) -> Container | None:
        # grpc takes long to be imported, and most machines have one kind of runtime
        if self.kind == "cri":
            from lanner.containers import cri  # noqa: PLC0415

            kind = Kind.CRIO if "crio" in self.path else Kind.CONTAINERD
            return cri.inspect(self.path, container_id, kind, timeout_s)
        if self.kind == "containerd":
            from lanner.containers import containerd  # noqa: PLC0415

            return containerd.inspect(self.path, container_id, timeout_s)
        from lanner.containers import docker  # noqa: PLC0415

        kind = Kind.PODMAN if self.kind == "podman" else Kind.DOCKER
        return docker.inspect(self.path, container_id, kind, timeout_s)

    def version(self, timeout_s: float) -> str:
        """Its version.

        Raises:
            RuntimeFailure: it does not answer as it should.

        """
        try:
            if self.kind == "cri":
                from lanner.containers import cri  # noqa: PLC0415

                return " ".join(cri.version(self.path, timeout_s))
            if self.kind == "containerd":
                from lanner.containers import containerd  # noqa: PLC0415

                return containerd.version(self.path, timeout_s)
            from lanner.containers import docker  # noqa: PLC0415

            return docker.version(self.path, timeout_s)
        except OSError as error:
            raise RuntimeFailure(error.strerror or str(error)) from None


def sockets_there(sockets: Sockets) -> Iterator[Runtime]:
    """The runtimes whose sockets exist, each once."""
    seen = set()
    for kind in KINDS:
        for path in getattr(sockets, kind):
            try:
                found = Path(path).stat()
            except OSError:
                continue
            place = (kind, found.st_dev, found.st_ino)
            if stat.S_ISSOCK(found.st_mode) and place not in seen:
                seen.add(place)
                yield Runtime(kind, path)
