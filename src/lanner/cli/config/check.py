"""`lanner config check`: what is wrong with a configuration."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from lanner.cli import common, configs
from lanner.diagnostics.render_json import to_json
from lanner.diagnostics.render_text import render_text


def check(
    config: configs.ConfigOption = None,
    option: configs.OptionOption = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a configuration with the files that it includes: keys, types and values.

    Keys that are unknown, or that mean something in Falco only, are warnings.

    Exit code: 0 when it can be used, with warnings or not; 1 when it cannot; 2 usage.

    Example: lanner config check -c falco.yaml
    """
    loaded = configs.loader(config, option or ())()
    configs.remark_on_rules(loaded.config)
    found = loaded.diagnostics
    if json_output:
        print(json.dumps({"ok": loaded.ok, "diagnostics": [to_json(one) for one in found]}))  # noqa: T201
    else:
        colour = sys.stdout.isatty() and common.colour_allowed()
        for one in found:
            print(render_text(one, colour=colour), end="\n\n")  # noqa: T201
        for file in loaded.files or ("no file",):
            print(common.verdict(str(file), found, ok=loaded.ok))  # noqa: T201
    if not loaded.ok:
        raise typer.Exit(1)
