"""`rbac`: the least that a user must be allowed to do what they did, as roles and bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions.access import IMPERSONATED_GROUPS, accesses_of
from lanner.audit.questions.columns import CODE, TARGET, VERB
from lanner.audit.questions.model import Column, Part, Question
from lanner.audit.questions.roles import manifests

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Group, Log


def _is_theirs(group: Group, asked: Asked) -> bool:
    # whoever impersonates needs only that permission: the rest is asked of the other one
    return asked.user in {group["as"] or group["user"], group["user"]}


def _document(groups: list[list[Group]], asked: Asked) -> str:
    return manifests(asked.user or "", accesses_of(groups[0], asked.user or ""), asked.expand)


def _notes(_log: Log, _groups: list[list[Group]], _asked: Asked) -> list[str]:
    return [
        (
            "this is what was used, not what will be: look at a log that is long enough, and read"
            " the roles before you apply them"
        )
    ]


QUESTION = Question(
    name="rbac",
    help="Roles and bindings (YAML) that allow just what a user did and was allowed (--user).",
    parts=(
        Part(
            title="Allowed requests",
            # RequestReceived comes before anything is allowed
            condition=(
                "not ka.stage = RequestReceived and (ka.auth.decision = allow or"
                " (not ka.auth.decision exists and not ka.response.code in (401, 403)))"
            ),
            columns=(
                VERB,
                TARGET,
                CODE,
                Column(
                    "used by",
                    (
                        "user",
                        "as",
                        IMPERSONATED_GROUPS,
                        "group",
                        "resource",
                        "subresource",
                        "namespace",
                    ),
                    lambda group: group["user"],
                ),
            ),
            keep=_is_theirs,
        ),
    ),
    required=("user",),
    notes=_notes,
    document=_document,
)
