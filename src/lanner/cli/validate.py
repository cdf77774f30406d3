"""`lanner validate`: check rule files."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lanner.api.ruleset import rule_files
from lanner.cli import common
from lanner.diagnostics.render_json import to_json
from lanner.diagnostics.render_text import render_text
from lanner.rules.falco_report import falco_json, falco_text
from lanner.rules.loader import load, read_source
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
        list[str], typer.Argument(metavar="FILE…", help="Rule files, checked together in order.")
    ],
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
    stands for the .yaml and .yml files in it.

    Exit code: 0 when all files are valid, with warnings or not; 1 when one is not; 2 usage.

    Example: lanner validate falco_rules.yaml falco_rules.local.yaml
    """
    paths: list[str] = []
    for name in files:
        inside = list(map(str, rule_files(Path(name)))) if Path(name).is_dir() else []
        paths += inside or [name]
    result = load([read_source(path) for path in paths])
    chosen = Format.JSON if json_output else output
    if chosen is Format.JSON:
        print(json.dumps(falco_json(result)))  # noqa: T201
    elif chosen is Format.FULL_JSON:
        findings = [to_json(found) for found in result.diagnostics]
        print(json.dumps({"ok": result.ok, "diagnostics": findings}))  # noqa: T201
    elif chosen is Format.FALCO:
        print(falco_text(result))  # noqa: T201
    else:
        _text(result, quiet=quiet)
    if not result.ok:
        raise typer.Exit(1)


def _text(result: LoadResult, *, quiet: bool) -> None:
    colour = sys.stdout.isatty() and common.colour_allowed()
    for file in result.files:
        shown = [found for found in file.fresh if found.is_error or not quiet]
        for found in shown:
            print(render_text(found, colour=colour), end="\n\n")  # noqa: T201
        errors = sum(found.is_error for found in file.fresh)
        before = ("errors above",) if not file.ok and not errors else ()
        after = ("checking stopped there",) if errors >= MAX_ERRORS else ()
        print(common.verdict(file.name, file.fresh, ok=file.ok, before=before, after=after))  # noqa: T201
