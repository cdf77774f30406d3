"""The options that name a configuration, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lanner.cli import common
from lanner.config import load_config
from lanner.config.defaults import LANNER, SITE_CONFIG
from lanner.diagnostics.render_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lanner.config import Config, Loaded

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "-c",
        "--config",
        metavar="FILE",
        help="Configuration: lanner.yaml, or a falco.yaml; /etc/lanner/lanner.yaml if it is there.",
    ),
]
OptionOption = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--option",
        metavar="KEY=VALUE",
        help="Set a key of the configuration: file_output.enabled=true, rules_files[]=x.yaml.",
    ),
]


def loader(path: Path | None, options: Iterable[str]) -> Callable[[], Loaded]:
    """Reads the configuration, now and for each reload."""
    settled = tuple(options)

    def load() -> Loaded:
        chosen = path if path is not None else SITE_CONFIG if SITE_CONFIG.exists() else None
        return load_config(chosen, settled, defaults=LANNER)

    return load


def remark_on_rules(config: Config) -> None:
    """Says which rule files are not there: as in Falco, that is no error."""
    for path in config.rules_files:
        if not Path(path).exists():
            common.complain(f"rules_files: {printable(path)} is not there, and is left out")


def checked_or_exit(loaded: Loaded) -> Loaded:
    """Shows what was found in a configuration; errors end the command with 1."""
    common.show(loaded.diagnostics)
    if not loaded.ok:
        common.complain("the configuration is invalid")
        raise typer.Exit(1)
    return loaded
