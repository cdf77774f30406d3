"""Fields of exceptions may be transformed; Falco tries whether they can stand in a condition."""

from __future__ import annotations

import json

import pytest

from tests.rules.helpers import load_texts


def messages(field: str, value: str = "x") -> list[str]:
    exception = {"name": "e", "fields": [field], "values": [[value]]}
    text = (
        "- rule: r\n  desc: d\n  condition: ka.verb = get\n  output: o\n  priority: INFO\n"
        f"  source: k8s_audit\n  exceptions: [{json.dumps(exception)}]\n"
    )
    return [found.message for found in load_texts(text).diagnostics if found.is_error]


@pytest.mark.parametrize(
    "field",
    [
        "ka.user.name",
        "ka.uri.param[a]",
        "tolower(ka.user.name)",
        "tolower(toupper(ka.uri.param[a]))",
        'join(",", (ka.verb, ka.user.name))',
        "concat(ka.verb, ka.uri)",
    ],
)
def test_accepted(field: str) -> None:
    assert messages(field) == []


@pytest.mark.parametrize(
    "field",
    [
        "ka.nosuch",
        "proc.name",
        "ka.verb[1]",
        "tolower(ka.nosuch)",
        "tolower(ka.verb",
        "tolower(ka.verb, ka.uri)",
        "nosuch(ka.verb)",
        "(ka.verb)",
        "()",
        "(" * 5_000,
    ],
)
def test_refused(field: str) -> None:
    (message,) = messages(field)
    assert message == f"'{field}' is not a supported filter field"
