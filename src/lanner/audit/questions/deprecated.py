"""`deprecated`: who still uses API versions that go away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.questions import columns
from lanner.audit.questions.model import Column, Part, Question

if TYPE_CHECKING:
    from lanner.audit.questions.model import Group


def _api(group: Group) -> str:
    version = "/".join(part for part in (columns.api_group(group), group["version"]) if part)
    return f"{version} {group['resource'] or '(no resource)'}"


QUESTION = Question(
    name="deprecated",
    help="Who uses deprecated API versions, and in which release these go away.",
    parts=(
        Part(
            title="Deprecated APIs",
            # the API server marks the requests itself: annotations of apiserver's metrics package
            condition='jevt.value[/annotations/k8s.io~1deprecated] = "true"',
            columns=(
                Column("API", ("group", "version", "resource"), _api),
                columns.plain("gone in", "removed_in"),
                columns.WHO,
                columns.AGENT,
                columns.VERB,
                columns.COUNT,
                columns.FIRST,
                columns.LAST,
            ),
            order=columns.most,
        ),
    ),
)
