"""Conditions that match nothing as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.attributes import from_url
from lanner.audit.policy.builtin import RESOURCES, groups_of
from lanner.audit.policy.evaluate import group_name
from lanner.audit.policy.reach import OTHER_VERBS, RESOURCE_VERBS
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code
from lanner.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.model import GroupResources, Policy, PolicyRule

CODE = Code(
    "AUDIT_POLICY_MATCHES_NOTHING",
    "Matches nothing",
    "A condition is valid and matches no request as it is written: a resource in the wrong group, a"
    " wildcard where there are none, a verb that does not exist.",
)
_VERBS = frozenset((*RESOURCE_VERBS, *OTHER_VERBS, "proxy", "connect", "trace"))
_VERBS_OF_USERS = {
    "read": "get, list and watch",
    "write": "create, update, patch and delete",
    "replace": "update",
    "exec": "create and get, with the resource pods/exec",
    "edit": "update and patch",
    "remove": "delete",
}
_GROUPS = frozenset(
    ("system:authenticated", "system:unauthenticated", "system:masters", "system:nodes")
)
_SERVICE_ACCOUNT = "system:serviceaccount:"
_SERVICE_ACCOUNTS = "system:serviceaccounts"
_WITHOUT_NAME = frozenset(("create", "deletecollection"))

Finding = tuple[str, str, str | None]
"""The place within the rule, what is wrong, and what may help."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Every such condition of every rule."""
    for number, rule in enumerate(policy.rules):
        for place, message, help_text in _of_rule(rule):
            yield Diagnostic(
                CODE.name,
                Severity.ADVICE,
                f"rules[{number}].{place}: {message}",
                rule.places.get(place, rule.span),
                help=help_text,
            )


def _of_rule(rule: PolicyRule) -> Iterator[Finding]:
    for field, values in (
        ("users", rule.users),
        ("userGroups", rule.user_groups),
        ("verbs", rule.verbs),
        ("namespaces", rule.namespaces),
    ):
        for index, value in enumerate(values):
            if "*" in value:
                message = f"`{value}` is taken literally: there are no wildcards in {field}"
                yield (
                    f"{field}[{index}]",
                    message,
                    f"name each one, or leave `{field}` out to match all",
                )
    for index, verb in enumerate(rule.verbs):
        yield from _of_verb(f"verbs[{index}]", verb)
    for index, user in enumerate(rule.users):
        if user in _GROUPS or user == _SERVICE_ACCOUNTS or user.startswith(f"{_SERVICE_ACCOUNTS}:"):
            yield f"users[{index}]", f"`{user}` is a group", "write it below `userGroups`"
    for index, group in enumerate(rule.user_groups):
        if group.startswith(_SERVICE_ACCOUNT):
            yield f"userGroups[{index}]", f"`{group}` is a user", "write it below `users`"
    for index, url in enumerate(rule.non_resource_urls):
        if from_url("GET", url.rstrip("*"), "").is_resource_request:
            message = f"`{url}` is the path of resources, which are no non-resource URLs"
            yield f"nonResourceURLs[{index}]", message, "use `resources` instead"
    for index, entry in enumerate(rule.resources):
        yield from _of_entry(f"resources[{index}]", entry, rule)


def _of_verb(place: str, verb: str) -> Iterator[Finding]:
    if verb in _VERBS or "*" in verb:
        return
    hint = did_you_mean(verb, _VERBS)
    if verb.lower() in _VERBS_OF_USERS:
        hint = f"the verbs are {_VERBS_OF_USERS[verb.lower()]}"
    yield place, f"no request has the verb `{verb}`", hint


def _of_entry(place: str, entry: GroupResources, rule: PolicyRule) -> Iterator[Finding]:
    known = RESOURCES.get(entry.group)
    for index, pattern in enumerate(entry.resources):
        where = f"{place}.resources[{index}]"
        if pattern == "*/*":
            yield where, "`*/*` matches nothing", "`*` matches all resources and subresources"
            continue
        resource = pattern.partition("/")[0]
        if resource == "*" or entry.group == "*" or resource in (known or (resource,)):
            continue
        served = [group_name(group) for group in groups_of(resource)]
        if served:
            message = f"`{resource}` is not in {group_name(entry.group)}"
            yield where, message, f"its group is {' or '.join(served)}"
        elif known is not None:
            message = f"{group_name(entry.group)} has no `{resource}`"
            yield where, message, did_you_mean(resource, known)
    if entry.group and known is None and not _is_qualified(entry.group):
        message = f"`{entry.group}` is no group of Kubernetes, and groups of others have a dot"
        yield f"{place}.group", message, 'the core group is ""'
    for index, name in enumerate(entry.resource_names):
        if "*" in name:
            message = f"`{name}` is taken literally: there are no wildcards in resourceNames"
            yield f"{place}.resourceNames[{index}]", message, "leave `resourceNames` out"
    if entry.resource_names and rule.verbs and _WITHOUT_NAME.issuperset(rule.verbs):
        subresources = any("/" in pattern for pattern in entry.resources)
        if not subresources:
            message = "requests with these verbs have no name in their URL"
            yield f"{place}.resourceNames[0]", message, "leave `resourceNames` out"


def _is_qualified(group: str) -> bool:
    return "." in group or group == "*"
