"""Fields of those audit events for which a condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lanner import _native
from lanner.api.engine import Batch
from lanner.api.query import Selection, selection_plan
from lanner.api.reading import read
from lanner.api.scan import ScanStats
from lanner.audit.questions.fields import USUAL, catalogue_field
from lanner.plan.build import build
from lanner.plan.encode import encode

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence


WHOLE_EVENT = 'jevt.value[""]'
"""The field that is the whole event as the API server wrote it, out of whatever it came in: for jq
programs.
"""


class Selecting:
    """Reads audit logs natively, and picks fields of the events for which a condition holds."""

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        where: str = "",
        fields: Sequence[str] = USUAL,
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        dedup: bool = False,
    ) -> None:
        """Prepares the reading.

        Args:
            paths: audit logs as `lanner.Scan` reads them, in order; `-` is standard input.
            where: a condition, without macros and lists; empty for all events.
            fields: short names (`lanner.audit.questions.fields.FIELDS`) or fields of the catalogue.
            since_ns: only events from this time on (ns since the epoch).
            until_ns: only events before this time.
            dedup: drop repeats of the same audit ID and stage.

        Raises:
            QueryError: the condition or a field is wrong.

        """
        named = tuple((name, catalogue_field(name)) for name in dict.fromkeys(fields))
        engine = _native.Engine(
            encode(build([], "syscall")), selection_plan([Selection((where,), named)])
        )
        self._native = read(engine, paths, since_ns=since_ns, until_ns=until_ns, dedup=dedup)

    def batches(self) -> Iterator[Batch]:
        """Steps of some megabytes each; `rows_of` and `Batch.fields` have what was picked."""
        while (batch := self._native.next()) is not None:
            yield Batch(batch)

    def stats(self) -> ScanStats:
        """Counters so far."""
        counters = msgspec.json.decode(self._native.stats())
        return msgspec.convert({**counters, "alerts_by_rule": {}, "seconds": 0.0}, ScanStats)


def rows_of(batch: Batch) -> list[dict[str, Any]]:
    """What was picked in a step, by the names that were asked for."""
    return [msgspec.json.decode(line) for line in batch.fields().splitlines()]


def events_of(batch: Batch) -> list[str]:
    """The events of a step as JSON texts, if `WHOLE_EVENT` was picked."""
    lines = batch.fields().splitlines()
    return [msgspec.json.decode(line, type=dict[str, str])[WHOLE_EVENT] for line in lines]


def query(
    paths: Iterable[str | os.PathLike[str]],
    where: str = "",
    fields: Sequence[str] = USUAL,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    dedup: bool = False,
) -> Iterator[dict[str, Any]]:
    """The fields of each event for which a condition holds; the arguments are those of `Selecting`.

    Records that are no audit events, and logs that cannot be read, are passed over; `Selecting`
    tells of them.
    """
    selecting = Selecting(paths, where, fields, since_ns=since_ns, until_ns=until_ns, dedup=dedup)
    for batch in selecting.batches():
        yield from rows_of(batch)
