"""What is counted natively for a part of a question, and what becomes of the counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
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

BUCKET = "bucket"
"""No field either: where a part counts apart by time, when it was, in nanoseconds."""

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


def tables_of(parts: Sequence[Part], conditions: tuple[str, ...]) -> dict[Part, list[Table]]:
    """The tables that each part is taken from, under further conditions. Parts that are about the
    same requests share them: counting once by all their fields is cheaper than counting apart.
    """
    alike: defaultdict[tuple[str, bool, int | None], list[Part]] = defaultdict(list)
    for part in parts:
        alike[part.condition, part.each, part.bucket_ns].append(part)
    return {
        part: tables
        for (condition, _, bucket_ns), those in alike.items()
        for tables in [_tables(those, (condition, *conditions), bucket_ns)]
        for part in those
    }


def _tables(parts: list[Part], conditions: tuple[str, ...], bucket_ns: int | None) -> list[Table]:
    needs = dict.fromkeys(name for part in parts for name in _names(part))
    names = tuple(name for name in needs if name != PATH)
    if PATH not in needs:
        return [Table(conditions, names, bucket_ns)]
    return [
        Table((*conditions, _IS_RESOURCE), names, bucket_ns),
        Table((*conditions, f"not {_IS_RESOURCE}"), (*names, PATH), bucket_ns),
    ]


def _names(part: Part) -> list[str]:
    """The names of the values that make a row of a part."""
    needs = [name for column in part.columns for name in column.needs]
    # also the time: clients choose audit IDs, and may use one again
    return [*needs, "id", "time"] if part.each else needs


def log_of(census: Iterable[Kind]) -> Log:
    """What is known of a log whose events are of these kinds."""
    kinds = list(census)
    stages: defaultdict[str, int] = defaultdict(int)
    for kind in kinds:
        stages[kind.stage] += kind.events
    return Log(
        events=sum(stages.values()),
        stages=dict(stages),
        first_ns=min((kind.first_ns for kind in kinds), default=0),
        last_ns=max((kind.last_ns for kind in kinds), default=0),
    )


def groups_of(
    part: Part, tables: Sequence[Table], counted: Iterable[Counted], log: Log, evidence: int
) -> list[Group]:
    """The groups of a part, taken from its tables; each keeps so many audit IDs."""
    names = {*_names(part), *(() if part.bucket_ns is None else (BUCKET,))}
    merged: defaultdict[str, list[CountedGroup]] = defaultdict(list)
    values_of: dict[str, dict[str, Any]] = {}
    for table, its in zip(tables, counted, strict=True):
        for group in its.groups:
            values = dict.fromkeys(names) | _values(table, group.values, names)
            # as text, since lists cannot be keys
            key = repr(values)
            values_of[key] = values
            merged[key].append(group)
    whole = sum(group.count for groups in merged.values() for group in groups)
    minutes = max((log.last_ns - log.first_ns) / 60e9, 1.0)
    return [
        Group(
            values=values_of[key],
            count=(count := sum(group.count for group in groups)),
            first_ns=min(group.first_ns for group in groups),
            last_ns=max(group.last_ns for group in groups),
            ids=tuple(islice((one for group in groups for one in group.ids), evidence)),
            share=count / whole,
            per_minute=count / minutes,
        )
        for key, groups in merged.items()
    ]


def _values(table: Table, values: tuple[Any, ...], names: set[str]) -> dict[str, Any]:
    """The values by name, as far as they are asked for."""
    head = () if table.bucket_ns is None else (BUCKET,)
    named = zip((*head, *table.names), values, strict=True)
    return {
        name: str(value).partition("?")[0] if name == PATH and value else value
        for name, value in named
        if name in names
    }
