"""`lanner config show`: the configuration that is in force."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
import typer
import yaml

from lanner.cli import configs


def show(
    config: configs.ConfigOption = None,
    option: configs.OptionOption = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON, not YAML.")] = False,
) -> None:
    """Print all keys with their values, after includes, variables, options and defaults.

    Exit code: 0; 1 when the configuration is invalid; 2 usage.

    Example: lanner config show -c falco.yaml -o json_output=true
    """
    loaded = configs.checked_or_exit(configs.loader(config, option or ())())
    found = msgspec.to_builtins(loaded.config)
    text = json.dumps(found, indent=2) if json_output else yaml.safe_dump(found, sort_keys=False)
    print(text.rstrip("\n"))  # noqa: T201
