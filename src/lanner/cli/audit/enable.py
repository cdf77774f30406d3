"""`lanner audit enable`: switches auditing on in kube-apiserver's manifest."""

from __future__ import annotations

from enum import Enum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from lanner.audit.manifest import printed
from lanner.audit.manifest.edit import CannotEditError, Wanted, switch_on
from lanner.audit.manifest.host import Host
from lanner.audit.manifest.kubeconfig import files_of
from lanner.audit.manifest.parsed import read_manifest
from lanner.audit.manifest.verify import verify
from lanner.cli import common
from lanner.cli.audit import switching
from lanner.cli.audit.policy.loading import DEFAULT_POLICY, policy_or_exit
from lanner.diagnostics import Source

if TYPE_CHECKING:
    from lanner.audit.manifest.parsed import Manifest

DEFAULT_LOG = "/var/log/kubernetes/audit/audit.log"


class Form(Enum):
    """What can be printed in place of a change."""

    KUBEADM_CONFIG = "kubeadm-config"
    PATCH = "patch"
    WEBHOOK_KUBECONFIG = "webhook-kubeconfig"


def enable(
    policy: Annotated[
        Path, typer.Option("--policy", "--audit-policy-file", metavar="FILE", help="The policy.")
    ] = Path(DEFAULT_POLICY),
    log_path: Annotated[
        str,
        typer.Option(
            "--log-path", "--audit-log-path", metavar="FILE", help="The log; empty for none."
        ),
    ] = DEFAULT_LOG,
    max_age: Annotated[
        int, typer.Option("--maxage", "--audit-log-maxage", min=0, metavar="DAYS")
    ] = 30,
    max_backup: Annotated[int, typer.Option("--maxbackup", "--audit-log-maxbackup", min=0)] = 10,
    max_size: Annotated[
        int, typer.Option("--maxsize", "--audit-log-maxsize", min=0, metavar="MB")
    ] = 100,
    webhook_config: Annotated[
        Path | None,
        typer.Option(
            "--webhook-config",
            "--audit-webhook-config-file",
            metavar="FILE",
            help="A kubeconfig: events are sent there, too.",
        ),
    ] = None,
    print_form: Annotated[
        Form | None,
        typer.Option(
            "--print",
            help="Change nothing: print what kubeadm takes, or a kubeconfig for the webhook.",
        ),
    ] = None,
    webhook_url: Annotated[
        str, typer.Option(metavar="URL", help="For the kubeconfig: where the recorder is.")
    ] = "",
    webhook_ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who signed the recorder's certificate.")
    ] = None,
    webhook_certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="kube-apiserver's own, for the recorder.")
    ] = None,
    webhook_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key.")] = None,
    webhook_token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A bearer token for the recorder.")
    ] = None,
    manifest: switching.ManifestOption = switching.DEFAULT_MANIFEST,
    backups: switching.BackupOption = switching.DEFAULT_BACKUPS,
    dry_run: switching.DryRunOption = False,
    yes: switching.YesOption = False,
    timeout: switching.TimeoutOption = 240,
    no_verify: switching.NoVerifyOption = False,
) -> None:
    """Switch auditing on, on a control plane node that kubeadm made.

    Adds the flags, mounts and volumes that are missing to the manifest of kube-apiserver, and
    leaves everything else as it is. Before that, the policy, the paths and the result are checked
    as `lanner audit verify` does; afterwards, kube-apiserver must come back and answer: when it
    does not, its last lines are shown, with what they mean, and the manifest is put back.

    Do one control plane node after the other. `kubeadm upgrade` makes the manifest anew: --print
    kubeadm-config or patch gives it what it must know.

    Exit code: 0 when auditing is on, also when it was before; 1 when something is wrong, or
    kube-apiserver did not start and the manifest was put back; 2 usage.

    Example: sudo lanner audit enable --policy /etc/kubernetes/audit-policy.yaml --dry-run
    """
    if print_form is Form.WEBHOOK_KUBECONFIG:
        if not webhook_url:
            common.usage_error("--print webhook-kubeconfig needs --webhook-url URL")
        files = (webhook_ca, webhook_certificate, webhook_key, webhook_token_file)
        print(printed.webhook_kubeconfig(webhook_url, *files), end="")  # noqa: T201
        return
    if print_form is not None:
        wanted = _wanted(policy, log_path, max_age, max_backup, max_size, webhook_config)
        text = printed.patch if print_form is Form.PATCH else printed.kubeadm_config
        print(text(wanted), end="")  # noqa: T201
        return
    policy_or_exit(str(policy))
    found = switching.manifest_or_exit(manifest)
    wanted = _wanted(policy, log_path, max_age, max_backup, max_size, webhook_config)
    try:
        after = switch_on(found, wanted)
    except CannotEditError as cannot:
        common.show([cannot.diagnostic])
        common.complain("nothing was changed")
        raise typer.Exit(1) from None
    _check(manifest, after)
    if after == found.source.text:
        common.complain(f"{manifest}: auditing is on already")
        return
    how = switching.How(backups, dry_run, yes, timeout, not no_verify)
    switching.carry_out(manifest, found, after, how)


def _wanted(
    policy: Path,
    log_path: str,
    max_age: int,
    max_backup: int,
    max_size: int,
    webhook_config: Path | None,
) -> Wanted:
    flags = [("audit-policy-file", str(policy.absolute()))]
    files = [PurePosixPath(policy.absolute())]
    directory = None
    if log_path:
        place = PurePosixPath(log_path)
        if not place.is_absolute():
            common.usage_error("--log-path must be an absolute path")
        directory = place.parent
        flags += [
            ("audit-log-path", log_path),
            ("audit-log-maxage", str(max_age)),
            ("audit-log-maxbackup", str(max_backup)),
            ("audit-log-maxsize", str(max_size)),
        ]
    elif webhook_config is None:
        common.usage_error("events must go somewhere: --log-path or --webhook-config")
    if webhook_config is not None:
        config = webhook_config.absolute()
        flags.append(("audit-webhook-config-file", str(config)))
        try:
            files += [PurePosixPath(config), *files_of(config)]
        except ValueError as error:
            common.complain(str(error))
            raise typer.Exit(1) from None
    return Wanted(tuple(flags), tuple(files), directory)


def _check(path: Path, after: str) -> Manifest:
    """The manifest as it will be must have nothing wrong with it."""
    changed = read_manifest(Source(f"{path} (as it would be)", after))
    found = verify(changed, Host(Path("/")), PurePosixPath(path.absolute()))
    common.show(found)
    if any(one.is_error for one in found):
        common.complain("nothing was changed: kube-apiserver would not record, or not start")
        raise typer.Exit(1)
    return changed
