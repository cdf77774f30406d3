"""The smallest policy under which detection rules can fire.

For each kind of request that a rule can fire on, the lowest level is found at which what is
recorded does not make its condition false. Users, namespaces and names are left out: a policy that
is narrow there misses what others do.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lanner.audit.policy.attributes import Attributes
from lanner.audit.policy.builtin import groups_of
from lanner.audit.policy.coverage import SOURCE
from lanner.audit.policy.evaluate import stages_of
from lanner.audit.policy.events import (
    RESOURCE,
    STAGE,
    SUBRESOURCE,
    USER,
    VERB,
    Vocabulary,
    events,
    recorded,
)
from lanner.audit.policy.model import GroupResources, Level, Policy, PolicyRule, Stage
from lanner.audit.policy.partial import OTHER, PartialCondition
from lanner.audit.policy.reach import OTHER_VERBS, RESOURCE_VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.audit.policy.events import Event
    from lanner.rules.model import CheckedRule

_VERBS = frozenset((*RESOURCE_VERBS, "proxy"))
"""Of resources: a rule that needs all of them names none."""
_SHOWN = 4
"""So many names of detection rules stand in a comment."""
_EVERYTHING = ("*", "*")
_PATHS = ("", "")
Target = tuple[str, str]
"""API group, and resource with its subresource; or one of those above: all of them, or none."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A policy, and for whom its rules are there.

    Attributes:
        policy: what has to be recorded, the highest levels first.
        because: for each of its rules, the detection rules that need it.
        never: detection rules that no request makes true, whatever is recorded.

    """

    policy: Policy
    because: tuple[tuple[str, ...], ...]
    never: tuple[str, ...]


@dataclass(slots=True)
class _Demand:
    """What must be recorded of requests of one verb to one target."""

    level: Level = Level.NONE
    rules: dict[str, None] = field(default_factory=dict)


def for_rules(rules: Iterable[CheckedRule]) -> Needed:
    """The policy for these rules; those of other sources are left out."""
    demands: dict[tuple[Target, str], _Demand] = defaultdict(_Demand)
    stages: set[Stage] = set()
    never = []
    nothing = Vocabulary(Policy(()))
    for rule in rules:
        if rule.source != SOURCE:
            continue
        condition = PartialCondition(rule)
        can_fire = False
        for event in events(condition, nothing):
            stage = Stage(str(event[STAGE]))
            level = _level(condition, event, stage)
            if level is None:
                continue
            can_fire = True
            stages.add(stage)
            for target in _targets(event):
                demand = demands[target, str(event[VERB])]
                demand.level = max(demand.level, level)
                demand.rules[rule.name] = None
        if not can_fire:
            never.append(rule.name)
    omitted = tuple(stage for stage in (Stage.REQUEST_RECEIVED,) if stage not in stages)
    made = _rules(demands)
    return Needed(
        Policy(tuple(rule for rule, _ in made), omitted),
        tuple(names for _, names in made),
        tuple(never),
    )


def _level(condition: PartialCondition, event: Event, stage: Stage) -> Level | None:
    """The lowest level at which the event can make the condition true; None when none does."""
    if event[USER] is None or stage is Stage.PANIC:
        # who is not known is recorded as everybody is; nobody panics on purpose
        return None
    resource, subresource = event[RESOURCE], event[SUBRESOURCE]
    request = Attributes(
        user="",
        groups=(),
        verb=str(event[VERB]),
        is_resource_request=resource is not None,
        subresource=subresource if isinstance(subresource, str) else "",
    )
    if stage not in stages_of(request):
        return None
    levels = (level for level in Level if level)
    found = (one for one in levels if condition.truth(recorded(condition, event, one)) is not False)
    return next(found, None)


def _targets(event: Event) -> list[Target]:
    resource, subresource = event[RESOURCE], event[SUBRESOURCE]
    if resource is None:
        return [_PATHS]
    if resource is OTHER:
        return [_EVERYTHING]
    combined = str(resource)
    if subresource is OTHER:
        combined += "/*"
    elif subresource:
        combined += f"/{subresource}"
    return [(group, combined) for group in groups_of(str(resource)) or ("*",)]


def _rules(
    demands: dict[tuple[Target, str], _Demand],
) -> list[tuple[PolicyRule, tuple[str, ...]]]:
    """Policy rules, the highest levels first: the first one that matches decides."""
    by_target: dict[tuple[Level, Target], set[str]] = defaultdict(set)
    names: dict[tuple[Level, Target], dict[str, None]] = defaultdict(dict)
    for (target, verb), demand in demands.items():
        by_target[demand.level, target].add(verb)
        names[demand.level, target] |= demand.rules
    alike: dict[tuple[Level, int, tuple[str, ...]], list[Target]] = defaultdict(list)
    for (level, target), asked in by_target.items():
        alike[level, _breadth(target), tuple(sorted(asked))].append(target)
    made = []
    for level, breadth, verbs in sorted(alike, key=lambda key: (-key[0], *key[1:])):
        targets = sorted(alike[level, breadth, verbs])
        every = OTHER_VERBS if breadth == _breadth(_PATHS) else _VERBS
        rule = PolicyRule(
            level,
            verbs=() if set(verbs).issuperset(every) else verbs,
            resources=() if targets[0] in {_EVERYTHING, _PATHS} else _entries(targets),
            non_resource_urls=("*",) if targets[0] == _PATHS else (),
        )
        made.append(
            (rule, tuple(dict.fromkeys(name for one in targets for name in names[level, one])))
        )
    return made


def _breadth(target: Target) -> int:
    """Those that name resources come before those for all, and requests for no resource last."""
    return {_EVERYTHING: 1, _PATHS: 2}.get(target, 0)


def _entries(targets: list[Target]) -> tuple[GroupResources, ...]:
    by_group: dict[str, list[str]] = defaultdict(list)
    for group, resource in targets:
        by_group[group].append(resource)
    # `pods/*` means `pods`, too
    return tuple(
        GroupResources(group, tuple(name for name in names if f"{name}/*" not in names))
        for group, names in by_group.items()
    )


def as_yaml(needed: Needed) -> str:
    """The policy as a commented file."""
    lines = [
        "# The smallest audit policy under which these detection rules can fire.",
        "apiVersion: audit.k8s.io/v1",
        "kind: Policy",
    ]
    if needed.policy.omit_stages:
        lines.append(f"omitStages: [{', '.join(needed.policy.omit_stages)}]")
    lines.append("rules:")
    for rule, because in zip(needed.policy.rules, needed.because, strict=True):
        lines.append(f"# {_several(because)}")
        lines.append(f"- level: {rule.level.spelling}")
        if rule.verbs:
            lines.append(f"  verbs: [{', '.join(rule.verbs)}]")
        if rule.non_resource_urls:
            lines.append('  nonResourceURLs: ["*"]')
        if rule.resources:
            lines.append("  resources:")
            for entry in rule.resources:
                named = ", ".join(f'"{name}"' if "*" in name else name for name in entry.resources)
                lines.append(f'  - group: "{entry.group}"')
                lines.append(f"    resources: [{named}]")
    return "\n".join(lines) + "\n"


def _several(names: tuple[str, ...]) -> str:
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(name.replace("\n", " ") for name in names[:_SHOWN]) + more
