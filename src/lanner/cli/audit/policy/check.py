"""`lanner audit policy check`: what is wrong with policies, and what could be better."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lanner.audit.policy import load_policy
from lanner.audit.policy.advice import advise
from lanner.cli import common
from lanner.diagnostics import Severity
from lanner.diagnostics.render_json import to_json
from lanner.diagnostics.render_text import render_text

if TYPE_CHECKING:
    from lanner.audit.policy import LoadedPolicy
    from lanner.diagnostics import Diagnostic


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Audit policies.")],
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 on warnings, too.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No advice.")] = False,
) -> None:
    """Check audit policies as kube-apiserver does, and give advice.

    Errors are what kube-apiserver does not start with; warnings are what it passes over in silence,
    such as a misspelt field, which makes a rule match more. Advice is about what a valid policy
    records: rules that are never reached, secrets in the log, noise, gaps.

    Exit code: 0 when all policies are valid; 1 when one is not, or cannot be read, with --strict
    also when there is a warning; 2 usage.

    Example: lanner audit policy check /etc/kubernetes/audit-policy.yaml
    """
    results = []
    for path in files:
        loaded = load_policy(path)
        advice = advise(loaded.policy) if loaded.policy is not None and not quiet else []
        results.append((loaded, [*loaded.diagnostics, *advice]))
    if json_output:
        print(json.dumps([_as_json(*result) for result in results]))  # noqa: T201
    else:
        for result in results:
            _print(*result)
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(one.severity in failing for _, found in results for one in found):
        raise typer.Exit(1)


def _as_json(loaded: LoadedPolicy, found: list[Diagnostic]) -> dict[str, Any]:
    return {
        "file": loaded.name,
        "ok": loaded.ok,
        "diagnostics": [to_json(one) for one in found],
    }


def _print(loaded: LoadedPolicy, found: list[Diagnostic]) -> None:
    colour = sys.stdout.isatty() and common.colour_allowed()
    for one in found:
        print(render_text(one, colour=colour), end="\n\n")  # noqa: T201
    print(common.verdict(loaded.name, found, ok=loaded.ok))  # noqa: T201
