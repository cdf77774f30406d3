"""`timeline`: what somebody did, minute by minute."""

from __future__ import annotations

from lanner.audit.questions import columns
from lanner.audit.questions.model import Column, Part, Question

QUESTION = Question(
    name="timeline",
    help="What a user did, in order; equal requests within a minute are counted (--user).",
    parts=(
        Part(
            title="Timeline",
            bucket_ns=60 * 10**9,
            columns=(
                Column("minute (UTC)", (), lambda group: columns.time_text(group["bucket"])[:-4]),
                columns.WHO,
                columns.VERB,
                columns.TARGET,
                columns.NAMESPACE,
                columns.CODE,
                columns.ADDRESS,
                columns.COUNT,
            ),
        ),
    ),
    required=("user",),
)
