"""`who-created`: who made objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions import actors, columns
from lanner.audit.questions.dry_run import NEEDS, is_dry_run
from lanner.audit.questions.model import Column, Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Asked, Group, Log

_GIVEN_NAME = "jevt.value[/responseObject/metadata/name]"


def _what(group: Group) -> str:
    # with generateName only the response knows the name
    name = group["name"] or group[_GIVEN_NAME]
    return f"{columns.kind_of(group)} {name or '(name not recorded)'}"


def _is_unnamed(group: Group) -> bool:
    return columns.code_of(group) == 201 and not (group["name"] or group[_GIVEN_NAME])


def _notes(_log: Log, groups: list[list[Group]], asked: Asked) -> list[str]:
    notes = columns.itself_notes(groups[0], asked)
    if any(_is_unnamed(group) for group in groups[0]):
        notes.append(
            "a name that the API server made (generateName) is only in the response: the level"
            " RequestResponse records it"
        )
    return notes


QUESTION = Question(
    name="who-created",
    help="Who created what; reviews, tokens, evictions and the like are left out.",
    parts=(
        Part(
            title="Who created what",
            condition=(
                "ka.verb = create and not ka.target.subresource exists and"
                " ka.target.resource exists and not jevt.value[/objectRef/apiGroup] in"
                ' ("authorization.k8s.io", "authentication.k8s.io")'
            ),
            each=True,
            columns=(
                columns.TIME,
                columns.WHO,
                Column("is a", ("user",), lambda group: actors.kind(group["user"])),
                Column("what", ("resource", "group", "subresource", "name", _GIVEN_NAME), _what),
                columns.NAMESPACE,
                columns.CODE,
                Column(
                    "remark",
                    (*NEEDS, *columns.ITSELF),
                    lambda group: "dry run: nothing was created" if is_dry_run(group) else None,
                ),
            ),
            keep=columns.not_itself,
        ),
    ),
    notes=_notes,
)
