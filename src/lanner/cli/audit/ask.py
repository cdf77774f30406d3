"""`lanner audit ask`: ready questions to audit logs."""

from __future__ import annotations

from typing import Annotated

import typer

from lanner.api.audit import EVIDENCE, Asking
from lanner.api.query import QueryError
from lanner.audit.questions import QUESTIONS
from lanner.audit.questions.model import Asked
from lanner.audit.questions.roles import EXPANDABLE
from lanner.cli import common, tables, times
from lanner.cli.audit import reading, show
from lanner.diagnostics.suggest import suggest

_ALL_EVIDENCE = 100
"""Audit IDs of each row with --evidence."""

_OPTIONS = {"user": "--user", "baseline_ns": "--baseline"}


def ask(
    question: Annotated[
        str | None,
        typer.Argument(metavar="[QUESTION]", help="What to ask; without it, a list."),
    ] = None,
    logs: reading.LogsArgument = None,
    user: Annotated[
        str | None,
        typer.Option(help="Only what this user did, or somebody in their name."),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option("-n", "--namespace", help="Only what reaches this namespace."),
    ] = None,
    resource: Annotated[
        str | None, typer.Option(help="Only this resource: secrets, pods, or pods/exec.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Only what reaches the object of this name.")
    ] = None,
    verb: Annotated[str | None, typer.Option(help="Only this verb: get, list, create …")] = None,
    address: Annotated[
        str | None, typer.Option(help="Only requests that came through this address.")
    ] = None,
    where: reading.WhereOption = "",
    since: times.SinceOption = None,
    until: times.UntilOption = None,
    baseline: Annotated[
        str | None,
        typer.Option(help="first-seen: who was there before this time is known (as --since)."),
    ] = None,
    expand: Annotated[
        list[str] | None,
        typer.Option(
            metavar="names|namespaces",
            help="rbac: allow all objects instead of those used (names); what was done in several"
            " namespaces, in all (namespaces).",
        ),
    ] = None,
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence", help=f"Say on which audit IDs each row rests (at most {_ALL_EVIDENCE})."
        ),
    ] = False,
    top: Annotated[int, typer.Option(min=0, help="So many rows of each table; 0 for all.")] = 50,
    json_output: reading.JsonOption = False,
    csv_output: reading.CsvOption = False,
) -> None:
    """Answer a ready question from audit logs: who read, deleted, executed, escalated, failed …

    Without a question the questions are listed. Every request counts once, however many of its
    stages were recorded; `alice (as bob)` is alice, impersonating bob. A list, a watch or a
    deletecollection reaches what it covers: with --name and --namespace they are found, too.

    Reads what `lanner scan` reads: rotated and compressed logs, directories, cloud envelopes.
    --json and --csv print all rows, and audit IDs with them.

    Exit code: 0 when there is an answer, empty or not; 1 when a log cannot be read to its end or
    holds no audit event, or the condition is invalid; 2 usage.

    Example: lanner audit ask who-read --name db-cred -n prod /var/log/kubernetes/audit/

    Example: lanner audit ask rbac --user dev-user audit.log
    """
    reading.one_format(json_output=json_output, csv_output=csv_output)
    if question is None:
        tables.write(("Question", "Answers"), [(one.name, one.help) for one in QUESTIONS.values()])
        return
    chosen = QUESTIONS.get(question)
    if chosen is None:
        near = suggest(question, QUESTIONS)
        common.usage_error(
            f"there is no question `{question}`"
            + (f"; did you mean `{near}`?" if near else ": `lanner audit ask` lists them")
        )
    if wrong := sorted(set(expand or ()) - EXPANDABLE):
        common.usage_error(f"--expand {wrong[0]}: it is names or namespaces")
    asked = Asked(
        user=user,
        namespace=namespace,
        resource=resource,
        name=name,
        verb=verb,
        address=address,
        baseline_ns=times.parse_or_exit("--baseline", baseline) if baseline else None,
        expand=frozenset(expand or ()),
    )
    for needed in chosen.required:
        if getattr(asked, needed) is None:
            common.usage_error(f"{chosen.name} needs {_OPTIONS[needed]}")
    window = times.window_or_exit(since, until)
    inputs = reading.logs_or_exit(logs)
    try:
        asking = Asking(
            [chosen],
            inputs.paths,
            asked,
            where=where,
            since_ns=window[0],
            until_ns=window[1],
            evidence=_ALL_EVIDENCE if evidence else EVIDENCE,
        )
    except QueryError as error:
        common.show(error.diagnostics)
        raise typer.Exit(1) from None
    except ValueError as error:
        common.usage_error(str(error))
    with reading.reading(asking, inputs) as steps:
        for _ in steps:
            pass
        (answer,) = asking.answers()
        if json_output:
            show.as_json(answer)
        elif csv_output:
            show.as_csv(answer)
        else:
            show.as_tables(answer, top=top, evidence=evidence)
