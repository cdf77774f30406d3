"""Requests as accesses: what RBAC has to allow so that they go through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner.audit.questions import bodies
from lanner.audit.questions.columns import api_group, code_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lanner.audit.questions.model import Group

IMPERSONATED_GROUPS = "jevt.value[/impersonatedUser/groups]"
_SERVICE_ACCOUNT = "system:serviceaccount:"
_ADDED_GROUPS = ("system:authenticated", "system:serviceaccounts")
"""Groups that the API server adds by itself to whom is impersonated."""

_CREATED = 201


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One thing to allow.

    `namespace` is empty for what is not in a namespace, or in all; `name` where the name plays no
    role. With `path`, it is no resource.
    """

    namespace: str
    group: str
    resource: str
    verb: str
    name: str
    path: str = ""


def accesses_of(groups: Iterable[Group], user: str) -> set[Access]:
    """What the requests of a user need, those that somebody else made in their name included."""
    found: set[Access] = set()
    for group in groups:
        if group["user"] == user and group["as"]:
            found.update(_impersonations(group))
        if (group["as"] or group["user"]) == user:
            found.update(_needed(group))
    return found


def impersonated_groups(group: Group) -> list[str]:
    """The groups that somebody took on; needs `IMPERSONATED_GROUPS`."""
    return bodies.words_of(bodies.decoded(group[IMPERSONATED_GROUPS]))


def _needed(group: Group) -> Iterator[Access]:
    verb = group["verb"] or ""
    if not group["resource"]:
        yield Access("", "", "", verb, "", group["path"] or "/")
        return
    resource, subresource = group["resource"], group["subresource"]
    # The name of what is created is not in the URL, so no role can name it: what is recorded comes
    # out of the body. Of a subresource it is in the URL.
    is_named = verb != "deletecollection" and (verb != "create" or subresource)
    access = Access(
        namespace=group["namespace"] or "",
        group=api_group(group),
        resource=f"{resource}/{subresource}" if subresource else resource,
        verb=verb,
        name=(group["name"] or "") if is_named else "",
    )
    yield access
    if verb in {"update", "patch"} and code_of(group) == _CREATED:
        # the API server asks for `create` too when there is nothing to change yet
        # in apiserver: update.go and patch.go of endpoints/handlers
        yield Access(access.namespace, access.group, access.resource, "create", "")


def _impersonations(group: Group) -> Iterator[Access]:
    """The permissions to impersonate (apiserver, endpoints/filters/impersonation.go)."""
    acting_as = group["as"]
    if acting_as.startswith(_SERVICE_ACCOUNT):
        namespace, _, name = acting_as.removeprefix(_SERVICE_ACCOUNT).partition(":")
        yield Access(namespace, "", "serviceaccounts", "impersonate", name)
    else:
        yield Access("", "", "users", "impersonate", acting_as)
    for name in impersonated_groups(group):
        if not name.startswith(_ADDED_GROUPS):
            yield Access("", "", "groups", "impersonate", name)
