"""What the plots of a report show. Nobody asks this by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions import columns
from lanner.audit.questions.model import Column, Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Group

REFUSED, FAILED, DONE, UNKNOWN = "refused (401, 403)", "failed (4xx, 5xx)", "done", "not recorded"
OUTCOMES = (DONE, FAILED, REFUSED, UNKNOWN)


def _outcome(group: Group) -> str:
    code = columns.code_of(group)
    if code is None:
        return UNKNOWN
    if code in {401, 403}:
        return REFUSED
    return FAILED if code >= 400 else DONE


QUESTION = Question(
    name="overview",
    help="Requests by time and outcome, and by user and verb.",
    parts=(
        Part(
            title="Requests over time",
            bucket_ns=60 * 10**9,
            columns=(
                Column("minute", (), lambda group: int(group["bucket"]) // (60 * 10**9)),
                Column("outcome", ("code",), _outcome),
            ),
        ),
        Part(title="Verbs by user", columns=(columns.WHO, columns.VERB), order=columns.most),
    ),
)
