"""What keeps kube-apiserver from starting, or from recording, as far as files tell.

Each case is a way in which switching auditing on is known to fail; the messages say what one sees
then.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lanner.audit.manifest import codes
from lanner.audit.manifest.flags import BACKENDS, FLAGS, FORMS, POLICY_FILE, WEBHOOK_FILE
from lanner.audit.manifest.host import Host, Kind
from lanner.audit.manifest.parsed import NoManifestError, read_manifest
from lanner.audit.policy import load_policy
from lanner.audit.policy.advice import catch_all
from lanner.diagnostics import Diagnostic, Label, Severity, Source
from lanner.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.manifest.parsed import Flag, Manifest, Mount, Volume
    from lanner.diagnostics import Span

LOG_PATH = "audit-log-path"
_FILE_TYPES = {"", "File", "FileOrCreate"}
_LOG_TYPES = {"", "Directory", "DirectoryOrCreate"}


def verify(manifest: Manifest, host: Host, file: PurePosixPath | None = None) -> list[Diagnostic]:
    """Everything that is wrong with auditing in a manifest, in the order of the file; `file` is
    where it is on the node.
    """
    found = [
        *_switched_on(manifest),
        *_flags(manifest),
        *_pods(manifest),
        *_read_files(manifest, host),
        *_log(manifest, host),
        *(_folder(manifest, host, file) if file else ()),
    ]
    return sorted(found, key=lambda one: one.span.start if one.span else 0)


def _error(
    code: str, message: str, span: Span, hint: str | None = None, label: Label | None = None
) -> Diagnostic:
    labels = (label,) if label else ()
    return Diagnostic(code, Severity.ERROR, message, span, labels=labels, help=hint)


def _switched_on(manifest: Manifest) -> Iterator[Diagnostic]:
    policy = manifest.flag(POLICY_FILE)
    backends = [flag for name in BACKENDS if (flag := manifest.flag(name)) and flag.value]
    if policy and policy.value and not backends:
        message = "a policy, and nowhere to record to: kube-apiserver starts, and audits nothing"
        yield _error(codes.OFF, message, policy.span, f"add --{LOG_PATH}=…")
    elif backends and not (policy and policy.value):
        message = "no policy: kube-apiserver starts, and records no event"
        yield _error(codes.OFF, message, backends[0].span, f"add --{POLICY_FILE}=…")
    elif not backends:
        message = "auditing is off: there is no audit flag"
        hint = "`lanner audit enable` switches it on"
        yield _error(codes.OFF, message, manifest.flags_node.span, hint)


def _flags(manifest: Manifest) -> Iterator[Diagnostic]:
    seen: dict[str, Flag] = {}
    for flag in manifest.flags:
        if not flag.name.startswith("audit"):
            continue
        if flag.name not in FLAGS:
            message = f"kube-apiserver knows no flag --{flag.name}, and does not start"
            yield _error(codes.FLAG, message, flag.span, did_you_mean(flag.name, FLAGS))
        elif flag.name in seen and flag.value != seen[flag.name].value:
            label = Label(seen[flag.name].span, "this one does not count")
            message = f"--{flag.name} is there twice: the last one counts"
            yield _error(codes.FLAG, message, flag.span, None, label)
        form, what = FORMS.get(flag.name, (None, ""))
        if form and not form.fullmatch(flag.value):
            message = f"--{flag.name} must be {what}: kube-apiserver does not start"
            yield _error(codes.FLAG, message, flag.span)
        seen[flag.name] = flag


def _pods(manifest: Manifest) -> Iterator[Diagnostic]:
    """What makes kubelet refuse the pod."""
    mounts: dict[PurePosixPath, Mount] = {}
    for mount in manifest.mounts:
        if mount.path in mounts:
            label = Label(mounts[mount.path].node.span, "here, too")
            message = f"{mount.path} is mounted twice: kubelet refuses the pod"
            yield _error(codes.MOUNT, message, mount.node.span, None, label)
        mounts[mount.path] = mount
        if manifest.volume_of(mount) is None:
            message = f"there is no volume `{mount.volume}`: kubelet refuses the pod"
            known = [volume.name for volume in manifest.volumes]
            yield _error(codes.VOLUME, message, mount.node.span, did_you_mean(mount.volume, known))
    volumes: dict[str, Volume] = {}
    for volume in manifest.volumes:
        if volume.name in volumes:
            label = Label(volumes[volume.name].node.span, "here, too")
            message = f"there are two volumes `{volume.name}`: kubelet refuses the pod"
            yield _error(codes.VOLUME, message, volume.node.span, None, label)
        volumes[volume.name] = volume


def _read_files(manifest: Manifest, host: Host) -> Iterator[Diagnostic]:
    for name in (POLICY_FILE, WEBHOOK_FILE):
        flag = manifest.flag(name)
        if flag is None or not flag.value:
            continue
        place = PurePosixPath(flag.value)
        found = list(_read_file(manifest, host, flag, place))
        yield from found
        on_host = manifest.on_host(place)
        if name == POLICY_FILE and not found and on_host:
            yield from _policy(host, flag, on_host)


def _read_file(
    manifest: Manifest, host: Host, flag: Flag, place: PurePosixPath
) -> Iterator[Diagnostic]:
    mount = manifest.mount_of(place)
    volume = manifest.volume_of(mount) if mount else None
    if mount is None:
        message = (
            f"{place} is not mounted: kube-apiserver does not find it (`no such file or"
            " directory`), and does not start"
        )
        hint = "add a volume of type hostPath, and a volumeMount at this path"
        yield _error(codes.MOUNT, message, flag.span, hint)
        return
    on_host = manifest.on_host(place)
    if volume is None or on_host is None:
        return
    label = Label(volume.node.span, "its volume")
    is_itself = mount.path == place
    kind = host.kind(on_host)
    if is_itself and volume.type not in _FILE_TYPES:
        message = f"the volume is of type {volume.type}, and {place} is a file"
        yield _error(codes.VOLUME, message, volume.node.span, "use `type: File`")
    elif kind is Kind.NOTHING:
        seen = {
            "File": "the pod waits for it (`hostPath type check failed`)",
            "FileOrCreate": "kubelet makes an empty file of it",
        }.get(volume.type if is_itself else "", "kubelet makes a directory of it")
        if not is_itself:
            seen = "kube-apiserver does not find it"
        message = f"{on_host} is not there: {seen}, and kube-apiserver does not start"
        yield _error(codes.HOST, message, flag.span, "put the file there first", label)
    elif kind is not Kind.FILE:
        message = f"{on_host} is {kind.value}: kube-apiserver does not start"
        hint = (
            "kubelet makes directories of files that are missing: remove it, and use `type: File`"
        )
        yield _error(codes.HOST, message, flag.span, hint, label)
    elif not host.allows(on_host, manifest.run_as_user, os.R_OK):
        message = f"user {manifest.run_as_user}, as whom kube-apiserver runs, cannot read {on_host}"
        yield _error(codes.HOST, message, flag.span)


def _policy(host: Host, flag: Flag, on_host: PurePosixPath) -> Iterator[Diagnostic]:
    loaded = load_policy(host.path(on_host))
    for wrong in loaded.diagnostics:
        if wrong.is_error:
            message = f"kube-apiserver does not start with {on_host}: {wrong.message}"
            hint = f"lanner audit policy check {on_host}"
            label = Label(wrong.span, "here") if wrong.span else None
            yield _error(codes.POLICY, message, flag.span, hint, label)
    if loaded.policy:
        for missing in catch_all.check(loaded.policy):
            yield Diagnostic(
                codes.POLICY, Severity.WARNING, f"{on_host}: {missing.message}", flag.span
            )


def _log(manifest: Manifest, host: Host) -> Iterator[Diagnostic]:
    flag = manifest.flag(LOG_PATH)
    if flag is None or flag.value in {"", "-"}:
        return
    place = PurePosixPath(flag.value)
    mount = manifest.mount_of(place)
    if mount is None:
        message = f"{place.parent} is not mounted: the log is lost with the container"
        hint = "add a volume of type hostPath (DirectoryOrCreate), and a volumeMount at it"
        yield _error(codes.MOUNT, message, flag.span, hint)
        return
    volume, on_host = manifest.volume_of(mount), manifest.on_host(place)
    if mount.read_only:
        message = f"{mount.path} is read-only: kube-apiserver cannot write its log, does not start"
        label = Label(flag.span, "the log")
        yield _error(codes.MOUNT, message, mount.node.span, "remove `readOnly: true`", label)
    if volume is None or on_host is None:
        return
    if mount.path == place:
        message = "the log file itself is mounted: it cannot be rotated (renaming it fails)"
        yield _error(codes.MOUNT, message, mount.node.span, f"mount {place.parent} instead")
        return
    directory = on_host.parent
    kind = host.kind(directory)
    if mount.path == place.parent and volume.type not in _LOG_TYPES:
        message = f"the volume is of type {volume.type}, and {directory} is a directory"
        yield _error(codes.VOLUME, message, volume.node.span, "use `type: DirectoryOrCreate`")
    elif volume.type == "Directory" and host.kind(volume.host_path or place) is Kind.NOTHING:
        message = (
            f"{volume.host_path} is not there: the pod waits for it (`hostPath type check failed`)"
        )
        yield _error(codes.HOST, message, volume.node.span, "use `type: DirectoryOrCreate`")
    elif kind not in {Kind.NOTHING, Kind.DIRECTORY}:
        message = f"{directory} is {kind.value}: kube-apiserver cannot write its log there"
        yield _error(codes.HOST, message, flag.span)
    elif kind is Kind.DIRECTORY and not host.allows(directory, manifest.run_as_user, os.W_OK):
        message = (
            f"user {manifest.run_as_user}, as whom kube-apiserver runs, cannot write to {directory}"
        )
        yield _error(codes.HOST, message, flag.span)


def _folder(manifest: Manifest, host: Host, file: PurePosixPath) -> Iterator[Diagnostic]:
    """What else kubelet finds where it reads manifests: any file whose name has no dot at its
    beginning.
    """
    start = manifest.container.span
    policy = manifest.flag(POLICY_FILE)
    on_host = manifest.on_host(PurePosixPath(policy.value)) if policy and policy.value else None
    if policy and on_host and on_host.parent == file.parent:
        message = f"the policy is in {file.parent}: kubelet takes it for a pod, and complains"
        yield _error(codes.FOLDER, message, policy.span, "put it into /etc/kubernetes")
    try:
        others = sorted(host.path(file.parent).iterdir())
    except OSError:
        return
    for other in others:
        if other.name == file.name or other.name.startswith(".") or not other.is_file():
            continue
        try:
            read_manifest(Source(str(other), other.read_text(errors="replace")[: 1 << 20]))
        except (NoManifestError, OSError):
            continue
        message = (
            f"{file.parent / other.name} is a kube-apiserver, too: kubelet starts both, or the"
            " other one"
        )
        yield _error(codes.FOLDER, message, start, "keep copies outside of this folder")
