"""Audit events as far as detection rules and policies can tell them apart.

What no condition and no policy names is one stand-in; fields of which only an event can tell are
left open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.model import Level, Stage
from lanner.audit.policy.partial import OTHER, Known
from lanner.audit.policy.reach import ANY, OTHER_VERBS, RESOURCE_VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lanner.audit.policy.model import Policy
    from lanner.audit.policy.partial import PartialCondition

STAGE, VERB, USER = "ka.stage", "ka.verb", "ka.user.name"
RESOURCE, SUBRESOURCE = "ka.target.resource", "ka.target.subresource"
NAMESPACE, NAME = "ka.target.namespace", "ka.target.name"
_SENT_WITH = frozenset(("create", "update", "patch", "delete", "deletecollection"))
Event = dict[str, Known]


class Vocabulary:
    """The values that a policy names."""

    def __init__(self, policy: Policy) -> None:
        entries = [entry for rule in policy.rules for entry in rule.resources]
        patterns = [pattern.partition("/") for entry in entries for pattern in entry.resources]
        self.resources = {resource for resource, _, _ in patterns} - {"*"}
        self.subresources = {subresource for _, _, subresource in patterns} - {"*", ""}
        self.names = {name for entry in entries for name in entry.resource_names}
        self.groups = {entry.group for entry in entries} - {"*"}
        self.namespaces = {name for rule in policy.rules for name in rule.namespaces} - {""}
        self.users = {user for rule in policy.rules for user in rule.users}
        self.user_groups = {group for rule in policy.rules for group in rule.user_groups}
        self.paths = {
            path
            for rule in policy.rules
            for url in rule.non_resource_urls
            for path in (url.rstrip("*"), f"{url.rstrip('*')}{ANY}")
        }


def events(condition: PartialCondition, vocabulary: Vocabulary) -> Iterator[Event]:
    """What can be known of events that may make the condition true."""

    def values(field: str, named: set[str]) -> list[Known]:
        return [OTHER, *sorted(condition.constants(field) | named)]

    callers: list[Known] = [*values(USER, vocabulary.users), None]
    stages: list[Known] = [*Stage]
    of_resources: list[tuple[str, list[Known]]] = [
        (STAGE, stages),
        (RESOURCE, values(RESOURCE, vocabulary.resources)),
        (VERB, [*RESOURCE_VERBS, "proxy"]),
        (SUBRESOURCE, [None, *values(SUBRESOURCE, vocabulary.subresources)]),
        (NAMESPACE, [*values(NAMESPACE, vocabulary.namespaces), None]),
        (USER, callers),
    ]
    of_paths: list[tuple[str, list[Known]]] = [
        (STAGE, stages),
        (VERB, [*OTHER_VERBS]),
        (USER, callers),
    ]
    yield from _narrowed(condition, of_resources, {})
    no_object = dict.fromkeys((RESOURCE, SUBRESOURCE, NAMESPACE, NAME))
    yield from _narrowed(condition, of_paths, {**no_object})


def _narrowed(
    condition: PartialCondition, dimensions: Sequence[tuple[str, list[Known]]], known: Event
) -> Iterator[Event]:
    """All combinations, without those that a part of already makes the condition false."""
    if condition.truth(known) is False:
        return
    if not dimensions:
        yield known
        return
    (field, values), *rest = dimensions
    for value in values:
        yield from _narrowed(condition, rest, {**known, field: value})


def recorded(condition: PartialCondition, event: Event, level: Level) -> Event:
    """The event as it is recorded at a level: fields of bodies that are not there are absent."""
    available = level
    if event[STAGE] == Stage.REQUEST_RECEIVED or event[RESOURCE] is None:
        available = Level.METADATA
    missing = {field for field in condition.fields if needs(field) > available}
    if event[VERB] not in _SENT_WITH:
        missing |= {field for field in condition.fields if needs(field) is Level.REQUEST}
    return {**event, **dict.fromkeys(missing)}


def needs(field: str) -> Level:
    """The level at which a field can have a value."""
    if field.startswith(("ka.resp.", "ka.target.pod.name")) or "[/responseObject" in field:
        return Level.REQUEST_RESPONSE
    if field.startswith("ka.req.") or "[/requestObject" in field:
        return Level.REQUEST
    return Level.METADATA
