"""Groups in, an answer out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions.columns import time_text
from lanner.audit.questions.model import Answer, Row, Section

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Group, Log, Part, Question


def answer(
    question: Question, groups: list[list[Group]], log: Log, asked: Asked, left_out: int
) -> Answer:
    """The answer to a question.

    Args:
        question: the question.
        groups: those of each of its parts.
        log: what is known of the log as a whole.
        asked: what narrowed the question down.
        left_out: requests for which there was no room in memory.

    """
    kept = [
        sorted((group for group in those if part.keep(group, asked)), key=part.order)
        for part, those in zip(question.parts, groups, strict=True)
    ]
    sections = tuple(
        _section(part, those) for part, those in zip(question.parts, kept, strict=True)
    )
    notes = [*question.notes(log, groups, asked), *_general_notes(log, left_out)]
    if not any(kept):
        notes.insert(0, f"nothing found {_covered(log)}")
    document = question.document(kept, asked) if question.document and any(kept) else None
    return Answer(question.name, () if document else sections, document, tuple(notes))


def _section(part: Part, groups: list[Group]) -> Section:
    rows = (
        Row(tuple(column.value(group) for column in part.columns), group.count, group.ids)
        for group in groups
    )
    return Section(part.title, tuple(column.head for column in part.columns), tuple(rows))


def _covered(log: Log) -> str:
    if not log.events:
        return "in a log without events"
    span = f"from {time_text(log.first_ns)} to {time_text(log.last_ns)}"
    return f"in {log.events:,} event{'' if log.events == 1 else 's'} {span}"


def _general_notes(log: Log, left_out: int) -> list[str]:
    notes = []
    if left_out:
        notes.append(
            f"{left_out:,} requests are left out: there are more different ones than fit into"
            " memory; ask about a shorter time, or narrow the question down"
        )
    if log.events and "ResponseComplete" in _stages_missing(log):
        notes.append(
            "the log has no event of the stage ResponseComplete, so how requests ended is not"
            " known: the audit policy omits that stage"
        )
    return notes


def _stages_missing(log: Log) -> set[str]:
    # events without a stage are of systems that record a request once, when it is over
    return (
        set() if log.stages.get("") else {"ResponseStarted", "ResponseComplete"} - set(log.stages)
    )
