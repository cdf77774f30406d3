"""What `enable` and `disable` share: showing a change, asking, writing, and seeing it through."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from lanner.audit.manifest import startup
from lanner.audit.manifest.apply import replace_file
from lanner.audit.manifest.loading import load_manifest
from lanner.cli import common

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.audit.manifest.parsed import Manifest

DEFAULT_MANIFEST = Path("/etc/kubernetes/manifests/kube-apiserver.yaml")
DEFAULT_BACKUPS = Path("/etc/kubernetes/lanner-backups")
_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}

ManifestOption = Annotated[
    Path, typer.Option(metavar="FILE", help="The static pod manifest of kube-apiserver.")
]
BackupOption = Annotated[
    Path, typer.Option(metavar="DIRECTORY", help="Where the manifest is copied to before.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be changed, and change nothing.")
]
YesOption = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
TimeoutOption = Annotated[
    int, typer.Option(min=1, metavar="SECONDS", help="How long kube-apiserver may take to start.")
]
NoVerifyOption = Annotated[
    bool, typer.Option("--no-verify", help="Do not wait until kube-apiserver has started.")
]


@dataclass(frozen=True, slots=True)
class How:
    """How a change is made."""

    backups: Path
    dry_run: bool
    yes: bool
    timeout_s: int
    verify: bool


def manifest_or_exit(path: Path) -> Manifest:
    """The manifest; what is none ends the command with 1."""
    loaded = load_manifest(path)
    if loaded.manifest is None:
        common.show([loaded.problem])
        raise typer.Exit(1)
    return loaded.manifest


def carry_out(path: Path, manifest: Manifest, after: str, how: How) -> None:
    """Shows the change, asks, writes it, waits until kube-apiserver has started with it, and takes
    it back when it does not.
    """
    before = manifest.source.text
    _show(path, before, after)
    if how.dry_run:
        return
    if not how.yes:
        if not sys.stdin.isatty():
            common.usage_error("nobody can be asked here: give --yes, or --dry-run")
        typer.confirm("Change the manifest? kubelet restarts kube-apiserver then.", abort=True)
    endpoint = startup.Endpoint.of(manifest)
    running = endpoint.processes()
    copy = _replace(path, before, after, how.backups)
    common.complain(f"{path}: changed; as it was: {copy}")
    if not how.verify:
        return
    try:
        problem = startup.wait_for_new(running, endpoint, how.timeout_s, _progress())
    except KeyboardInterrupt:
        common.complain(f"not waited to the end; to take it back: cp {copy} {path}")
        raise typer.Exit(1) from None
    if problem is None:
        common.complain("kube-apiserver has started with it, and answers /livez")
        return
    _take_back(path, before, after, how, endpoint, problem)


def _take_back(
    path: Path, before: str, after: str, how: How, endpoint: startup.Endpoint, problem: str
) -> NoReturn:
    lines, place = startup.last_lines()
    common.complain(problem)
    if lines:
        common.remark(f"  its last lines ({place}):")
        for line in lines.splitlines():
            common.remark(f"  | {line}")
    known = startup.diagnosis(lines)
    if known:
        common.remark(f"  this means: {known.cause}; {known.advice}")
    running = endpoint.processes()
    _replace(path, after, before, how.backups)
    common.complain(f"{path}: is as it was before")
    if startup.wait_for_new(running, endpoint, how.timeout_s, _progress()) is None:
        common.complain("kube-apiserver answers again")
    else:
        common.complain("kube-apiserver does not answer yet: look at `journalctl -u kubelet`")
    raise typer.Exit(1)


def _replace(path: Path, before: str, after: str, backups: Path) -> Path:
    try:
        return replace_file(path, before.encode(), after.encode(), backups)
    except OSError as error:
        common.complain(f"{error.filename or path}: {error.strerror}: nothing was changed")
        raise typer.Exit(1) from None


def _show(path: Path, before: str, after: str) -> None:
    colour = sys.stdout.isatty() and common.colour_allowed()
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), str(path), str(path)
    )
    for line in lines:
        text = line.rstrip("\r\n")
        start = _COLOURS.get(text[:1]) if colour else None
        print(f"{start}{text}\x1b[0m" if start else text)  # noqa: T201


def _progress() -> Callable[[str], None]:
    """Says what is waited for, when it is something else than before."""
    said: list[str] = []

    def tell(what: str) -> None:
        if what not in said[-1:]:
            said.append(what)
            common.remark(f"  waiting: {what}")

    return tell
