"""`lanner validate`: check rule files."""

from __future__ import annotations

import json
import shlex
import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from lanner import api
from lanner.cli import common
from lanner.diagnostics.render_json import to_json
from lanner.diagnostics.render_text import render_text
from lanner.rules.defaults import default_rules
from lanner.rules.falco_report import falco_json, falco_text
from lanner.rules.model import MAX_ERRORS

if TYPE_CHECKING:
    from lanner.rules.model import LoadResult


class Format(Enum):
    """How findings are printed."""

    TEXT = "text"
    FALCO = "falco"
    JSON = "json"
    FULL_JSON = "full-json"


def validate(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE…",
            help="Rule files, checked together in order.",
            show_default=False,
        ),
    ] = None,
    local: common.LocalOption = None,
    output: Annotated[
        Format,
        typer.Option(
            "--format",
            help="text; falco: what falco -V prints; json: Falco's JSON;"
            " full-json: every finding with its exact place.",
        ),
    ] = Format.TEXT,
    json_output: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No warnings.")] = False,
) -> None:
    """Check Falco rule files, and say what is wrong with them and where.

    Later files may use, append to and override what earlier ones define. A directory
    stands for the .yaml and .yml files in it. With --local alone, the default rules come
    first, as they do when Lanner runs.

    Exit code: 0 when all files are valid, with warnings or not; 1 when one is not; 2 usage.

    Example: lanner validate falco_rules.yaml falco_rules.local.yaml

    Example: lanner validate --local lanner_rules.local.yaml
    """
    if not files and not local:
        common.usage_error("name rule files, or one that adds to the default rules with --local")
    result = api.load_rules(*(files or ()), defaults=not files, local=local or ()).result
    chosen = Format.JSON if json_output else output
    if chosen is Format.JSON:
        print(json.dumps(falco_json(result)))  # noqa: T201
    elif chosen is Format.FULL_JSON:
        findings = [to_json(found) for found in result.diagnostics]
        print(json.dumps({"ok": result.ok, "diagnostics": findings}))  # noqa: T201
    elif chosen is Format.FALCO:
        print(falco_text(result))  # noqa: T201
    else:
        shipped = () if files else default_rules()
        _text(result, quiet=quiet, unless_wrong=set(map(str, shipped)))
    if not result.ok:
        named = (*(files or ()), *(local or ()))
        if files and api.load_rules(defaults=True, local=named).ok:
            options = " ".join(f"--local {shlex.quote(name)}" for name in named)
            common.complain(f"behind the default rules it is valid: lanner validate {options}")
        raise typer.Exit(1)


def _text(result: LoadResult, *, quiet: bool, unless_wrong: set[str]) -> None:
    colour = sys.stdout.isatty() and common.colour_allowed()
    for file in result.files:
        shown = [found for found in file.fresh if found.is_error or not quiet]
        if file.name in unless_wrong and not shown:
            continue
        for found in shown:
            print(render_text(found, colour=colour), end="\n\n")  # noqa: T201
        errors = sum(found.is_error for found in file.fresh)
        before = ("errors above",) if not file.ok and not errors else ()
        after = ("checking stopped there",) if errors >= MAX_ERRORS else ()
        print(common.verdict(file.name, file.fresh, ok=file.ok, before=before, after=after))  # noqa: T201
