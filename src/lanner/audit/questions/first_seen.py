"""`first-seen`: clients that were not there before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions import columns
from lanner.audit.questions.model import Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Group, Log


def _is_new(group: Group, asked: Asked) -> bool:
    return asked.baseline_ns is None or group.first_ns >= asked.baseline_ns


def _notes(log: Log, _groups: list[list[Group]], asked: Asked) -> list[str]:
    if asked.baseline_ns is not None and log.events and log.first_ns >= asked.baseline_ns:
        return [
            (
                f"the log starts at {columns.time_text(log.first_ns)}, after the baseline: there"
                " is nothing to compare with, everybody looks new"
            )
        ]
    return []


QUESTION = Question(
    name="first-seen",
    help="Users, clients and addresses that were not seen before a time (--baseline).",
    parts=tuple(
        Part(
            title=title,
            columns=(column, columns.COUNT, columns.FIRST, columns.LAST),
            keep=_is_new,
        )
        for title, column in (
            ("New users", columns.WHO),
            ("New clients", columns.AGENT),
            ("New addresses", columns.ADDRESS),
        )
    ),
    required=("baseline_ns",),
    notes=_notes,
)
