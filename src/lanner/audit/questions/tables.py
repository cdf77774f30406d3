"""What is counted natively for a part of a question, and what becomes of the counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from lanner.audit.questions.fields import catalogue_field
from lanner.audit.questions.model import Group, Log

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lanner.audit.questions.model import Part

PATH = "path"
"""No field: the path of a request that is for no resource. Resources are known better by their
parts, and their URIs are too many to count by."""

_IS_RESOURCE = "ka.target.resource exists"


@dataclass(frozen=True, slots=True)
class Table:
    """What is counted: requests for which all conditions hold, by the values of named fields."""

    conditions: tuple[str, ...]
    names: tuple[str, ...]
    bucket_ns: int | None = None

    def fields(self) -> tuple[tuple[str, str], ...]:
        """The fields, under names that sort in this order: rows come sorted by name."""
        return tuple(
            (f"{place:03}", "ka.uri" if name == PATH else catalogue_field(name))
            for place, name in enumerate(self.names)
        )


class CountedGroup(msgspec.Struct, frozen=True):
    """A group of a table, as the native side tells it."""

    values: tuple[Any, ...]
    count: int
    first_ns: int
    last_ns: int
    ids: tuple[str, ...]


class Counted(msgspec.Struct, frozen=True):
    """A counted table; `left_out` counts what came when there was no room for more groups."""

    left_out: int
    groups: list[CountedGroup]


class Kind(msgspec.Struct, frozen=True):
    """How many events there are of a level and a stage, which are empty where events have none."""

    level: str
    stage: str
    events: int
    first_ns: int
    last_ns: int


def tables_of(part: Part, conditions: tuple[str, ...]) -> list[Table]:
    """What is counted for a part, under further conditions."""
    conditions = (part.condition, *conditions)
    needs = dict.fromkeys(name for column in part.columns for name in column.needs)
    if part.each:
        # also the time: clients choose audit IDs, and may use one again
        needs |= dict.fromkeys(("id", "time"))
    names = tuple(name for name in needs if name != PATH)
    if PATH not in needs:
        return [Table(conditions, names, part.bucket_ns)]
    return [
        Table((*conditions, _IS_RESOURCE), names, part.bucket_ns),
        Table((*conditions, f"not {_IS_RESOURCE}"), (*names, PATH), part.bucket_ns),
    ]


def log_of(census: Iterable[Kind]) -> Log:
    """What is known of a log whose events are of these kinds."""
    kinds = list(census)
    levels: defaultdict[str, int] = defaultdict(int)
    stages: defaultdict[str, int] = defaultdict(int)
    for kind in kinds:
        levels[kind.level] += kind.events
        stages[kind.stage] += kind.events
    return Log(
        events=sum(levels.values()),
        levels=dict(levels),
        stages=dict(stages),
        first_ns=min((kind.first_ns for kind in kinds), default=0),
        last_ns=max((kind.last_ns for kind in kinds), default=0),
    )


def groups_of(tables: Sequence[Table], counted: Iterable[Counted], log: Log) -> list[Group]:
    """The groups of a part, those of all its tables together."""
    found = [
        (_values(table, group.values), group)
        for table, its in zip(tables, counted, strict=True)
        for group in its.groups
    ]
    merged: defaultdict[str, list[CountedGroup]] = defaultdict(list)
    values_of = {}
    for values, group in found:
        # as text, since lists cannot be keys
        key = repr(values)
        values_of[key] = values
        merged[key].append(group)
    whole = sum(group.count for _, group in found)
    minutes = max((log.last_ns - log.first_ns) / 60e9, 1.0)
    return [_merge(values_of[key], groups, whole, minutes) for key, groups in merged.items()]


def _values(table: Table, values: tuple[Any, ...]) -> dict[str, Any]:
    names = table.names if table.bucket_ns is None else ("bucket", *table.names)
    named = dict(zip(names, values, strict=True))
    uri = named.get(PATH)
    return {**named, PATH: str(uri).partition("?")[0] if uri else None}


def _merge(values: dict[str, Any], groups: list[CountedGroup], whole: int, minutes: float) -> Group:
    count = sum(group.count for group in groups)
    return Group(
        values=values,
        count=count,
        first_ns=min(group.first_ns for group in groups),
        last_ns=max(group.last_ns for group in groups),
        ids=tuple(one for group in groups for one in group.ids),
        share=count / whole,
        per_minute=count / minutes,
    )
