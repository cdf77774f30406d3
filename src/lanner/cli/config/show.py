"""`lanner config show`: the configuration that is in force."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
import typer
import yaml

from lanner.cli import configs
from lanner.config.environment import escaped


def show(
    config: configs.ConfigOption = None,
    option: configs.OptionOption = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON, not YAML.")] = False,
) -> None:
    """Print all keys with their values, after includes, variables, options and defaults.

    It can be used as a configuration itself. What variables stand for is in it: look for secrets
    before you pass it on.

    Exit code: 0; 1 when the configuration is invalid; 2 usage.

    Example: lanner config show -c falco.yaml -o json_output=true
    """
    loaded = configs.checked_or_exit(configs.loader(config, option or ())())
    found = _escaped(msgspec.to_builtins(loaded.config))
    text = json.dumps(found, indent=2) if json_output else yaml.safe_dump(found, sort_keys=False)
    print(text.rstrip("\n"))  # noqa: T201


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return escaped(value)
        case list() | tuple():
            return [_escaped(one) for one in value]
        case dict():
            return {name: _escaped(one) for name, one in value.items()}
        case _:
            return value
