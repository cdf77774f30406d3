"""Which requests a rule decides, when the rules before it have had their turn.

A policy tells values apart only by the ones that it names, so one stand-in is as good as all
others: what a rule can match comes down to a few requests. Trying them decides exactly whether a
rule can ever be reached, also where several rules together keep everything from it.
"""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

from lanner.audit.policy.attributes import Attributes
from lanner.audit.policy.evaluate import evaluate, mismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lanner.audit.policy.model import GroupResources, Policy, PolicyRule

ANY = "…"
"""Stands for all values that the policy does not name."""

MAX_REQUESTS = 1_000
"""Requests that are tried for a rule."""

RESOURCE_VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
)
OTHER_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
"""Verbs of requests that are for no resource: the HTTP method."""


class Target(NamedTuple):
    """A resource, and a verb if only that one is meant."""

    api_group: str
    resource: str
    subresource: str = ""
    verb: str | None = None


def deciders(policy: Policy, number: int) -> set[int] | None:
    """The rules that decide all that this rule could match; None when it decides something itself.

    None too when there is too much to try.
    """
    found = set()
    requests = _requests(policy.rules[number])
    for request in islice(requests, MAX_REQUESTS):
        rule = evaluate(policy, request).rule
        if rule == number or rule is None:
            return None
        found.add(rule)
    return found if next(requests, None) is None else None


def decided(policy: Policy, number: int, targets: Iterable[Target]) -> Target | None:
    """The first of the targets of which this rule decides some requests."""
    rule = policy.rules[number]
    return next(
        (
            target
            for target in targets
            if any(
                mismatch(rule, request) is None and evaluate(policy, request).rule == number
                for request in islice(_of_resource(rule, target, _names(rule)), MAX_REQUESTS)
            )
        ),
        None,
    )


def _requests(rule: PolicyRule) -> Iterator[Attributes]:
    """Requests that match the rule; every request that does is decided like one of them."""
    if rule.resources:
        for entry in rule.resources:
            for target in _targets(entry):
                # without resources the names of an entry are not looked at
                names = entry.resource_names if entry.resources else ()
                yield from _of_resource(rule, target, names or (ANY,))
        return
    if not rule.non_resource_urls:
        yield from _of_resource(rule, Target(ANY, ANY), (ANY,))
    if not rule.namespaces:
        for url in rule.non_resource_urls or ("*",):
            path = f"{url.rstrip('*') or '/'}{ANY}" if url.endswith("*") else url
            for user, groups, verb in _callers(rule, rule.verbs or OTHER_VERBS):
                yield Attributes(user, groups, verb, path)


def targets_of(rule: PolicyRule) -> Iterator[Target]:
    """What a rule's `resources` come down to."""
    for entry in rule.resources:
        yield from _targets(entry)
    if not rule.resources:
        yield Target(ANY, ANY)


def _targets(entry: GroupResources) -> Iterator[Target]:
    group = ANY if entry.group == "*" else entry.group
    for pattern in entry.resources or ("*",):
        resource, _, subresource = pattern.partition("/")
        if pattern == "*/*":
            continue  # matches nothing
        yield Target(
            group, ANY if resource == "*" else resource, ANY if subresource == "*" else subresource
        )


def _of_resource(rule: PolicyRule, target: Target, names: Iterable[str]) -> Iterator[Attributes]:
    verbs = rule.verbs or RESOURCE_VERBS if target.verb is None else (target.verb,)
    for name, namespace in product(names, rule.namespaces or (ANY,)):
        for user, groups, verb in _callers(rule, verbs):
            yield Attributes(
                user=user,
                groups=groups,
                verb=verb,
                is_resource_request=True,
                namespace=namespace,
                api_group=target.api_group,
                resource=target.resource,
                subresource=target.subresource,
                name=name,
            )


def _callers(
    rule: PolicyRule, verbs: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    groups: list[tuple[str, ...]] = [(group,) for group in rule.user_groups] or [()]
    return product(rule.users or (ANY,), groups, verbs)


def _names(rule: PolicyRule) -> tuple[str, ...]:
    return (ANY, *(name for entry in rule.resources for name in entry.resource_names))
