"""`who-read`: who saw the contents of secrets and configmaps."""

from __future__ import annotations

from lanner.audit.questions import columns
from lanner.audit.questions.model import Part, Question

QUESTION = Question(
    name="who-read",
    help="Who read Secrets or ConfigMaps; a list or a watch shows the contents of all it covers.",
    parts=(
        Part(
            title="Who read secrets and configmaps",
            condition=(
                "ka.verb in (get, list, watch) and ka.target.resource in (secrets, configmaps)"
            ),
            columns=(
                columns.WHO,
                columns.VERB,
                columns.NAMED,
                columns.NAMESPACE,
                columns.CODE,
                columns.ADDRESS,
                columns.COUNT,
                columns.FIRST,
                columns.LAST,
            ),
        ),
    ),
)
