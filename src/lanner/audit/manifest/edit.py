"""Changing a manifest's text: lines are added and removed, and all others stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lanner.audit.manifest import codes
from lanner.audit.manifest.flags import FLAGS, POLICY_FILE, WEBHOOK_FILE
from lanner.audit.manifest.parsed import Mount, NoManifestError, Volume
from lanner.diagnostics import Diagnostic, Severity
from lanner.rules.yaml_nodes import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.audit.manifest.parsed import Manifest

LOG_PATH = "audit-log-path"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What auditing needs; paths are the same on the node and in the container.

    Attributes:
        flags: names and values, in the order in which they are added.
        files: what kube-apiserver reads: the policy, the webhook's kubeconfig and its certificates.
        log_directory: where the log goes; None without one.

    """

    flags: tuple[tuple[str, str], ...]
    files: tuple[PurePosixPath, ...]
    log_directory: PurePosixPath | None


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


class CannotEditError(NoManifestError):
    """The manifest is written in a way that is not edited, or says something else already."""


def _cannot(code: str, message: str, node: Node, hint: str | None = None) -> CannotEditError:
    return CannotEditError(Diagnostic(code, Severity.ERROR, message, node.span, help=hint))


def switch_on(manifest: Manifest, wanted: Wanted) -> str:
    """The text with what is missing of what is wanted; the same text when nothing is.

    Raises:
        CannotEditError: a flag has another value, or a list is not written line by line.

    """
    flags = []
    for name, value in wanted.flags:
        known = manifest.flag(name)
        if known is None:
            flags.append([f"--{name}={value}"])
        elif known.value != value:
            message = f"--{name} is there already, with another value than {value}"
            hint = "remove it, or give its value as an option"
            raise _cannot(codes.CONFLICT, message, known.items[0], hint)
    mounts, volumes = _mounts(manifest, wanted)
    text = manifest.source.text
    edits = [
        _append(text, manifest.flags_node, flags),
        _append_to(text, manifest.container, "volumeMounts", mounts),
        _append_to(text, manifest.spec, "volumes", volumes),
    ]
    return _apply(text, [edit for edit in edits if edit])


def _mounts(manifest: Manifest, wanted: Wanted) -> tuple[list[list[str]], list[list[str]]]:
    """Mounts and volumes to add, as lines."""
    taken = {volume.name for volume in manifest.volumes}
    missing = [need for need in needs(wanted, taken) if not manifest.mount_of(need.path)]
    mounts = [
        [f"mountPath: {need.path}", f"name: {need.name}", f"readOnly: {str(need.is_file).lower()}"]
        for need in missing
    ]
    volumes = [
        ["hostPath:", f"  path: {need.path}", f"  type: {need.type}", f"name: {need.name}"]
        for need in missing
    ]
    return mounts, volumes


@dataclass(frozen=True, slots=True)
class Need:
    """A path that the container must see, and the name of its volume."""

    name: str
    path: PurePosixPath
    is_file: bool

    @property
    def type(self) -> str:
        """The type of the hostPath. A missing file must not become a directory."""
        return "File" if self.is_file else "DirectoryOrCreate"


def needs(wanted: Wanted, taken: Iterable[str] = ()) -> list[Need]:
    """What must be mounted; files are read-only. Names are other than those that are taken."""
    names = set(taken)
    found = []
    places = [(file, True) for file in wanted.files]
    if wanted.log_directory:
        places.append((wanted.log_directory, False))
    for number, (place, is_file) in enumerate(places):
        base = "audit-log"
        if is_file:
            base = "audit-webhook" if number else "audit-policy"
        candidates = (f"{base}-{count}" if count else base for count in range(len(names) + 1))
        name = next(name for name in candidates if name not in names)
        names.add(name)
        found.append(Need(name, place, is_file))
    return found


def switch_off(manifest: Manifest, more_files: Iterable[PurePosixPath] = ()) -> str:
    """The text without audit flags, and without the mounts and volumes that only they used.

    `more_files` are those that the webhook's kubeconfig names. A directory that holds other things,
    too, stays mounted.

    Raises:
        CannotEditError: a list is not written line by line.

    """
    flags = [flag for flag in manifest.flags if flag.name in FLAGS]
    values = {flag.name: PurePosixPath(flag.value) for flag in flags if flag.value.startswith("/")}
    files = {values[name] for name in (POLICY_FILE, WEBHOOK_FILE) if name in values}
    places = {*files, *more_files}
    if LOG_PATH in values:
        places |= {values[LOG_PATH], values[LOG_PATH].parent}
    others = [
        PurePosixPath(flag.value)
        for flag in manifest.flags
        if flag.name not in FLAGS and flag.value.startswith("/")
    ]

    def is_ours(mount: Mount) -> bool:
        return mount.path in places and not any(mount.covers(other) for other in others)

    mounts = [mount for mount in manifest.mounts if is_ours(mount)]
    kept = {mount.volume for mount in manifest.mounts if mount not in mounts}
    gone = {mount.volume for mount in mounts} - kept
    volumes: list[Volume] = [volume for volume in manifest.volumes if volume.name in gone]
    text = manifest.source.text
    edits = [
        *(_remove(text, item) for flag in flags for item in flag.items),
        *_remove_from(text, manifest.container, "volumeMounts", [one.node for one in mounts]),
        *_remove_from(text, manifest.spec, "volumes", [one.node for one in volumes]),
    ]
    after = _apply(text, edits)
    return after if text.endswith("\n") else after.removesuffix(_newline(text))


def _apply(text: str, edits: list[_Edit]) -> str:
    """What is inserted at the same place comes in the order of the edits."""
    done, at = "", 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        done += text[at : edit.start] + edit.text
        at = max(at, edit.end)
    return done + text[at:]


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Behind the line break of the line."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _end(text: str, node: Node) -> int:
    """Where the last thing in a node ends."""
    if isinstance(node, Scalar):
        return node.span.end
    if text[node.start : node.start + 1] in {"{", "["}:
        return node.end
    if isinstance(node, Sequence):
        return _end(text, node.items[-1]) if node.items else node.end
    key, value = node.pairs[-1]
    is_empty = isinstance(value, Scalar) and not value.value and not value.style
    return _end(text, key) if is_empty else max(_end(text, key), _end(text, value))


def _dash(text: str, item: Node) -> str:
    """The indentation of a list item that begins a line.

    Raises:
        CannotEditError: it does not.

    """
    before = text[_line_start(text, item.start) : item.start]
    if before.strip(" ") != "-" or "-" not in before:
        message = "this list is not written with one `- item` a line: it is not edited"
        hint = "write it so, or edit it by hand, and check it with `lanner audit verify`"
        raise _cannot(codes.CONFLICT, message, item, hint)
    return before[: before.index("-")]


def _append(text: str, sequence: Sequence, items: list[list[str]]) -> _Edit | None:
    """Items behind the last one of a list."""
    if not items:
        return None
    if not sequence.items:
        raise _cannot(codes.CONFLICT, "this list is empty: it is not edited", sequence)
    indent = _dash(text, sequence.items[-1])
    return _insert(text, _end(text, sequence), [_item(lines, indent) for lines in items])


def _append_to(text: str, owner: Mapping, key: str, items: list[list[str]]) -> _Edit | None:
    """Items behind the last one of the list `key`, which is made where there is none."""
    node = owner.get(key)
    if isinstance(node, Sequence) or not items:
        return _append(text, node, items) if isinstance(node, Sequence) else None
    first = owner.pairs[0][0]
    if node is not None or text[owner.start : owner.start + 1] == "{":
        raise _cannot(codes.CONFLICT, f"`{key}` is not edited as it is written", owner)
    column = first.start - _line_start(text, first.start)
    indent = " " * column
    return _insert(
        text,
        _end(text, owner),
        [[f"{indent}{key}:"], *(_item(lines, indent) for lines in items)],
    )


def _item(lines: list[str], indent: str) -> list[str]:
    first, *rest = lines
    return [f"{indent}- {first}", *(f"{indent}  {line}" for line in rest)]


def _insert(text: str, end: int, items: list[list[str]]) -> _Edit:
    at = _line_end(text, end)
    newline = _newline(text)
    joined = "".join(line + newline for lines in items for line in lines)
    if at == len(text) and not text.endswith("\n"):
        joined = newline + joined.removesuffix(newline)
    return _Edit(at, at, joined)


def _remove(text: str, item: Node) -> _Edit:
    _dash(text, item)
    return _Edit(_line_start(text, item.start), _line_end(text, _end(text, item)), "")


def _remove_from(text: str, owner: Mapping, key: str, items: list[Mapping]) -> list[_Edit]:
    """Without these items of the list `key`; without the key, too, when none is left."""
    edits = [_remove(text, item) for item in items]
    node = owner.get(key)
    if items and isinstance(node, Sequence) and len(items) == len(node.items):
        start = owner.key_span(key).start
        edits.append(_Edit(_line_start(text, start), _line_end(text, start), ""))
    return edits
