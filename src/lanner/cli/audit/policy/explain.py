"""`lanner audit policy explain`: which rule decides about a request, and why."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lanner.audit.policy.explain import as_json, as_lines
from lanner.audit.policy.explain import explain as explain_decision
from lanner.cli import common
from lanner.cli.audit.policy import requests
from lanner.cli.audit.policy.loading import DEFAULT_POLICY, PolicyOption, policy_or_exit


def explain(
    policy: PolicyOption = DEFAULT_POLICY,
    verb: Annotated[
        str | None, typer.Option(help="get, list, watch, create, update, patch, delete, …")
    ] = None,
    resource: Annotated[
        str | None, typer.Option(help="pods, pods/log, deployments or widgets.example.com.")
    ] = None,
    subresource: Annotated[str, typer.Option(help="exec, log, status, …")] = "",
    api_group: Annotated[
        str | None, typer.Option(help='The API group; "" for the core group.')
    ] = None,
    namespace: Annotated[str, typer.Option("-n", "--namespace")] = "",
    name: Annotated[str, typer.Option(help="The name of the object.")] = "",
    url: Annotated[str | None, typer.Option(help="The URL or path, instead of a resource.")] = None,
    method: Annotated[str, typer.Option(help="The HTTP method, with --url.")] = "GET",
    user: Annotated[str, typer.Option(help="The name of the user.")] = "",
    group: Annotated[
        list[str] | None, typer.Option(help="A group of the user; may be given several times.")
    ] = None,
    unauthenticated: Annotated[
        bool, typer.Option("--unauthenticated", help="Authentication failed (401): no user.")
    ] = False,
    event: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="An audit event, or a log (.gz too); - for stdin."),
    ] = None,
    audit_id: Annotated[str | None, typer.Option(help="Which event of the log.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which rule of a policy decides about a request, and why each rule before it does not.

    The request is given by --verb and --resource, by --method and --url, or as an audit event. The
    groups that the API server adds itself (system:authenticated, those of service accounts) need
    not be given. Policies see the user who authenticated, never an impersonated one.

    Exit code: 0; 1 when the policy or the event cannot be used; 2 usage.

    Example: lanner audit policy explain --policy audit-policy.yaml --verb get --resource secrets
    -n prod --user dev
    """
    given = [option for option in (verb or resource, url, event) if option is not None]
    if len(given) != 1 or (event is None and audit_id is not None):
        common.usage_error("give --verb and --resource, or --url, or --event (with --audit-id)")
    name_of_user = None if unauthenticated else user
    groups = () if unauthenticated else requests.groups_of_user(user, group or ())
    try:
        if event is not None:
            request = requests.by_event(event, audit_id)
        elif url is not None:
            request = requests.by_url(method, url, name_of_user, groups)
        elif verb is None or resource is None:
            common.usage_error("--verb and --resource go together")
        else:
            target = requests.Target(resource, subresource, api_group, namespace, name)
            request = requests.by_flags(verb, target, name_of_user, groups)
    except requests.RequestError as error:
        if event is None:
            common.usage_error(str(error))
        common.complain(str(error))
        raise typer.Exit(1) from None
    except OSError as error:
        common.complain(f"{event}: {error.strerror or error}")
        raise typer.Exit(1) from None
    explanation = explain_decision(policy_or_exit(policy), request)
    if json_output:
        print(json.dumps(as_json(explanation)))  # noqa: T201
    else:
        print("\n".join(as_lines(explanation)))  # noqa: T201
