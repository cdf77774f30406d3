"""`lanner audit disable`: takes auditing out of kube-apiserver's manifest."""

from __future__ import annotations

from pathlib import Path

import typer

from lanner.audit.manifest.edit import CannotEditError, switch_off
from lanner.audit.manifest.flags import WEBHOOK_FILE
from lanner.audit.manifest.kubeconfig import files_of
from lanner.cli import common
from lanner.cli.audit import switching


def disable(
    manifest: switching.ManifestOption = switching.DEFAULT_MANIFEST,
    backups: switching.BackupOption = switching.DEFAULT_BACKUPS,
    dry_run: switching.DryRunOption = False,
    yes: switching.YesOption = False,
    timeout: switching.TimeoutOption = 240,
    no_verify: switching.NoVerifyOption = False,
) -> None:
    """Switch auditing off: what `enable` adds goes, whoever added it, and nothing else.

    These are the audit flags, and the mounts of the files and of the log directory that they name,
    where no other flag names something there. Logs and policies stay on the node.

    Exit code: 0 when auditing is off, also when it was before; 1 when the manifest cannot be
    changed, or kube-apiserver did not start and the manifest was put back; 2 usage.

    Example: sudo lanner audit disable --dry-run
    """
    found = switching.manifest_or_exit(manifest)
    webhook = found.flag(WEBHOOK_FILE)
    try:
        named = files_of(Path(webhook.value)) if webhook and webhook.value else ()
    except ValueError as error:
        common.complain(f"{error}: the files that it names stay mounted")
        named = ()
    try:
        after = switch_off(found, named)
    except CannotEditError as cannot:
        common.show([cannot.diagnostic])
        common.complain("nothing was changed")
        raise typer.Exit(1) from None
    if after == found.source.text:
        common.complain(f"{manifest}: auditing is off already")
        return
    how = switching.How(backups, dry_run, yes, timeout, not no_verify)
    switching.carry_out(manifest, found, after, how)
