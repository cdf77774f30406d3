"""What a question is, what is counted for it, and what an answer is. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Cell = str | int | float | None
"""A cell of an answer; None: the log does not say."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What narrows a question down. Times are nanoseconds since the epoch.

    `user` is a name that somebody has or took on; `namespace` and `name` also let through what
    reaches more than they name: a list of all namespaces reaches each.
    """

    user: str | None = None
    namespace: str | None = None
    resource: str | None = None
    name: str | None = None
    verb: str | None = None
    address: str | None = None
    baseline_ns: int | None = None
    expand: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Group:
    """Requests that have the same values; `values` has the names that columns ask for."""

    values: Mapping[str, Any]
    count: int
    first_ns: int
    last_ns: int
    ids: tuple[str, ...]
    """Audit IDs of some of them."""
    share: float
    """Of all that was counted for the same part."""
    per_minute: float
    """Over the time that the log covers."""

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the names of the fields it needs, and what it makes of them."""

    head: str
    needs: tuple[str, ...]
    value: Callable[[Group], Cell]


@dataclass(frozen=True, slots=True)
class Log:
    """What is known of the logs as a whole."""

    events: int
    stages: Mapping[str, int]
    first_ns: int
    last_ns: int


def _by_time(group: Group) -> Any:
    return group.first_ns


def _keep_all(group: Group, asked: Asked) -> bool:  # noqa: ARG001 - see `Part.keep`
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table of an answer: which requests, and how they are shown."""

    title: str
    columns: tuple[Column, ...]
    condition: str = ""
    """A Lanner condition; empty for all requests."""
    each: bool = False
    """Every request has a row of its own; else those that look the same are counted."""
    bucket_ns: int | None = None
    """Requests are counted apart by the time they came, in steps of so many nanoseconds."""
    order: Callable[[Group], Any] = _by_time
    keep: Callable[[Group, Asked], bool] = _keep_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A ready question."""

    name: str
    help: str
    """In one sentence."""
    parts: tuple[Part, ...]
    required: tuple[str, ...] = ()
    """Members of `Asked` without which it means nothing."""
    notes: Callable[[Log, list[list[Group]], Asked], list[str]] = field(
        default=lambda _log, _groups, _asked: []
    )
    """What is to be said besides, knowing the groups of each part: above all what the log cannot
    say."""
    document: Callable[[list[list[Group]], Asked], str] | None = None
    """Makes a text of the groups, which is the answer, instead of tables."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an answer, and the audit IDs of some of the requests that it rests on."""

    cells: tuple[Cell, ...]
    count: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A table of an answer."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: tables, or a document; and what is to be said besides."""

    question: str
    sections: tuple[Section, ...]
    document: str | None
    notes: tuple[str, ...]
