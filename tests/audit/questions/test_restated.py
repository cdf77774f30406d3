"""The same answers as a plain restatement of the questions over the lines of a log."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.api import audit
from tests.audit.questions.events import event, rows, written

if TYPE_CHECKING:
    from collections.abc import Callable

Event = dict[str, Any]


def requests_of(events: list[Event]) -> list[Event]:
    """One event for each request: that of its last stage."""
    last: dict[tuple[str, ...], Event] = {}
    for one in events:
        before = last.get(request_of(one))
        if before is None or rank(before) < rank(one):
            last[request_of(one)] = one
    return list(last.values())


def rank(one: Event) -> int:
    return {"RequestReceived": 0, "ResponseStarted": 1}.get(one["stage"], 2)


def request_of(one: Event) -> tuple[str, ...]:
    names = ("auditID", "verb", "requestURI", "requestReceivedTimestamp")
    return tuple(str(one.get(name)) for name in names)


def who(one: Event) -> str:
    user = one.get("user", {}).get("username") or "(not authenticated)"
    acting_as = one.get("impersonatedUser", {}).get("username")
    return f"{user} (as {acting_as})" if acting_as else user


def code(one: Event) -> int | None:
    found = one.get("responseStatus", {}).get("code")
    return int(found) if found is not None else None


def target(one: Event) -> dict[str, str]:
    found = one.get("objectRef", {})
    assert isinstance(found, dict)
    return found


def has_read(one: Event) -> bool:
    return one["verb"] in {"get", "list", "watch"} and target(one).get("resource") in {
        "secrets",
        "configmaps",
    }


def has_failed(one: Event) -> bool:
    return code(one) in {401, 403}


def has_deleted(one: Event) -> bool:
    is_eviction = one["verb"] == "create" and target(one).get("subresource") == "eviction"
    return bool(target(one)) and (one["verb"] in {"delete", "deletecollection"} or is_eviction)


RESTATED: dict[str, Callable[[Event], bool]] = {
    "who-read": has_read,
    "failed": has_failed,
    "who-deleted": has_deleted,
}


def expected(question: str, events: list[Event]) -> Counter[tuple[Any, ...]]:
    wanted = filter(RESTATED[question], requests_of(events))
    return Counter((who(one), one["verb"], code(one)) for one in wanted)


def answered(question: str, path: Path) -> Counter[tuple[Any, ...]]:
    answer = audit.ask(question, [path])
    counts = [row.count for row in answer.sections[0].rows]
    found: Counter[tuple[Any, ...]] = Counter()
    for row, count in zip(rows(answer, "who", "verb", "result"), counts, strict=True):
        found[row] += count
    return found


EVENTS = st.builds(
    lambda number, acting_as, **members: {
        **event(**members),
        "auditID": f"id-{number}",
        **({"impersonatedUser": {"username": acting_as}} if acting_as else {}),
    },
    number=st.integers(0, 4),
    acting_as=st.sampled_from(["", "", "bob"]),
    verb=st.sampled_from(["get", "list", "delete", "deletecollection", "create"]),
    resource=st.sampled_from(["secrets", "configmaps", "pods", ""]),
    name=st.sampled_from(["", "x"]),
    subresource=st.sampled_from(["", "eviction"]),
    user=st.sampled_from(["alice", "bob", ""]),
    second=st.integers(0, 2),
    code=st.sampled_from([200, 401, 403, None]),
    stage=st.sampled_from(["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]),
)


@pytest.mark.parametrize("question", RESTATED)
@settings(max_examples=60, deadline=None)
@given(events=st.lists(EVENTS, max_size=30))
def test_made_up_logs(question: str, events: list[Event]) -> None:
    # An API server writes the stages of a request in order, and each once; logs may repeat events.
    once = {(request_of(one), rank(one)): one for one in events}
    events = sorted([*once.values(), *list(once.values())[::2]], key=rank)
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), events)
        assert answered(question, path) == expected(question, events)


@pytest.mark.parametrize("policy", ["all", "hardened", "mixed"])
def test_recorded_logs(captures: Path, policy: str, tmp_path: Path) -> None:
    packed = captures / f"apiserver/{policy}.audit.log.gz"
    # rotated: the requests of both files together
    first, second = tmp_path / "audit-1.log", tmp_path / "audit-2.log.gz"
    lines = gzip.decompress(packed.read_bytes()).splitlines(keepends=True)
    events = [json.loads(line) for line in lines]
    first.write_bytes(b"".join(lines[:300]))
    second.write_bytes(gzip.compress(b"".join(lines[300:])))
    for question in RESTATED:
        assert answered(question, packed) == expected(question, events)
        found = audit.ask(question, [first, second])
        assert found == audit.ask(question, [packed])
    noisiest = audit.ask("noisiest", [packed])
    assert dict(rows(noisiest, "who", "requests")) == Counter(map(who, requests_of(events)))
