"""Ready questions, asked of logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lanner import _native
from lanner.api.engine import Batch
from lanner.api.query import Selection, selection_plan
from lanner.api.reading import log_options
from lanner.audit.questions import QUESTIONS
from lanner.audit.questions.answering import answer
from lanner.audit.questions.model import Asked
from lanner.audit.questions.narrowing import condition
from lanner.audit.questions.tables import Counted, Kind, groups_of, log_of, tables_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from lanner.audit.questions.model import Answer, Question

_MAX_GROUPS = 200_000
_MAX_BYTES = 256 * 1024 * 1024
"""Of the values of the groups of a table."""

EVIDENCE = 3
"""How many audit IDs are kept for each row, unless more are asked for."""


class AuditStats(msgspec.Struct, frozen=True):
    """Counters of reading audit logs. `bytes` is after decompression, `read` before; `ignored` are
    records of other logs in the same stream, `census` says of which levels and stages events are.
    """

    events: int
    bytes: int
    read: int
    skipped: int
    truncated: int
    out_of_window: int
    ignored: int
    census: tuple[Kind, ...]


class Asking:
    """Questions that are asked of audit logs, all in one pass and in constant memory.

    Every request counts once, however many of its stages the log holds, and once if it is in the
    log twice; the last stage tells how it ended.
    """

    def __init__(
        self,
        questions: Sequence[Question],
        paths: Iterable[str | os.PathLike[str]],
        asked: Asked | None = None,
        *,
        where: str = "",
        since_ns: int | None = None,
        until_ns: int | None = None,
        evidence: int = EVIDENCE,
    ) -> None:
        """Prepares the reading.

        Args:
            questions: of `lanner.audit.questions.QUESTIONS`.
            paths: audit logs as `lanner.Scan` reads them, in order; `-` is standard input.
            asked: what narrows the questions down.
            where: a further condition, without macros and lists.
            since_ns: only events from this time on (ns since the epoch).
            until_ns: only events before this time.
            evidence: how many audit IDs are kept for each row.

        Raises:
            QueryError: `where` is wrong.
            ValueError: something that was asked for cannot be a value in a condition.

        """
        self._questions = tuple(questions)
        self._asked = asked or Asked()
        narrowed = (condition(self._asked), where)
        self._tables = [tables_of(question.parts, narrowed) for question in self._questions]
        # each once, though parts may share them
        tables = list(
            dict.fromkeys(
                table for parts in self._tables for those in parts.values() for table in those
            )
        )
        self._places = {table: place for place, table in enumerate(tables)}
        self._evidence = evidence
        plan = selection_plan(Selection(table.conditions, table.fields()) for table in tables)
        options = {
            "logs": log_options(paths, since_ns=since_ns, until_ns=until_ns),
            "tables": [{"bucket_ns": table.bucket_ns, "ids": evidence} for table in tables],
            "max_groups": _MAX_GROUPS,
            "max_bytes": _MAX_BYTES,
        }
        self._native = _native.Tally(plan, msgspec.json.encode(options))

    def batches(self) -> Iterator[Batch]:
        """Reads, in steps of some megabytes each; what there is to tell of each step."""
        while (batch := self._native.next()) is not None:
            yield Batch(batch)

    def stats(self) -> AuditStats:
        """Counters so far."""
        return msgspec.json.decode(self._native.stats(), type=AuditStats)

    def answers(self) -> list[Answer]:
        """The answers, in the order of the questions, from what was read so far."""
        counted = msgspec.json.decode(self._native.tables(), type=list[Counted])
        log = log_of(self.stats().census)
        found = []
        for question, parts in zip(self._questions, self._tables, strict=True):
            places = {self._places[table] for tables in parts.values() for table in tables}
            left_out = sum(counted[place].left_out for place in places)
            groups = [
                groups_of(
                    part,
                    parts[part],
                    [counted[self._places[table]] for table in parts[part]],
                    log,
                    self._evidence,
                )
                for part in question.parts
            ]
            found.append(answer(question, groups, log, self._asked, left_out))
        return found


def ask(
    question: str,
    paths: Iterable[str | os.PathLike[str]],
    *,
    where: str = "",
    since_ns: int | None = None,
    until_ns: int | None = None,
    evidence: int = EVIDENCE,
    **asked: Any,
) -> Answer:
    """The answer to a ready question, by its name; `asked` are members of `Asked`.

    Records that are no audit events, and logs that cannot be read, are passed over; `Asking` tells
    of them.

    Raises:
        KeyError: there is no such question.
        ValueError: it needs more to be asked, or what is asked cannot be a value in a condition.
        QueryError: `where` is wrong.

    """
    narrowed = Asked(**asked)
    chosen = QUESTIONS[question]
    for name in chosen.required:
        if getattr(narrowed, name) is None:
            raise ValueError(f"{question} needs `{name}`")
    asking = Asking(
        [chosen],
        paths,
        narrowed,
        where=where,
        since_ns=since_ns,
        until_ns=until_ns,
        evidence=evidence,
    )
    for _ in asking.batches():
        pass
    return asking.answers()[0]
