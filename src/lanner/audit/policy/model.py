"""Audit policies as values.

The shape is that of `audit.k8s.io/v1` (kubernetes/apiserver `pkg/apis/audit/v1/types.go`). Nothing
has a default there: what a file leaves out is empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lanner.diagnostics import Source, Span


class Level(IntEnum):
    """How much of a request is recorded; higher levels record all that lower ones do."""

    NONE = 0
    METADATA = 1
    REQUEST = 2
    REQUEST_RESPONSE = 3

    @property
    def spelling(self) -> str:
        """The API's name: `None`, `Metadata`, `Request`, `RequestResponse`."""
        return _SPELLINGS[self]


_SPELLINGS = {
    Level.NONE: "None",
    Level.METADATA: "Metadata",
    Level.REQUEST: "Request",
    Level.REQUEST_RESPONSE: "RequestResponse",
}
LEVELS: Mapping[str, Level] = MappingProxyType({text: level for level, text in _SPELLINGS.items()})
"""Levels by the API's names."""


class Stage(StrEnum):
    """When in the life of a request an event is written."""

    REQUEST_RECEIVED = "RequestReceived"
    RESPONSE_STARTED = "ResponseStarted"
    RESPONSE_COMPLETE = "ResponseComplete"
    PANIC = "Panic"


STAGES: Mapping[str, Stage] = MappingProxyType({stage.value: stage for stage in Stage})
"""Stages by their names."""


@dataclass(frozen=True, slots=True)
class GroupResources:
    """An entry of a rule's `resources`: an API group, and resources in it."""

    group: str = ""
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule: conditions that must all hold, and what is recorded then.

    `omit_managed_fields` is None where the rule leaves it to the policy. `places` says where each
    part stands in the file, by its path within the rule (`verbs[0]`; the rule itself is ``).
    """

    level: Level
    users: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resources: tuple[GroupResources, ...] = ()
    namespaces: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = ()
    omit_stages: tuple[Stage, ...] = ()
    omit_managed_fields: bool | None = None
    places: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)

    @property
    def span(self) -> Span | None:
        """Where the rule begins, if it comes from a file."""
        return self.places.get("")

    @property
    def matches_everything(self) -> bool:
        """Whether the rule has no condition at all."""
        return not (
            self.users
            or self.user_groups
            or self.verbs
            or self.resources
            or self.namespaces
            or self.non_resource_urls
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy: of its rules the first that matches a request decides."""

    rules: tuple[PolicyRule, ...]
    omit_stages: tuple[Stage, ...] = ()
    omit_managed_fields: bool = False
    source: Source | None = field(default=None, compare=False, repr=False)
    places: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)

    def stages_omitted_by(self, rule: PolicyRule | None) -> frozenset[Stage]:
        """The stages that are not written when this rule decides (None: when no rule does)."""
        return frozenset(self.omit_stages).union(rule.omit_stages if rule else ())

    def managed_fields_omitted_by(self, rule: PolicyRule | None) -> bool:
        """Whether `managedFields` are left out when this rule decides."""
        if rule is None or rule.omit_managed_fields is None:
            return self.omit_managed_fields
        return rule.omit_managed_fields
