"""What the commands share: options, messages, loading rules or leaving."""

from __future__ import annotations

import os
import sys
from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from lanner import api
from lanner.diagnostics import Severity
from lanner.diagnostics.render_text import render_text
from lanner.rules.model import parse_priority

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.diagnostics import Diagnostic

MAX_SHOWN = 20
"""Diagnostics that a command other than `validate` shows."""

RulesOption = Annotated[
    list[str] | None,
    typer.Option(
        "-r", "--rules", metavar="PATH", help="Rule file or directory, instead of the defaults."
    ),
]
LocalOption = Annotated[
    list[str] | None,
    typer.Option(
        "--local", metavar="PATH", help="Rule file that adds to or overrides those before it."
    ),
]
TagOption = Annotated[
    list[str] | None, typer.Option("-t", "--tag", help="Only rules with one of these tags.")
]
RuleOption = Annotated[
    list[str] | None, typer.Option("--rule", help="Only this rule; * and ? are wildcards.")
]


PriorityOption = Annotated[
    str, typer.Option("-p", "--priority", help="Only rules of this priority or above.")
]
JsonAlertsOption = Annotated[
    bool, typer.Option("--json", help="Print alerts as JSON, one a line, as Falco does.")
]
IsoTimeOption = Annotated[
    bool, typer.Option("--iso-time", help="ISO 8601 times in the text of alerts.")
]


class RuleMatching(Enum):
    """Falco's `rule_matching`."""

    ALL = "all"
    FIRST = "first"


RuleMatchingOption = Annotated[
    RuleMatching,
    typer.Option(help="Report all rules that match an event, or only the first."),
]


def complain(message: str) -> None:
    """Says what went wrong, on standard error."""
    print(f"lanner: {message}", file=sys.stderr)  # noqa: T201


def remark(message: str) -> None:
    """Prints a line that belongs to a complaint."""
    print(message, file=sys.stderr)  # noqa: T201


def open_streams() -> None:
    """Opens what of the standard streams is closed: the next file must not take its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, "w" if number else "r"))


def discard_output() -> None:
    """Lets the interpreter leave without trying to write again what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain_of_files(batch: api.Batch) -> bool:
    """Says which files could not be read or written; whether there was one."""
    problems = batch.input_errors()
    for problem in problems:
        complain(f"{problem.path}: {problem.reason}")
    return bool(problems)


def usage_error(message: str) -> NoReturn:
    """Complains and leaves with exit code 2."""
    complain(message)
    raise typer.Exit(2)


def colour_allowed() -> bool:
    """Whether the environment allows colours (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Renders diagnostics on standard error; of very many the first."""
    colour = sys.stderr.isatty() and colour_allowed()
    found = list(diagnostics)
    for diagnostic in found[:MAX_SHOWN]:
        remark(render_text(diagnostic, colour=colour) + "\n")
    if len(found) > MAX_SHOWN:
        remark(f"… and {len(found) - MAX_SHOWN} more: `lanner validate` shows all\n")


def verdict(
    name: str,
    found: Iterable[Diagnostic],
    *,
    ok: bool,
    before: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
) -> str:
    """The line that ends a report on a file: `rules.yaml: Invalid (1 error, 2 warnings)`."""
    by_severity = Counter(diagnostic.severity for diagnostic in found)
    counts = (
        f"{count} {severity.value}{'' if count == 1 or severity is Severity.ADVICE else 's'}"
        for severity in Severity
        if (count := by_severity[severity])
    )
    remarks = ", ".join((*before, *counts, *after))
    return f"{name}: {'Ok' if ok else 'Invalid'}" + (f" ({remarks})" if remarks else "")


def load_or_exit(rules: list[str] | None, local: list[str] | None) -> api.Ruleset:
    """Loads the rule files that the options name; invalid ones end the command with 1."""
    ruleset = api.load_rules(*(rules or ()), defaults=not rules, local=local or ())
    if not ruleset.ok:
        show(found for found in ruleset.diagnostics if found.is_error)
        complain("the rules are invalid")
        raise typer.Exit(1)
    return ruleset


def priority_or_exit(name: str) -> int:
    """The number of a priority; a word that is none is a usage error."""
    found = parse_priority(name)
    if found is None:
        usage_error(f"`{name}` is not a priority; use emergency, alert, … debug")
    return found


def select_or_exit(
    ruleset: api.Ruleset, *, priority: str, tags: list[str] | None, rules: list[str] | None
) -> api.Ruleset:
    """Narrows the rules as the options say; options that leave none are a usage error."""
    try:
        chosen = ruleset.select(priority=priority, tags=tags or (), rules=rules or ())
    except ValueError as error:
        usage_error(str(error))
    if not ruleset.rules:
        complain("no rule is enabled: nothing can match")
    elif not chosen.rules:
        usage_error("no enabled rule is left with these --priority, --tag and --rule options")
    return chosen
