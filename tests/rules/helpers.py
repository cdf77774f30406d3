"""Loading rules from text, for tests."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from lanner.diagnostics import Source
from lanner.rules.loader import load

if TYPE_CHECKING:
    from lanner.rules.model import CheckedRule, LoadResult


def load_texts(*texts: str) -> LoadResult:
    """Loads texts as files `1.yaml`, `2.yaml`, …"""
    return load([Source(f"{n}.yaml", dedent(text)) for n, text in enumerate(texts, 1)])


def load_condition(condition: str, source: str = "k8s_audit") -> LoadResult:
    """Loads one rule with this condition."""
    indented = "\n".join(f"    {line}" for line in condition.splitlines())
    return load_texts(
        f"- rule: r\n  desc: d\n  condition: >\n{indented}\n"
        f"  output: o\n  priority: INFO\n  source: {source}\n"
    )


def codes(result: LoadResult) -> list[str]:
    """Codes of everything that was found, in order."""
    return [found.code for found in result.diagnostics]


def only_rule(result: LoadResult) -> CheckedRule:
    """The one rule of a valid result."""
    assert result.ok, [found.message for found in result.diagnostics]
    (rule,) = result.rules
    return rule
