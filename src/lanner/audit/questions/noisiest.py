"""`noisiest`: who makes the log long."""

from __future__ import annotations

from lanner.audit.questions import columns
from lanner.audit.questions.model import Part, Question

_COUNTS = (columns.COUNT, columns.SHARE, columns.PER_MINUTE)

QUESTION = Question(
    name="noisiest",
    help="Which users, clients, and verbs on resources make most requests.",
    parts=(
        Part(title="Users", columns=(columns.WHO, *_COUNTS), order=columns.most),
        Part(title="Clients", columns=(columns.AGENT, *_COUNTS), order=columns.most),
        Part(
            title="Verbs and resources",
            columns=(columns.VERB, columns.RESOURCE, *_COUNTS),
            order=columns.most,
        ),
    ),
)
