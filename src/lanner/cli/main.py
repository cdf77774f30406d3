"""The `lanner` command: finds the sub-command's module and runs it.

Only the module that is needed is imported: loading rules is the work, and
start-up should not add to it.
"""

from __future__ import annotations

import gc
import importlib
import sys
from typing import TYPE_CHECKING

import typer

from lanner import __version__
from lanner.cli import common

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS = {
    "run": "watch this machine, and print alerts",
    "doctor": "say what this machine offers for watching it",
    "scan": "match recorded events against rules",
    "alerts": "print alerts that were kept, and count them",
    "events": "print the events of a capture",
    "validate": "check rule files",
    "rules": "list rules, or show one with everything expanded",
    "fields": "list the fields that conditions and outputs can use",
    "config": "check, show and describe configurations",
    "audit": "audit policies, switching auditing on, recording, and answers",
}
"""Every command is the module of that name in `lanner.cli`, with a function of that name; a group
of commands is a package of that name, with a table like this one."""


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"lanner {__version__}")
        raise typer.Exit


def _application(words: list[str]) -> typer.Typer:
    app = typer.Typer(
        name="lanner",
        no_args_is_help=True,
        add_completion=_wanted(COMMANDS, words) is None,
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

    _add_commands(app, "lanner.cli", COMMANDS, words)
    return app


def _wanted(commands: Mapping[str, str], words: list[str]) -> str | None:
    return words[0] if words and words[0] in commands else None


def _add_commands(
    app: typer.Typer, package: str, commands: Mapping[str, str], words: list[str]
) -> None:
    """Adds the command that `words` begin with, or all of them when they name none.

    The modules of groups have `COMMANDS` of their own; one of a command can have `COMMAND`, a class
    that reads its words.
    """
    wanted = _wanted(commands, words)
    for name in [wanted] if wanted else commands:
        function = name.replace("-", "_")
        module = importlib.import_module(f"{package}.{function}")
        if hasattr(module, "COMMANDS"):
            group = typer.Typer(no_args_is_help=True, help=module.__doc__, rich_markup_mode=None)
            _add_commands(group, module.__name__, module.COMMANDS, words[1:])
            app.add_typer(group, name=name, short_help=commands[name])
        else:
            own = getattr(module, "COMMAND", None)
            app.command(name, cls=own, short_help=commands[name])(getattr(module, function))


def main() -> None:
    """Entry point. Exit codes: 0 fine, 1 findings or invalid input, 2 usage."""
    # One run, then the process ends: looking for garbage while rules are loaded would take a fifth
    # of the time and find nothing.
    gc.disable()
    common.open_streams()
    app = _application(sys.argv[1:])
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # the reader went away (`lanner scan … | head`): not an error of ours
        common.discard_output()
        sys.exit(0)
    except OSError as error:
        # output that is lost is said: a full disk, a failed mount
        common.discard_output()
        common.complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
