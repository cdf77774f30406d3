"""`who-deleted`: who deleted, and whether it was a controller that finished somebody's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions import actors, columns
from lanner.audit.questions.dry_run import NEEDS, is_dry_run
from lanner.audit.questions.model import Column, Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Group, Log


def _remark(group: Group) -> str | None:
    if is_dry_run(group):
        return "dry run: nothing was deleted"
    if group["subresource"] == "eviction":
        return "eviction"
    return actors.why_deleted(group["user"])


def _notes(_log: Log, groups: list[list[Group]], _asked: Asked) -> list[str]:
    if not any(actors.kind(group["user"]) in {"controller", "node"} for group in groups[0]):
        return []
    return [
        (
            "controllers and nodes finish what somebody began: look for who deleted or changed the"
            " owner, the namespace or the pod before"
        )
    ]


QUESTION = Question(
    name="who-deleted",
    help="Who deleted what, and whether that was a person or a controller that cleaned up.",
    parts=(
        Part(
            title="Who deleted what",
            condition=(
                # DELETE of a path that is no resource has the verb `delete`, too
                "ka.target.resource exists and (ka.verb in (delete, deletecollection) or"
                " (ka.verb = create and ka.target.subresource = eviction))"
            ),
            each=True,
            columns=(
                columns.TIME,
                columns.WHO,
                Column("is a", ("user",), lambda group: actors.kind(group["user"])),
                columns.VERB,
                columns.NAMED,
                columns.NAMESPACE,
                columns.CODE,
                Column("remark", ("user", "subresource", *NEEDS), _remark),
            ),
        ),
    ),
    notes=_notes,
)
