"""Requests from the command line: by flags, by URL, or out of an audit log."""

from __future__ import annotations

import gzip
import io
import json
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from lanner.audit import STDIN
from lanner.audit.policy.attributes import Attributes, from_event, from_url
from lanner.audit.policy.builtin import NAMES, groups_of
from lanner.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_EVENT_BYTES = 16 * 1024 * 1024
ANONYMOUS = "system:anonymous"
_VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
    *("post", "put", "head", "options", "proxy"),
)


class RequestError(Exception):
    """The options name no request; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """What `--resource` and the options around it say."""

    resource: str
    subresource: str = ""
    api_group: str | None = None
    namespace: str = ""
    name: str = ""


def groups_of_user(user: str, given: Sequence[str]) -> tuple[str, ...]:
    """The given groups, and those that the API server adds to every user of this kind."""
    groups = list(given)
    parts = user.split(":")
    if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4:
        groups += ["system:serviceaccounts", f"system:serviceaccounts:{parts[2]}"]
    groups.append("system:unauthenticated" if user == ANONYMOUS else "system:authenticated")
    return tuple(dict.fromkeys(groups))


def by_url(method: str, url: str, user: str | None, groups: Sequence[str]) -> Attributes:
    """A request as an HTTP client makes it."""
    if "://" not in url and not url.startswith("/"):
        raise RequestError(f"--url {url}: a path begins with /")
    try:
        return from_url(method, url, user, groups)
    except ValueError as error:
        raise RequestError(f"--url {url}: {error}") from None


def by_flags(verb: str, target: Target, user: str | None, groups: Sequence[str]) -> Attributes:
    """A request for a resource, put together from its parts."""
    if verb not in _VERBS:
        hint = did_you_mean(verb, _VERBS)
        raise RequestError(f"--verb {verb}: no such verb" + (f"; {hint}" if hint else ""))
    resource, _, subresource = target.resource.partition("/")
    resource, dot, group = resource.partition(".")
    if target.api_group is not None:
        group = target.api_group
    elif not dot:
        known = groups_of(resource)
        if not known:
            hint = did_you_mean(resource, NAMES) or "in which API group?"
            raise RequestError(
                f"--resource {resource}: {hint} Write {resource}.example.com for a resource that"
                " Kubernetes itself does not have, or give --api-group"
            )
        group = known[0]
    subresource = target.subresource or subresource
    # the name of an object that is created is in the body, which policies do not see
    named = verb not in {"create", "deletecollection"} or bool(subresource)
    name = target.name if named else ""
    namespace = target.namespace
    if resource == "namespaces" and not group:
        namespace = name
    return Attributes(
        user=user,
        groups=tuple(groups),
        verb=verb,
        is_resource_request=True,
        namespace=namespace,
        api_group=group,
        resource=resource,
        subresource=subresource,
        name=name,
    )


def by_event(path: str, audit_id: str | None) -> Attributes:
    """The request that an event in a file tells of.

    Raises:
        OSError: the file cannot be read.
        RequestError: there is no such event, or more than one request to choose from.

    """
    with closing(_open(path)) as file:
        try:
            events = list(_chosen(file, audit_id) if audit_id else _all(file))
        except (ValueError, RecursionError, EOFError) as error:
            raise RequestError(f"{path}: not JSON: {error}") from None
    if not events:
        missing = f"no event with the audit ID {audit_id}" if audit_id else "no audit event"
        raise RequestError(f"{path}: {missing}")
    ids = {str(event.get("auditID")) for event in events}
    if len(ids) > 1:
        raise RequestError(f"{path}: {len(ids)} requests; choose one with --audit-id")
    return from_event(events[0])


def _open(path: str) -> IO[bytes]:
    if path == STDIN:
        return sys.stdin.buffer
    if path.endswith(".gz"):
        return io.BufferedReader(gzip.GzipFile(path))
    return Path(path).open("rb")


def _chosen(file: IO[bytes], audit_id: str) -> Iterator[dict[str, Any]]:
    """The events of a log, one a line, that have the audit ID; only their lines are parsed."""
    wanted = json.dumps(audit_id).encode()
    while line := file.readline(MAX_EVENT_BYTES):
        if wanted in line:
            yield from (
                event for event in _events(json.loads(line)) if event["auditID"] == audit_id
            )


def _all(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    data = file.read(MAX_EVENT_BYTES + 1)
    if len(data) > MAX_EVENT_BYTES:
        raise RequestError("the file is large: choose an event with --audit-id")
    text = data.decode("utf-8-sig").strip()
    decoder = json.JSONDecoder()
    while text:
        value, end = decoder.raw_decode(text)
        yield from _events(value)
        text = text[end:].lstrip()


def _events(value: object) -> Iterator[dict[str, Any]]:
    """The events in an event, an EventList or a list."""
    if isinstance(value, list):
        for item in value:
            yield from _events(item)
    elif isinstance(value, dict):
        if isinstance(value.get("items"), list):
            yield from _events(value["items"])
        elif "auditID" in value:
            yield value
