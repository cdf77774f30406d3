"""Which detection rules can never fire, because the policy does not record what they need.

A rule is tried on all requests that its condition and the policy can tell apart, with what the
policy would record of each; what neither of them names is one stand-in. Fields whose values only an
event can tell count as anything, so a rule is called dead only when it is. (`pods` are taken to be
those of Kubernetes, though others may call a resource of theirs so.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from lanner.audit.policy.attributes import Attributes
from lanner.audit.policy.builtin import groups_of
from lanner.audit.policy.evaluate import evaluate, stages_of
from lanner.audit.policy.events import (
    NAMESPACE,
    RESOURCE,
    STAGE,
    SUBRESOURCE,
    USER,
    VERB,
    Vocabulary,
    events,
    needs,
    recorded,
)
from lanner.audit.policy.model import Level, Stage
from lanner.audit.policy.partial import OTHER, Known, PartialCondition
from lanner.audit.policy.reach import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lanner.audit.policy.evaluate import Decision
    from lanner.audit.policy.events import Event
    from lanner.audit.policy.model import Policy
    from lanner.rules.model import CheckedRule

SOURCE = "k8s_audit"
_MAX_FIELDS = 3
MAX_REQUESTS = 100_000
"""Requests that are tried for a rule; one that needs more is taken to be able to fire."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A detection rule that can never fire, and why; one reason for each thing in its way."""

    rule: str
    reasons: tuple[str, ...]


def gaps(rules: Iterable[CheckedRule], policy: Policy) -> list[Gap]:
    """The rules for audit events that can never fire under the policy."""
    vocabulary = Vocabulary(policy)
    found = []
    for rule in rules:
        if rule.source == SOURCE:
            reasons = _in_its_way(PartialCondition(rule), policy, vocabulary)
            if reasons is not None:
                found.append(Gap(rule.name, reasons))
    return found


def _in_its_way(
    condition: PartialCondition, policy: Policy, vocabulary: Vocabulary
) -> tuple[str, ...] | None:
    """Why no request makes the rule fire; None when one may."""
    reasons: dict[str, None] = {}
    tried = 0
    for event in events(condition, vocabulary):
        for request in _requests(event, vocabulary):
            tried += 1
            if tried > MAX_REQUESTS:
                return None
            reason = _obstacle(condition, event, request, policy)
            if reason is None:
                return None
            if reason:
                reasons[reason] = None
    return tuple(reasons) or ("no request makes its condition true",)


def _requests(event: Event, vocabulary: Vocabulary) -> Iterator[Attributes]:
    user = event[USER]
    nobody = user is None
    groups = [(), *((group,) for group in sorted(vocabulary.user_groups))]
    verb, resource = _word(event[VERB]), event[RESOURCE]
    for of_user in [()] if nobody else groups:
        base = (None if nobody else _word(user), of_user, verb)
        if resource is None:
            for path in (f"/{ANY}", *sorted(vocabulary.paths)):
                yield Attributes(*base, path)
            continue
        api_groups = groups_of(_word(resource)) or (ANY, *sorted(vocabulary.groups))
        for api_group, name in product(api_groups, (ANY, *sorted(vocabulary.names))):
            yield Attributes(
                *base,
                is_resource_request=True,
                api_group=api_group,
                resource=_word(resource),
                subresource=_word(event[SUBRESOURCE]),
                namespace=_word(event[NAMESPACE]),
                name=name,
            )


def _word(value: Known) -> str:
    return ANY if value is OTHER else value or ""


def _obstacle(
    condition: PartialCondition, event: Event, request: Attributes, policy: Policy
) -> str | None:
    """What keeps the rule from firing on this request; empty where there is no such event."""
    stage = Stage(_word(event[STAGE]))
    if stage not in (*stages_of(request), Stage.PANIC):
        return ""
    if condition.truth(recorded(condition, event, Level.REQUEST_RESPONSE)) is False:
        return ""
    decision = evaluate(policy, request)
    if decision.rule is None:
        return "no rule matches its requests: nothing is recorded of them"
    who = f"rules[{decision.rule}]"
    if decision.level is Level.NONE:
        return f"{who} records nothing of its requests"
    if stage in decision.omit_stages:
        return f"{who} omits the stage {stage.value}"
    if condition.truth(recorded(condition, event, decision.level)) is not False:
        return None
    return f"{who} {_too_little(condition, event, decision)}"


def _too_little(condition: PartialCondition, event: Event, decision: Decision) -> str:
    enough = next(
        level
        for level in Level
        if level > decision.level
        and condition.truth(recorded(condition, event, level)) is not False
    )
    fields = sorted(field for field in condition.fields if decision.level < needs(field) <= enough)
    named = ", ".join(fields[:_MAX_FIELDS]) + (", …" if len(fields) > _MAX_FIELDS else "")
    need = "needs" if len(fields) == 1 else "need"
    return f"records its requests at {decision.level.spelling}; {named} {need} {enough.spelling}"
