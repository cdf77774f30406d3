"""`failed`: who was turned away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions import columns
from lanner.audit.questions.model import Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Group, Log


def _notes(log: Log, groups: list[list[Group]], asked: Asked) -> list[str]:
    notes = []
    if not log.stages.get("ResponseStarted") and not log.stages.get(""):
        notes.append(
            "no event of the stage ResponseStarted is in the log: failed authentication (401) is"
            " recorded in no other, so there was none, or the audit policy omits that stage"
        )
    if asked.user is not None:
        notes.append("failed authentication (401) has no user: leave the user out to see it")
    if any(columns.code_of(group) == 403 and not group["as"] for group in groups[0]):
        notes.append(
            "a refused attempt to impersonate looks like any 403 of the real user: the name that"
            " was asked for is not recorded"
        )
    return notes


QUESTION = Question(
    name="failed",
    help="Who was refused (403) or failed to authenticate (401), from where, for what.",
    parts=(
        Part(
            title="Refused requests",
            condition="ka.response.code in (401, 403)",
            columns=(
                columns.CODE,
                columns.WHO,
                columns.ADDRESS,
                columns.VERB,
                columns.TARGET,
                columns.NAMESPACE,
                columns.COUNT,
                columns.FIRST,
                columns.LAST,
            ),
            order=columns.most,
        ),
    ),
    notes=_notes,
)
