"""Random trees: the type check never raises, and its results keep together."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lanner import catalog
from lanner.diagnostics import Source, Span
from lanner.rules import grammar
from lanner.rules.ast import (
    And,
    Call,
    CallList,
    Check,
    Condition,
    Expanded,
    Field,
    Macro,
    Not,
    Or,
    Value,
    ValueList,
)
from lanner.rules.passes.check_types import check_condition
from lanner.rules.passes.event_types import event_codes
from lanner.rules.passes.warnings import condition_warnings
from lanner.rules.typed import TAnd, TCheck, TCondition, TNot, TOr

SPAN = Span(Source("<test>", "text of it"), 3, 7)
FIELDS = sorted(field.name for field in catalog.fields())

arguments = st.none() | st.sampled_from(["0", "1", "-1", "007", "x", "/a/b", "", "é", "\ud800"])
names = st.sampled_from(FIELDS) | st.sampled_from(
    ["evt.arg.flags", "evt.rawarg.res", "evt.rawarg.argv", "proc.nmae", "nosuch", "", "a.b.c"]
)
fields = st.builds(Field, names, arguments, st.just(SPAN))
values = st.builds(
    Value,
    st.sampled_from(
        [
            "a",
            "",
            "5",
            "-1",
            "0x10",
            "1.5",
            "true",
            "10.0.0.1",
            "::1",
            "10.0.0.0/8",
            "fe80::/10",
            "open",
            "http",
            "4869",
            "a*",
            "[",
            "(a|b)*",
            "<NA>",
            "proc.name",
            "tolower(a.b)",
            "é",
        ]
    )
    | st.text(max_size=10)
    | st.sampled_from(["a" * 256, "é" * 130, "\ud800", "(" * 200]),
    st.booleans(),
    st.just(SPAN),
)
functions = st.sampled_from([*grammar.TRANSFORMERS, "val", "nosuch"])
operands = st.recursive(
    fields | values,
    lambda inner: (
        st.builds(
            Call,
            functions,
            st.lists(inner, min_size=1, max_size=3).map(tuple),
            arguments,
            st.just(SPAN),
        )
        | st.builds(CallList, st.lists(inner, max_size=3).map(tuple), st.just(SPAN))
    ),
    max_leaves=6,
)
calls = st.builds(
    Call, functions, st.lists(operands, min_size=1, max_size=3).map(tuple), arguments, st.just(SPAN)
)
right_sides = values | st.builds(ValueList, st.lists(values, max_size=4).map(tuple), st.just(SPAN))


@st.composite
def any_check(draw: st.DrawFn) -> Condition:
    return Check(
        draw(fields | calls),
        draw(st.sampled_from(grammar.ALL_OPERATORS)),
        draw(st.none() | st.sampled_from(["oneof", "anyof", "allof"])),
        draw(right_sides | calls),
        SPAN,
        SPAN,
    )


checks = any_check()
leaves = checks | st.builds(Macro, st.just("m"), st.just(SPAN))
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Not, inner, st.just(SPAN))
        | st.builds(Expanded, st.just("m"), inner, st.just(SPAN))
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple), st.just(SPAN))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple), st.just(SPAN))
    ),
    max_leaves=6,
)


@given(conditions, st.sampled_from(["syscall", "k8s_audit", "nosuch"]))
@settings(max_examples=800, deadline=None)
def test_never_raises(condition: Condition, source: str) -> None:
    condition_warnings(condition)
    result = check_condition(condition, source)
    errors = [found for found in result.diagnostics if found.is_error]
    assert all(found.message and found.span is not None for found in result.diagnostics)
    if errors:
        assert result.typed is None
        assert errors == list(result.diagnostics)
    elif result.typed is not None:
        assert event_codes(result.typed) <= catalog.all_event_codes()
        for check in _checks(result.typed):
            assert check.operator != "=="
            assert check.right is None or not check.constants


def _checks(node: TCondition) -> list[TCheck]:
    if isinstance(node, TCheck):
        return [node]
    if isinstance(node, TNot):
        return _checks(node.child)
    assert isinstance(node, TAnd | TOr)
    return [check for child in node.children for check in _checks(child)]


@given(checks)
@settings(max_examples=300, deadline=None)
def test_the_result_does_not_depend_on_the_surroundings(check: Condition) -> None:
    alone = check_condition(check, "syscall")
    twice = check_condition(And((check, Not(check, SPAN)), SPAN), "syscall")
    assert (alone.typed is None) == (twice.typed is None)
    assert len(twice.diagnostics) == 2 * len(alone.diagnostics)
