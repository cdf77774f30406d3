"""What a policy decides about a request: the executable meaning of policies.

The first rule that matches wins (kubernetes/apiserver `pkg/audit/policy/checker.go`). Nothing but
resources and URLs knows wildcards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner.audit.policy.model import Level, Stage

if TYPE_CHECKING:
    from lanner.audit.policy.attributes import Attributes
    from lanner.audit.policy.model import GroupResources, Policy, PolicyRule

_LONG_VERBS = frozenset(("watch", "proxy"))
_MAX_SHOWN = 8
_LONG_SUBRESOURCES = frozenset(("attach", "exec", "proxy", "log", "portforward"))


@dataclass(frozen=True, slots=True)
class Decision:
    """What is recorded of a request. `rule` counts from zero; None when no rule matches."""

    level: Level
    omit_stages: frozenset[Stage]
    omit_managed_fields: bool
    rule: int | None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first condition of a rule that a request does not meet: its field, and why."""

    condition: str
    reason: str

    def __str__(self) -> str:
        """The condition and the reason, as people read them."""
        return f"{self.condition}: {self.reason}"


def evaluate(policy: Policy, attributes: Attributes) -> Decision:
    """What the policy decides."""
    number = next(
        (n for n, rule in enumerate(policy.rules) if mismatch(rule, attributes) is None), None
    )
    rule = None if number is None else policy.rules[number]
    return Decision(
        level=Level.NONE if rule is None else rule.level,
        omit_stages=policy.stages_omitted_by(rule),
        omit_managed_fields=policy.managed_fields_omitted_by(rule),
        rule=number,
    )


def reasons(policy: Policy, attributes: Attributes) -> tuple[Mismatch, ...]:
    """Why the rules before the one that decides do not match, in order."""
    found = []
    for rule in policy.rules:
        why = mismatch(rule, attributes)
        if why is None:
            break
        found.append(why)
    return tuple(found)


def mismatch(rule: PolicyRule, attributes: Attributes) -> Mismatch | None:
    """The first condition of the rule that does not hold; None when the rule matches."""
    user = attributes.user
    if user is None and (rule.users or rule.user_groups):
        condition = "users" if rule.users else "userGroups"
        return Mismatch(condition, "the request has no user: authentication failed")
    if rule.users and user not in rule.users:
        return Mismatch("users", f"{user} is not {_one_of(rule.users)}")
    if rule.user_groups and not set(rule.user_groups).intersection(attributes.groups):
        groups = ", ".join(attributes.groups) or "no group"
        return Mismatch("userGroups", f"{groups}: not {_one_of(rule.user_groups)}")
    if rule.verbs and attributes.verb not in rule.verbs:
        return Mismatch("verbs", f"{attributes.verb} is not {_one_of(rule.verbs)}")
    if rule.namespaces or rule.resources:
        return _resource_mismatch(rule, attributes)
    if rule.non_resource_urls:
        if attributes.is_resource_request:
            return Mismatch("nonResourceURLs", "this is a request for a resource")
        if not any(url_matches(url, attributes.path) for url in rule.non_resource_urls):
            urls = _one_of(rule.non_resource_urls)
            return Mismatch("nonResourceURLs", f"{attributes.path} is not {urls}")
    return None


def _resource_mismatch(rule: PolicyRule, attributes: Attributes) -> Mismatch | None:
    condition = "namespaces" if rule.namespaces else "resources"
    if not attributes.is_resource_request:
        return Mismatch(condition, f"{attributes.path} is no request for a resource")
    if rule.namespaces and attributes.namespace not in rule.namespaces:
        namespace = attributes.namespace or "(none: the whole cluster)"
        return Mismatch("namespaces", f"{namespace} is not {_one_of(rule.namespaces)}")
    if not rule.resources or any(entry_matches(entry, attributes) for entry in rule.resources):
        return None
    return _nearest(rule.resources, attributes)


def _nearest(entries: tuple[GroupResources, ...], attributes: Attributes) -> Mismatch:
    """What the entry that comes closest to matching asks for."""
    in_group = [entry for entry in entries if group_matches(entry.group, attributes.api_group)]
    if not in_group:
        groups = tuple(dict.fromkeys(group_name(entry.group) for entry in entries))
        group = group_name(attributes.api_group)
        reason = f"{attributes.combined_resource} is in {group}, not in {_one_of(groups)}"
        return Mismatch("resources", reason)
    wanted = [
        entry
        for entry in in_group
        if any(resource_matches(resource, attributes) for resource in entry.resources)
    ]
    if wanted:
        names = tuple(dict.fromkeys(name for entry in wanted for name in entry.resource_names))
        name = attributes.name or "(no name in the URL)"
        return Mismatch("resourceNames", f"{name} is not {_one_of(names)}")
    resources = tuple(dict.fromkeys(name for entry in in_group for name in entry.resources))
    return Mismatch("resources", f"{attributes.combined_resource} is not {_one_of(resources)}")


def entry_matches(entry: GroupResources, attributes: Attributes) -> bool:
    """Whether a request for a resource is for one of the entry's; no resources mean all."""
    if not group_matches(entry.group, attributes.api_group):
        return False
    if not entry.resources:
        return True
    if entry.resource_names and attributes.name not in entry.resource_names:
        return False
    return any(resource_matches(resource, attributes) for resource in entry.resources)


def group_matches(pattern: str, group: str) -> bool:
    """`*` stands for all groups, since Kubernetes 1.36."""
    return pattern in {"*", group}


def resource_matches(pattern: str, attributes: Attributes) -> bool:
    """`pods`, `pods/log`, `*` for all with subresources, `*/log`, and `pods/*`.

    The last one matches `pods` too.
    """
    if pattern in {"*", attributes.combined_resource}:
        return True
    subresource = attributes.subresource
    if subresource and pattern.startswith("*/") and pattern[2:] == subresource:
        return True
    return pattern.endswith("/*") and pattern[:-2] == attributes.resource


def url_matches(pattern: str, path: str) -> bool:
    """`*` at the end stands for anything."""
    if pattern in {"*", path}:
        return True
    return pattern.endswith("*") and path.startswith(pattern.rstrip("*"))


def stages_of(attributes: Attributes) -> tuple[Stage, ...]:
    """The stages that a request goes through unless the API server panics, in order.

    A request whose authentication failed makes one event. Long requests are those that
    kube-apiserver treats so (kubernetes `pkg/controlplane/apiserver/config.go`).
    """
    if attributes.user is None:
        return (Stage.RESPONSE_STARTED,)
    long = (
        attributes.verb in _LONG_VERBS or attributes.subresource in _LONG_SUBRESOURCES
        if attributes.is_resource_request
        else attributes.path.startswith("/debug/pprof/")
    )
    started = (Stage.RESPONSE_STARTED,) if long else ()
    return (Stage.REQUEST_RECEIVED, *started, Stage.RESPONSE_COMPLETE)


def stages_written(decision: Decision, attributes: Attributes) -> tuple[Stage, ...]:
    """The stages of a request of which an event is written."""
    if decision.level is Level.NONE:
        return ()
    return tuple(stage for stage in stages_of(attributes) if stage not in decision.omit_stages)


def group_name(group: str) -> str:
    """An API group as people read it."""
    return group or "the core group"


def _one_of(values: tuple[str, ...]) -> str:
    shown = ", ".join(value or '""' for value in values[:_MAX_SHOWN])
    if len(values) > _MAX_SHOWN:
        shown += f" and {len(values) - _MAX_SHOWN} more"
    return shown if len(values) == 1 else f"one of {shown}"
