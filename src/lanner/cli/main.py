"""The `lanner` command: finds the sub-command's module and runs it.

Only the module that is needed is imported: loading rules is the work, and
start-up should not add to it.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys

import typer

from lanner import __version__
from lanner.cli import common

COMMANDS = {
    "run": "watch this machine, and print alerts",
    "doctor": "say what this machine offers for watching it",
    "scan": "match recorded events against rules",
    "events": "print the events of a capture",
    "validate": "check rule files",
    "rules": "list rules, or show one with everything expanded",
    "fields": "list the fields that conditions and outputs can use",
}
"""Every command is the module of that name in `lanner.cli`, with a function of that name."""


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"lanner {__version__}")
        raise typer.Exit


def _application(names: list[str]) -> typer.Typer:
    app = typer.Typer(
        name="lanner",
        no_args_is_help=True,
        add_completion=len(names) == len(COMMANDS),
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Runtime threat detection with Falco rules, and Kubernetes audit analysis.",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def root(
        version: bool = typer.Option(
            False, "--version", callback=_show_version, is_eager=True, help="Print the version."
        ),
    ) -> None:
        """Runtime threat detection with Falco rules, and Kubernetes audit analysis."""

    for name in names:
        module = importlib.import_module(f"lanner.cli.{name}")
        app.command(name, short_help=COMMANDS[name])(getattr(module, name))
    return app


def main() -> None:
    """Entry point. Exit codes: 0 fine, 1 findings or invalid input, 2 usage."""
    # One run, then the process ends: looking for garbage while rules are loaded would take a fifth
    # of the time and find nothing.
    gc.disable()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    app = _application([wanted] if wanted in COMMANDS else list(COMMANDS))
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # the reader went away (`lanner scan … | head`): not an error of ours
        _discard_output()
        sys.exit(0)
    except OSError as error:
        # output that is lost is said: a full disk, a failed mount
        _discard_output()
        common.complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        sys.exit(1)


def _discard_output() -> None:
    """Lets the interpreter leave without trying to write again what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
