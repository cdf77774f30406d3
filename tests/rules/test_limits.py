"""Hostile rule files: depth, width and repetition are bounded, and nothing is walked twice."""

from __future__ import annotations

import time

import pytest

from lanner.diagnostics import Source
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.rules.loader import load
from lanner.rules.passes.resolve_macros import MAX_DEPTH

HEAD = "- macro: m0\n  condition: ka.verb = get\n"
RULE = "- rule: r\n  desc: d\n  priority: INFO\n  source: k8s_audit\n  output: o\n  condition: {}\n"


def messages(text: str) -> list[str]:
    """Loads a file and, if it is valid, builds its plan."""
    result = load([Source("x.yaml", text)])
    if result.ok:
        encode(build(result.rules, "k8s_audit", "all"))
    return [one.message for file in result.files for one in file.diagnostics if one.is_error]


def alternating(inner: str, pairs: int) -> str:
    return "ka.verb = a and (ka.uri = b or (" * pairs + inner + "))" * pairs


@pytest.mark.parametrize("pairs", [1, 100, 480])
def test_deep_conditions(pairs: int) -> None:
    assert messages(RULE.format(alternating("ka.verb = c", pairs))) == []


def test_macros_may_add_up_to_the_limit() -> None:
    text = HEAD
    for index in range(1, 4):
        text += f"- macro: m{index}\n  condition: {alternating(f'm{index - 1}', 250)}\n"
    assert messages(text + RULE.format("m3")) == []


@pytest.mark.parametrize("wrap", ["not (", "ka.verb = a and ("])
def test_macros_that_nest_too_deeply(wrap: str) -> None:
    text = HEAD
    for index in range(1, 30):
        body = wrap * 300 + f"m{index - 1}" + ")" * 300
        text += f"- macro: m{index}\n  condition: {body}\n"
    found = messages(text + RULE.format("m29"))
    assert found[0] == "the macros in this condition nest too deeply"


def test_a_long_chain_of_macros() -> None:
    text = HEAD
    for index in range(1, MAX_DEPTH + 100):
        text += f"- macro: m{index}\n  condition: m{index - 1}\n"
    found = messages(text + RULE.format(f"m{MAX_DEPTH + 99}"))
    assert found[0] == "the macros in this condition nest too deeply"


def test_a_chain_that_is_only_visible_through_a_redefinition() -> None:
    # the first macro, defined again at the end, sees those that were not resolved yet
    text = HEAD
    for index in range(1, 40):
        inner = f"m{index + 1}" if index < 39 else "ka.verb = get"
        text += f"- macro: m{index}\n  condition: {'not (' * 300}{inner}{')' * 300}\n"
    text += "- macro: m0\n  condition: m1\n"
    assert messages(text + RULE.format("m0"))


def test_a_bomb_of_macros_is_shared_not_copied() -> None:
    begin = time.perf_counter()
    text = HEAD
    for index in range(1, 60):
        operator = "and" if index % 2 else "or"
        text += f"- macro: m{index}\n  condition: m{index - 1} {operator} not m{index - 1}\n"
    assert messages(text + RULE.format("m59")) == []
    assert time.perf_counter() - begin < 5
