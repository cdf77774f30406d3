"""`lanner audit verify`: what is wrong with auditing in kube-apiserver's manifest."""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from lanner.audit.manifest.host import Host
from lanner.audit.manifest.loading import load_manifest
from lanner.audit.manifest.verify import verify as find_problems
from lanner.cli import common
from lanner.diagnostics.render_json import to_json
from lanner.diagnostics.render_text import render_text

DEFAULT_MANIFEST = Path("/etc/kubernetes/manifests/kube-apiserver.yaml")


def verify(
    manifest: Annotated[
        Path, typer.Argument(metavar="[MANIFEST]", help="The static pod manifest.")
    ] = DEFAULT_MANIFEST,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what keeps kube-apiserver from starting, or from recording audit events.

    Looks at the flags, volumes and mounts of the manifest, and at the files of this node that they
    name: the policy that is not mounted, the log directory that is read-only, the directory that
    kubelet made of a missing file, the copy of the manifest that kubelet starts, too.

    Exit code: 0 when nothing is wrong; 1 when something is, or the file is no manifest; 2 usage.

    Example: lanner audit verify /etc/kubernetes/manifests/kube-apiserver.yaml
    """
    loaded = load_manifest(manifest)
    if loaded.manifest is None:
        found = [loaded.problem]
    else:
        place = PurePosixPath(manifest.absolute())
        found = [*find_problems(loaded.manifest, Host(Path("/")), place)]
    is_ok = not any(one.is_error for one in found)
    if json_output:
        report = {
            "file": str(manifest),
            "ok": is_ok,
            "diagnostics": [to_json(one) for one in found],
        }
        print(json.dumps(report))  # noqa: T201
    else:
        colour = sys.stdout.isatty() and common.colour_allowed()
        for one in found:
            print(render_text(one, colour=colour), end="\n\n")  # noqa: T201
        print(common.verdict(str(manifest), found, ok=is_ok))  # noqa: T201
    if not is_ok:
        raise typer.Exit(1)
