"""`lanner audit policy init`: a policy to start from."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from lanner.audit.policy.profiles import Profile, profile_text
from lanner.cli import common

_MODE = 0o600


def init(
    profile: Annotated[
        Profile,
        typer.Option(
            help="hardened: for production; minimal: who did what, no contents; forensic: the"
            " content of all changes; cks: small, for learning."
        ),
    ] = Profile.HARDENED,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="FILE", help="A new file, instead of printing it."),
    ] = None,
) -> None:
    """Write a commented audit policy to start from.

    A file that is there already is never overwritten.

    Exit code: 0; 1 when the file is there or cannot be written; 2 usage.

    Example: lanner audit policy init --profile hardened -o audit-policy.yaml
    """
    text = profile_text(profile)
    if output is None:
        print(text, end="")  # noqa: T201
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        common.complain(f"{output}: is there already; it was not changed")
        raise typer.Exit(1) from None
    except OSError as error:
        common.complain(f"{output}: {error.strerror or error}")
        raise typer.Exit(1) from None
    common.remark(f"{output}: written; `lanner audit policy check {output}` checks changes")
