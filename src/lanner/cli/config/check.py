"""`lanner config check`: what is wrong with a configuration."""

from __future__ import annotations

import typer

from lanner.cli import common, configs


def check(config: configs.ConfigOption = None, option: configs.OptionOption = None) -> None:
    """Check a configuration with the files that it includes: keys, types and values.

    Keys that are unknown, or that mean something in Falco only, are warnings.

    Exit code: 0 when it can be used, with warnings or not; 1 when it cannot; 2 usage.

    Example: lanner config check -c falco.yaml
    """
    loaded = configs.loader(config, option or ())()
    common.show(loaded.diagnostics)
    configs.remark_on_rules(loaded.config)
    for file in loaded.files or ("no file",):
        print(common.verdict(str(file), loaded.diagnostics, ok=loaded.ok))  # noqa: T201
    if not loaded.ok:
        raise typer.Exit(1)
