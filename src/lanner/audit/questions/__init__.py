"""Ready questions to audit logs, one file for each; what is asked is in `model`."""

from __future__ import annotations

from lanner.audit.questions import (
    anonymous,
    deprecated,
    escalations,
    failed,
    first_seen,
    noisiest,
    rbac,
    timeline,
    tokens,
    who_created,
    who_deleted,
    who_exec,
    who_read,
)

QUESTIONS = {
    module.QUESTION.name: module.QUESTION
    for module in (
        who_read,
        who_exec,
        who_deleted,
        who_created,
        failed,
        anonymous,
        escalations,
        tokens,
        timeline,
        noisiest,
        deprecated,
        first_seen,
        rbac,
    )
}
"""By name, in the order in which they are listed."""

__all__ = ["QUESTIONS"]
