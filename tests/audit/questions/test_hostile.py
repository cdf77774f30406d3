"""Logs that no API server writes: every question has an answer, whatever is in them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.api.audit import Asking
from lanner.audit.questions import QUESTIONS, overview
from lanner.audit.questions.model import Asked
from tests.audit.questions.events import event, written

if TYPE_CHECKING:
    from lanner.audit.questions.model import Answer

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["username", "code", "resource", "roleRef", "subjects", "rules", "spec"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        ["level", "auditID", "stage", "requestURI", "verb", "user", "impersonatedUser", "sourceIPs",
         "userAgent", "objectRef", "responseStatus", "requestObject", "responseObject",
         "requestReceivedTimestamp", "annotations"]
    ),
    ANYTHING,
    max_size=6,
)  # fmt: skip
USUAL = st.sampled_from(
    [
        event("get", "secrets", "a", namespace="n"),
        event("delete", "pods", "a", namespace="n"),
        event("create", "pods", "a", subresource="exec", uri="/?command=a"),
        event("create", "clusterroles", "r", group="rbac.authorization.k8s.io"),
        event("create", "serviceaccounts", "s", subresource="token"),
        event("get", user="system:anonymous", code=401),
    ]
)


def answers(events: list[dict[str, Any]]) -> list[Answer]:
    questions = [*QUESTIONS.values(), overview.QUESTION]
    with tempfile.TemporaryDirectory() as folder:
        asking = Asking(questions, [written(Path(folder), events)], Asked(baseline_ns=0))
        for batch in asking.batches():
            assert not batch.skipped()
        assert asking.stats().events == len(events)
        return asking.answers()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.builds(lambda usual, members: {**usual, **members}, USUAL, MEMBERS), max_size=4))
def test_every_question_has_an_answer(events: list[dict[str, Any]]) -> None:
    for answer in answers(events):
        for section in answer.sections:
            for row in section.rows:
                assert len(row.cells) == len(section.heads)
                assert all(
                    cell is None or isinstance(cell, str | int | float) for cell in row.cells
                )


def test_codes_without_end() -> None:
    status = {"responseStatus": {"code": 10**400}}
    found = answers([{**event("get", "secrets", "a"), **status}])
    assert found[0].sections[0].rows[0].cells[4] is None


def test_bodies_without_bottom() -> None:
    deep = '{"rules":' + "[" * 5000 + "]" * 5000 + "}"
    line = event("create", "roles", "r", group="rbac.authorization.k8s.io", requestObject=deep)
    found = {answer.question: answer for answer in answers([line])}
    assert found["escalations"].sections[0].rows
