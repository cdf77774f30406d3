"""Requests that change nothing: `dryRun=All` in the query, or in the options of a delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.audit.questions.model import Group

_IN_QUERY = "ka.uri.param[dryRun]"
_IN_BODY = "jevt.value[/requestObject/dryRun/0]"

NEEDS = (_IN_QUERY, _IN_BODY)
"""Fields of the catalogue that tell. kubectl writes it into the body of a delete, which a log at
the level Metadata does not have."""


def is_dry_run(group: Group) -> bool:
    """Whether a group of requests only tried."""
    return "All" in {group[_IN_QUERY], group[_IN_BODY]}
