"""The webhook's kubeconfig: which files it names."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lanner.rules.loader import Unreadable, read_source
from lanner.rules.yaml_nodes import Mapping, Scalar, Sequence, parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.rules.yaml_nodes import Node

_FILES = {"certificate-authority", "client-certificate", "client-key", "tokenFile"}
_MAX_BYTES = 1 << 20


def files_of(path: Path) -> tuple[PurePosixPath, ...]:
    """The files that kube-apiserver reads with a kubeconfig.

    Raises:
        ValueError: it is no kubeconfig; the message is for people.

    """
    source = read_source(path, _MAX_BYTES)
    if isinstance(source, Unreadable):
        raise ValueError(f"{path}: {source.diagnostic.message}")  # noqa: TRY004
    parsed = parse_yaml(source)
    root = parsed.documents[0] if parsed.documents else None
    if parsed.problem or not isinstance(root, Mapping) or root.get("clusters") is None:
        raise ValueError(f"{path}: is no kubeconfig: it has no `clusters`")
    found = dict.fromkeys(_named(root))
    for file in found:
        if not file.is_absolute():
            raise ValueError(f"{path}: {file} is no absolute path")
    return tuple(found)


def _named(node: Node) -> list[PurePosixPath]:
    if isinstance(node, Sequence):
        return [file for item in node.items for file in _named(item)]
    if not isinstance(node, Mapping):
        return []
    found = []
    for key, value in node.pairs:
        if isinstance(key, Scalar) and key.value in _FILES and isinstance(value, Scalar):
            found.append(PurePosixPath(value.value))
        else:
            found += _named(value)
    return found
