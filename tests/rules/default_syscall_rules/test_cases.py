"""Every default rule fires on what it is for, and not on its neighbour."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.default_syscall_rules.support import CASES, fired, load

EXPECTED = [
    pytest.param(name, case, kind == "fires", id=f"{name}-{kind}-{number}")
    for name, table in CASES.items()
    for kind in ("fires", "quiet")
    for number, case in enumerate(table[kind])
]


def test_every_rule_has_cases() -> None:
    assert {rule.name for rule in load().result.rules} == set(CASES)
    for table in CASES.values():
        assert table["fires"]
        assert table["quiet"]


@pytest.mark.parametrize(("name", "case", "fires"), EXPECTED)
def test_rule(name: str, case: dict[str, Any], fires: bool) -> None:
    assert (name in fired(case, CASES[name].get("local"))) is fires
