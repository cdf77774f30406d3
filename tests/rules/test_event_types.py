"""Event types of conditions, and warnings about valid conditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanner import catalog
from lanner.rules.parser import parse_condition
from lanner.rules.passes.event_types import event_codes
from lanner.rules.passes.warnings import condition_warnings
from tests.rules.condition_support import checked, falco_messages, mapped


def codes(text: str) -> frozenset[int]:
    typed = checked(text).typed
    assert typed is not None
    return event_codes(typed)


OPENAT = catalog.event_codes("openat")
CLOSE = catalog.event_codes("close")
ALL = catalog.all_event_codes()


def test_the_names_have_codes() -> None:
    assert OPENAT
    assert CLOSE
    assert not OPENAT & CLOSE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("evt.type=openat", OPENAT),
        ("evt.type==openat", OPENAT),
        ("syscall.type=openat", OPENAT),
        ("not evt.type != openat", OPENAT),
        ("not not evt.type = openat", OPENAT),
        ("evt.type in (openat)", OPENAT),
        ("evt.type=openat and not proc.name=nginx", OPENAT),
        ("evt.type=openat and not (evt.type=close and proc.name=nginx)", OPENAT),
        ("evt.type!=openat", ALL - OPENAT),
        ("not evt.type=openat", ALL - OPENAT),
        ("evt.type=close or evt.type!=openat", ALL - OPENAT),
        ("evt.type in (openat, close)", OPENAT | CLOSE),
        ("evt.type=openat or (evt.type=close and proc.name=nginx)", OPENAT | CLOSE),
        ("not evt.type in (openat, close)", ALL - OPENAT - CLOSE),
        ("evt.type!=openat and evt.type!=close", ALL - OPENAT - CLOSE),
        ("evt.type!=openat or evt.type!=close", ALL),
        ("proc.name=nginx", ALL),
        ("not proc.name=nginx", ALL),
        ("evt.type=openat or proc.name=nginx", ALL),
        ("evt.type=close and evt.type=openat", frozenset()),
        ("evt.type in ()", frozenset()),
        ("not evt.type in ()", ALL),
        ("evt.type exists", ALL),
        ("not evt.type exists", frozenset()),
        ("not proc.name exists", ALL),
        ("syscall.type=nosuch", frozenset()),
        # operators and modifiers that Falco does not look into
        ("syscall.type startswith open", ALL),
        ("evt.type = anyof (openat)", ALL),
        ("evt.type != anyof (openat, close)", ALL),
        ("not evt.type = oneof (openat)", ALL),
    ],
)
def test_codes(text: str, expected: frozenset[int]) -> None:
    assert codes(text) == expected


def test_a_syscall_without_events_of_its_own_is_generic() -> None:
    assert codes("evt.type = sched_yield") == {0, 1}


CHECKS = ("evt.type=openat", "evt.type!=close", "proc.name=a", "evt.type in ()", "evt.type exists")
conditions = st.recursive(
    st.sampled_from(CHECKS),
    lambda inner: (
        inner.map("not ({})".format)
        | st.tuples(inner, inner).map(lambda pair: "({}) and ({})".format(*pair))
        | st.tuples(inner, inner).map(lambda pair: "({}) or ({})".format(*pair))
    ),
    max_leaves=8,
)


@given(conditions, conditions)
def test_laws(left: str, right: str) -> None:
    assert codes(f"not (not ({left}))") == codes(left)
    assert codes(f"not (({left}) and ({right}))") == codes(f"not ({left}) or not ({right})")
    assert codes(f"({left}) and ({right})") == codes(left) & codes(right)
    assert codes(f"({left}) or ({right})") == codes(left) | codes(right)


# warnings


def warnings(text: str) -> list[tuple[str, str]]:
    condition, _ = parse_condition(mapped(text))
    assert condition is not None
    found = condition_warnings(condition)
    return list(zip([one.code for one in found], falco_messages(found), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "ka.user.name = <NA>",
        "ka.user.name == '<NA>'",
        "ka.user.name != <NA>",
        "jevt.value[/a] in (x, <NA>)",
        "ka.user.groups intersects (<NA>)",
        "ka.uri pmatch (<NA>)",
        "proc.name = a or not ka.verb = <NA>",
        "tolower(ka.verb) = <NA>",
    ],
)
def test_unsafe_comparisons(text: str) -> None:
    assert warnings(text) == [("LOAD_UNSAFE_NA_CHECK", "")]


@pytest.mark.parametrize(
    "text",
    [
        "proc.name = <NA>",
        "ka.verb startswith <NA>",
        "ka.verb = '<NA> '",
        "ka.verb exists",
        "ka.verb = oneof (<NA>)",
    ],
)
def test_other_comparisons(text: str) -> None:
    assert warnings(text) == []


def test_deprecated_fields_in_order_and_once() -> None:
    gone = "field is not available due to the drop of enter events."
    found = warnings("evt.wait_latency > 1 and evt.latency > 2 and evt.latency > 3 and evt.dir = <")
    assert [code for code, _ in found] == ["LOAD_DEPRECATED_ITEM"] * 3
    assert found[0][1].startswith("due to the drop of enter events, 'evt.dir = <'")
    assert [message for _, message in found[1:]] == [gone, gone]


def test_deprecated_fields_below_transformers() -> None:
    assert [code for code, _ in warnings("tolower(evt.dir) = x")] == ["LOAD_DEPRECATED_ITEM"]


def test_spans_of_warnings() -> None:
    condition, _ = parse_condition(mapped("ka.verb = get and ka.user.name in (a, <NA>)"))
    assert condition is not None
    (found,) = condition_warnings(condition)
    assert found.span is not None
    assert found.span.text == "<NA>"
