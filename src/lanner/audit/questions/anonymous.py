"""`anonymous`: requests without credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions import columns
from lanner.audit.questions.model import Column, Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Group

_OPEN = ("/healthz", "/livez", "/readyz", "/version")
"""Open to everybody by default: the cluster role system:public-info-viewer."""


def _is_allowed(group: Group) -> bool:
    code = columns.code_of(group)
    return group["decision"] == "allow" if group["decision"] else code not in {401, 403}


def _is_usual(group: Group) -> bool:
    path = group["path"] or ""
    return path in _OPEN or path.startswith(tuple(f"{probe}/" for probe in _OPEN))


def _verdict(group: Group) -> str:
    if not _is_allowed(group):
        return "refused"
    return "allowed, as usual" if _is_usual(group) else "ALLOWED"


QUESTION = Question(
    name="anonymous",
    help="What was asked without credentials, and what of that was allowed.",
    parts=(
        Part(
            title="Anonymous requests",
            condition=(
                '(ka.user.name = "system:anonymous" or'
                ' ka.user.groups intersects ("system:unauthenticated"))'
            ),
            columns=(
                Column("verdict", ("decision", "code", "path"), _verdict),
                columns.VERB,
                columns.TARGET,
                columns.NAMESPACE,
                columns.CODE,
                columns.ADDRESS,
                columns.AGENT,
                columns.COUNT,
                columns.FIRST,
                columns.LAST,
            ),
            order=lambda group: (not _is_allowed(group), _is_usual(group), group.first_ns),
        ),
    ),
)
