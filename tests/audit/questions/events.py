"""Audit events made by hand, and questions asked of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from lanner.api import audit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lanner.audit.questions.model import Answer

_START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
_numbers = count()


def time(second: float) -> str:
    """A time as the API server writes it, so many seconds after seven o'clock."""
    moment = _START + timedelta(seconds=second)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event(
    verb: str,
    resource: str = "",
    name: str = "",
    *,
    namespace: str = "",
    group: str = "",
    subresource: str = "",
    user: str = "alice",
    second: float = 0,
    code: int | None = 200,
    stage: str = "ResponseComplete",
    level: str = "Metadata",
    uri: str = "/",
    **more: Any,
) -> dict[str, Any]:
    """An audit event; `more` are further members."""
    target = {
        "resource": resource,
        "namespace": namespace,
        "name": name,
        "apiGroup": group,
        "subresource": subresource,
    }
    found = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": level,
        "auditID": f"id-{next(_numbers)}",
        "stage": stage,
        "requestURI": uri,
        "verb": verb,
        "user": {"username": user} if user else {},
        "sourceIPs": ["10.0.0.1"],
        "userAgent": "kubectl/v1.30.0",
        "requestReceivedTimestamp": time(second),
        "stageTimestamp": time(second),
        **more,
    }
    if resource:
        found["objectRef"] = {key: value for key, value in target.items() if value}
    if code is not None:
        found["responseStatus"] = {"metadata": {}, "code": code}
    return found


def in_stages(last: dict[str, Any], *earlier: str) -> list[dict[str, Any]]:
    """A request: the events of earlier stages, which do not know how it ends, and the last one."""
    return [
        *({**last, "stage": stage, "responseStatus": {"code": 200}} for stage in earlier),
        last,
    ]


def written(folder: Path, events: Iterable[dict[str, Any]]) -> Path:
    """A log of these events."""
    path = folder / "audit.log"
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    return path


def ask(folder: Path, question: str, *events: dict[str, Any], **asked: Any) -> Answer:
    """The answer to a question from a log of these events."""
    return audit.ask(question, [written(folder, events)], **asked)


def rows(answer: Answer, *heads: str, table: int = 0) -> list[tuple[Any, ...]]:
    """Some columns of an answer."""
    section = answer.sections[table]
    places = [section.heads.index(head) for head in heads]
    return [tuple(row.cells[place] for place in places) for row in section.rows]
