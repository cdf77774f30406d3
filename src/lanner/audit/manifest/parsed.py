"""A manifest, read: what matters of it for auditing, with places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lanner.audit.manifest import codes
from lanner.audit.policy.values import is_true
from lanner.diagnostics import Diagnostic, Severity, Span
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence, parse_yaml

if TYPE_CHECKING:
    from lanner.diagnostics import Source

CONTAINER = "kube-apiserver"
MAX_BYTES = 1 << 20
MAX_NODES = 100_000


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag of the command: `--name=value`, or the value in the next item."""

    name: str
    value: str
    items: tuple[Scalar, ...]

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.items[0].span


@dataclass(frozen=True, slots=True)
class Mount:
    """What the container sees of a volume."""

    volume: str
    path: PurePosixPath
    read_only: bool
    node: Mapping

    def covers(self, path: PurePosixPath) -> bool:
        """Whether a path is in it, or is it."""
        return path.is_relative_to(self.path)


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of the pod; `host_path` is None for other kinds than `hostPath`."""

    name: str
    host_path: PurePosixPath | None
    type: str
    node: Mapping


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of kube-apiserver. `flags_node` is the list that has its flags."""

    source: Source
    spec: Mapping
    container: Mapping
    flags_node: Sequence
    flags: tuple[Flag, ...]
    mounts: tuple[Mount, ...]
    volumes: tuple[Volume, ...]
    run_as_user: int

    def flag(self, name: str) -> Flag | None:
        """A flag, the last of several: that is the one that counts."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)

    def mount_of(self, path: PurePosixPath) -> Mount | None:
        """The mount that shows a path of the container: the innermost."""
        found = [mount for mount in self.mounts if mount.covers(path)]
        return max(found, key=lambda mount: len(mount.path.parts), default=None)

    def volume_of(self, mount: Mount) -> Volume | None:
        """The volume of a mount."""
        return next((one for one in self.volumes if one.name == mount.volume), None)

    def on_host(self, path: PurePosixPath) -> PurePosixPath | None:
        """Where a path of the container is on the node; None when it is in no hostPath."""
        mount = self.mount_of(path)
        volume = self.volume_of(mount) if mount else None
        if mount is None or volume is None or volume.host_path is None:
            return None
        return volume.host_path / path.relative_to(mount.path)


class NoManifestError(Exception):
    """The text is no manifest of kube-apiserver."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        """Keeps what is wrong with it."""
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def read_manifest(source: Source) -> Manifest:
    """Reads a manifest.

    Raises:
        NoManifestError: it is none, with the reason and the place.

    """
    parsed = parse_yaml(source, MAX_NODES)
    if parsed.problem is not None:
        raise NoManifestError(parsed.problem)
    root = parsed.documents[0] if parsed.documents else None
    if not isinstance(root, Mapping) or _text(root.get("kind")) != "Pod":
        span = root.span if root else Span(source, 0, 0)
        raise _wrong("this is no manifest of a pod (kind: Pod)", span)
    if len(parsed.documents) > 1:
        raise _wrong("kubelet reads one pod from a file", parsed.documents[1].span)
    spec = root.get("spec")
    if not isinstance(spec, Mapping):
        raise _wrong("the pod has no `spec`", root.span)
    container = _container(spec)
    flags_node, flags = _flags(container)
    return Manifest(
        source,
        spec,
        container,
        flags_node,
        flags,
        tuple(_mounts(container)),
        tuple(_volumes(spec)),
        _run_as_user(spec, container),
    )


def _wrong(message: str, span: Span, hint: str | None = None) -> NoManifestError:
    return NoManifestError(Diagnostic(codes.MANIFEST, Severity.ERROR, message, span, help=hint))


def _text(node: Node | None) -> str:
    return node.value if isinstance(node, Scalar) else ""


def _items(owner: Mapping, key: str) -> list[Mapping]:
    node = owner.get(key)
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return []
    if not isinstance(node, Sequence) or not all(isinstance(one, Mapping) for one in node.items):
        raise _wrong(f"`{key}` is no list of mappings", node.span)
    return [one for one in node.items if isinstance(one, Mapping)]


def _container(spec: Mapping) -> Mapping:
    for container in _items(spec, "containers"):
        if _text(container.get("name")) == CONTAINER:
            return container
    raise _wrong(f"the pod has no container named {CONTAINER}", spec.span)


def _flags(container: Mapping) -> tuple[Sequence, tuple[Flag, ...]]:
    lists = [(key, container.get(key)) for key in ("command", "args")]
    found: list[tuple[Sequence, list[Flag]]] = []
    for key, node in lists:
        if node is None:
            continue
        if not isinstance(node, Sequence):
            raise _wrong(f"`{key}` is no list", node.span)
        items = [one for one in node.items if isinstance(one, Scalar)]
        if len(items) < len(node.items):
            raise _wrong(f"`{key}` has an item that is no text", node.span)
        found.append((node, _flags_of(items)))
    flags = [flag for _, those in found for flag in those]
    with_flags = [node for node, those in found if those]
    if not with_flags:
        hint = "is it started by a shell? then its flags cannot be told"
        raise _wrong("the container has no flags in `command` or `args`", container.span, hint)
    return with_flags[-1], tuple(flags)


def _flags_of(items: list[Scalar]) -> list[Flag]:
    flags = []
    left = list(items)
    while left:
        item = left.pop(0)
        if not item.value.startswith("--"):
            continue
        name, equals, value = item.value.removeprefix("--").partition("=")
        used = [item]
        if not equals and left and not left[0].value.startswith("-"):
            used.append(left.pop(0))
            value = used[1].value
        flags.append(Flag(name, value, tuple(used)))
    return flags


def _mounts(container: Mapping) -> list[Mount]:
    found = []
    for node in _items(container, "volumeMounts"):
        read_only = node.get("readOnly")
        found.append(
            Mount(
                volume=_text(node.get("name")),
                path=PurePosixPath(_text(node.get("mountPath")) or "/"),
                read_only=isinstance(read_only, Scalar) and is_true(read_only),
                node=node,
            )
        )
    return found


def _volumes(spec: Mapping) -> list[Volume]:
    found = []
    for node in _items(spec, "volumes"):
        host = node.get("hostPath")
        is_host = isinstance(host, Mapping)
        path = _text(host.get("path")) if isinstance(host, Mapping) else ""
        kind = _text(host.get("type")) if isinstance(host, Mapping) else ""
        place = PurePosixPath(path) if is_host and path else None
        found.append(Volume(_text(node.get("name")), place, kind, node))
    return found


def _run_as_user(spec: Mapping, container: Mapping) -> int:
    """Who the API server runs as; root unless something else is said."""
    for owner in (container, spec):
        context = owner.get("securityContext")
        user = context.get("runAsUser") if isinstance(context, Mapping) else None
        if isinstance(user, Scalar) and user.value.isdecimal():
            return int(user.value)
    return 0
