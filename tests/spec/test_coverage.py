"""The specification shows every operator on every kind, both true and false, and every word."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from spec.page import Verdict, read_page

from lanner.rules.grammar import MODIFIERS, TRANSFORMERS
from lanner.rules.typed import CallOperand, FieldOperand, Kind, TCheck
from lanner.rules.types import operator_problem
from tests.rules.condition_support import checked

PAGES = Path(__file__).resolve().parents[2] / "spec"
TYPES = {
    Kind.STRING: "charbuf",
    Kind.BYTES: "bytebuf",
    Kind.UNSIGNED: "uint64",
    Kind.SIGNED: "int64",
    Kind.DOUBLE: "double",
    Kind.BOOL: "bool",
    Kind.IP: "ipaddr",
    Kind.NET: "ipnet",
}
OPERATORS = (
    *("exists", "=", "!=", "<", "<=", ">", ">=", "in", "intersects", "pmatch"),
    *("contains", "icontains", "startswith", "endswith", "bcontains", "bstartswith"),
    *("glob", "iglob", "regex"),
)


@cache
def verdicts() -> list[Verdict]:
    pages = [read_page(path.read_text(encoding="utf-8")) for path in sorted(PAGES.glob("*.md"))]
    return [example for page in pages for example in page if isinstance(example, Verdict)]


@cache
def shown() -> set[tuple[str, str | None, Kind, bool, str]]:
    """What single checks show: operator, modifier, kind, list or not, verdict."""
    found = set()
    for example in verdicts():
        if example.verdict == "refused":
            continue
        audit = "ka." in example.condition or "jevt." in example.condition
        typed = checked(example.condition, "k8s_audit" if audit else "syscall").typed
        if isinstance(typed, TCheck) and isinstance(typed.left, (FieldOperand, CallOperand)):
            left = typed.left
            found.add((typed.operator, typed.modifier, left.kind, left.is_list, example.verdict))
    return found


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("operator", OPERATORS)
def test_operators(operator: str, kind: Kind) -> None:
    problem = operator_problem(operator, None, TYPES[kind], is_list=False)
    allowed = operator == "exists" or problem is None
    for verdict in ("true", "false"):
        assert ((operator, None, kind, False, verdict) in shown()) == allowed


@pytest.mark.parametrize("operator", ["exists", "in", "intersects"])
@pytest.mark.parametrize("verdict", ["true", "false"])
def test_lists(operator: str, verdict: str) -> None:
    assert (operator, None, Kind.STRING, True, verdict) in shown()


@pytest.mark.parametrize("modifier", [word.strip() for word in MODIFIERS])
@pytest.mark.parametrize("verdict", ["true", "false"])
def test_modifiers(modifier: str, verdict: str) -> None:
    kinds = {kind for _, word, kind, _, found in shown() if (word, found) == (modifier, verdict)}
    assert Kind.STRING in kinds


@pytest.mark.parametrize("function", [*TRANSFORMERS, "val"])
@pytest.mark.parametrize("verdict", ["true", "false", "refused"])
def test_transformers(function: str, verdict: str) -> None:
    call = f"{function}("
    assert any(call in one.condition and one.verdict == verdict for one in verdicts())
