"""Loading a policy for a command that needs a valid one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lanner.audit.policy import load_policy
from lanner.cli import common

if TYPE_CHECKING:
    from lanner.audit.policy import Policy

DEFAULT_POLICY = "/etc/kubernetes/audit-policy.yaml"

PolicyOption = Annotated[
    str, typer.Option("--policy", metavar="FILE", help="The audit policy.", show_default=True)
]


def policy_or_exit(path: str) -> Policy:
    """The policy in a file; what is wrong with it is shown, and errors end the command with 1."""
    loaded = load_policy(path)
    common.show(loaded.diagnostics)
    if loaded.policy is None:
        common.complain("kube-apiserver does not start with this policy")
        if not Path(path).exists():
            common.remark(f"  `lanner audit policy init -o {shlex.quote(path)}` writes one")
        raise typer.Exit(1)
    return loaded.policy
