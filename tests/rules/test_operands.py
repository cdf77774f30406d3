"""Transformers and right-hand fields: what they accept, and what comes out."""

from __future__ import annotations

import pytest

from lanner.rules.typed import (
    CallOperand,
    Constant,
    ConstantOperand,
    FieldOperand,
    Kind,
    ListOperand,
)
from tests.rules.condition_support import first_error, typed_check

NAME = FieldOperand("proc.name", None, Kind.STRING, is_list=False)


@pytest.mark.parametrize("function", ["tolower", "toupper", "b64", "basename"])
def test_text_stays_text(function: str) -> None:
    check = typed_check(f"{function}(proc.name) startswith x")
    assert check.left == CallOperand(function, (NAME,), None, Kind.STRING, is_list=False)


def test_length_is_a_number() -> None:
    check = typed_check("len(proc.name) > 5")
    assert check.left == CallOperand("len", (NAME,), None, Kind.UNSIGNED, is_list=False)
    assert check.constants == (Constant(Kind.UNSIGNED, 5),)


def test_length_of_a_list_is_one_number() -> None:
    left = typed_check("len(fd.types) = 2").left
    assert isinstance(left, CallOperand)
    assert (left.kind, left.is_list) == (Kind.UNSIGNED, False)


def test_lists_stay_lists() -> None:
    left = typed_check("tolower(fd.types) intersects (file)").left
    assert isinstance(left, CallOperand)
    assert left.is_list


def test_bytes_stay_bytes() -> None:
    left = typed_check("b64(evt.buffer) contains GET").left
    assert isinstance(left, CallOperand)
    assert left.kind is Kind.BYTES


def test_join_concat_getopt() -> None:
    left = typed_check('join(",", (proc.name, "x", 5)) = a').left
    assert left == CallOperand(
        "join",
        (
            ConstantOperand(Constant(Kind.STRING, ",")),
            ListOperand(
                (
                    NAME,
                    ConstantOperand(Constant(Kind.STRING, "x")),
                    ConstantOperand(Constant(Kind.STRING, "5")),
                )
            ),
        ),
        None,
        Kind.STRING,
        is_list=False,
    )
    left = typed_check('concat(proc.name, "/", tolower(proc.pname)) = a').left
    assert isinstance(left, CallOperand)
    assert (left.kind, left.is_list, len(left.arguments)) == (Kind.STRING, False, 3)
    left = typed_check('getopt(fd.types, "a:b") intersects (a)').left
    assert isinstance(left, CallOperand)
    assert (left.argument, left.is_list) == (None, True)
    left = typed_check('getopt(fd.types, "a:b")[a] = x').left
    assert isinstance(left, CallOperand)
    assert (left.argument, left.is_list) == ("a", False)


@pytest.mark.parametrize(
    "text",
    [
        "tolower(toupper(proc.name)) = x",
        "len(tolower(proc.name)) = 1",
        "len(evt.buffer) = 1",
        'len(concat(proc.name, "x")) > 3',
        'len(getopt(fd.types, "a")) > 3',
        'tolower(join(",", fd.types)) = x',
        'concat("a", "b") = ab',
        # it is the plain field behind the transformers that counts
        'concat(len(proc.name), "x") = 5x',
        'join(",", tolower(fd.types)) = x',
        'join(len(proc.name), ("a")) = x',
        'join(",", ()) = x',
        "proc.name = tolower(proc.pname)",
        "len(proc.name) = len(proc.pname)",
        "proc.name in val(proc.pname)",
        "proc.pid >= val(proc.ppid)",
        "proc.name = concat(proc.pname, 'x')",
    ],
)
def test_accepted(text: str) -> None:
    assert first_error(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "tolower(evt.num) = 1",
            (
                "can't add field transformer: type 'UINT64' is not supported by 'tolower' transformer"
                " applied on field 'evt.num'"
            ),
        ),
        (
            "b64(len(proc.name)) = 1",
            (
                "can't add field transformer: type 'UINT64' is not supported by 'b64' transformer"
                " applied on field 'proc.name'"
            ),
        ),
        (
            "len(evt.num) = 1",
            (
                "can't add field transformer: type 'UINT64' is not supported by 'len' transformer"
                " applied on field 'evt.num'"
            ),
        ),
        (
            "toupper(evt.buffer) = 1",
            (
                "can't add field transformer: type 'BYTEBUF' is not supported by 'toupper' transformer"
                " applied on field 'evt.buffer'"
            ),
        ),
        ("tolower(proc.aname[2]) = x", "field 'proc.aname' does not support transformers"),
        ("tolower(proc.nosuch) = x", "filter_check called with nonexistent field proc.nosuch"),
        (
            "tolower(proc.name)[x] = a",
            "filter error: transformer 'tolower' does not support field arguments",
        ),
        (
            "getopt(fd.types)[x] = a",
            "filter error: transformer 'getopt' does not support field arguments",
        ),
        ("join(proc.name) = a", "unknown field transfomer 'join'"),
        ("tolower(proc.name, proc.pname) = a", "unknown multivalue transformer"),
        (
            'join(",", ("a"), "b") = a',
            "join() requires exactly 2 arguments: separator and list",
        ),
        (
            'join(("a"), ("b")) = a',
            "join() first argument (separator) must be a single value, not a list",
        ),
        ('join(",", proc.name) = a', "join() second argument must be a list"),
        # a getopt is a list, but not for the functions around it
        ('join(",", getopt(fd.types, "a")) = a', "join() second argument must be a list"),
        ('join(",", fd.types)[x] = a', "transformer 'join' does not support field arguments"),
        ('concat(proc.name, ("a")) = a', "concat() arguments must be strings"),
        ("concat(proc.name, evt.num) = a", "concat() arguments must be strings"),
        ("concat(proc.name, fd.types) = a", "concat() arguments must be strings"),
        (
            'getopt(fd.types, "a", "b") = a',
            "getopt() requires exactly 2 arguments: args list and optstring",
        ),
        ('getopt(proc.name, "a") = a', "getopt() first argument must be a list"),
        (
            "getopt(fd.types, fd.types) = a",
            "getopt() second argument (optstring) must be a single value",
        ),
        ("getopt(fd.types, evt.num) = a", "getopt() arguments must be strings"),
        (
            'getopt(fd.types, "ab")[ab] = a',
            "getopt() field argument must be a single option character",
        ),
        ('getopt(fd.types, "ab") = a', "filter error: '=' operator not supported list filters"),
        ("proc.name = val(proc.nosuch)", "filter_check called with nonexistent field proc.nosuch"),
        (
            "proc.name = val(proc.pname)[x]",
            "filter error: transformer 'val' does not support field arguments",
        ),
        (
            "proc.name = val(proc.pid)",
            (
                "field 'proc.name' has type 'CHARBUF' while the right-hand side field 'proc.pid' has"
                " incompatible type 'INT64'"
            ),
        ),
        ("fd.types in val(fd.types)", "field 'fd.types' doesn't support right-hand side fields"),
        (
            "proc.name regex val(proc.pname)",
            "operator 'REGEX' doesn't support right-hand side fields",
        ),
        (
            "proc.name pmatch val(proc.pname)",
            "operator 'PMATCH' doesn't support right-hand side fields",
        ),
        ("fd.snet = val(fd.sip)", "field type 'IPNET' doesn't support right-hand side fields"),
        (
            "proc.aname[2] = val(proc.name)",
            "field 'proc.aname' doesn't support right-hand side fields",
        ),
        (
            "proc.name = val(proc.aname[2])",
            "field 'proc.aname' can't be used as a right-hand side field",
        ),
    ],
)
def test_refused(text: str, message: str) -> None:
    assert first_error(text) == message


def test_lists_compare_with_lists() -> None:
    assert first_error("ka.user.groups in val(ka.sourceips)", "k8s_audit") is None
    assert first_error("ka.user.groups in val(ka.verb)", "k8s_audit") == (
        "field 'ka.user.groups' has type 'CHARBUF (list)' while the right-hand side field"
        " 'ka.verb' has incompatible type 'CHARBUF'"
    )
