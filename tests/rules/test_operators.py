"""Which operator each type has, and what Falco says where it has not."""

from __future__ import annotations

import pytest

from lanner.rules.types import kind_of, operator_problem
from tests.rules.condition_support import first_error

ORDER = ("=", "!=", "<", "<=", ">", ">=")
TEXT = (
    "contains",
    "icontains",
    "startswith",
    "endswith",
    "glob",
    "iglob",
    "regex",
    "pmatch",
)
HEX = ("bcontains", "bstartswith")
SETS = ("in", "intersects")
ALL = (*ORDER, *TEXT, *HEX, *SETS, "exists")

NUMBERS = (
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("errno", "fd", "pid", "syscallid", "sigtype", "reltime", "abstime", "port", "double", "mode"),
    *("flags8", "flags16", "flags32", "enumflags8", "enumflags16", "enumflags32"),
)
ALLOWED = {
    **{name: {*ORDER, *SETS, "exists"} for name in NUMBERS},
    "bool": {"=", "!=", *SETS, "exists"},
    **{name: {*ORDER, *TEXT, *SETS, "exists"} for name in ("charbuf", "fspath", "fsrelpath")},
    "bytebuf": {"=", "!=", "contains", "startswith", "endswith", *HEX, *SETS, "exists"},
    **{
        name: {"=", "!=", *SETS, "exists"}
        for name in ("ipaddr", "ipv4addr", "ipv6addr", "ipnet", "ipv4net", "ipv6net")
    },
}
CLASS = {
    **dict.fromkeys((*NUMBERS, "bool"), "numeric filters"),
    **dict.fromkeys(("charbuf", "fspath", "fsrelpath"), "string filters"),
    "bytebuf": "buffer filters",
    **dict.fromkeys(
        ("ipaddr", "ipv4addr", "ipv6addr", "ipnet", "ipv4net", "ipv6net"),
        "ip address and network filters",
    ),
}


@pytest.mark.parametrize("type_name", ALLOWED)
def test_single_values(type_name: str) -> None:
    for operator in ALL:
        problem = operator_problem(operator, None, type_name, is_list=False)
        if operator in ALLOWED[type_name]:
            assert problem is None, operator
        else:
            assert problem is not None, operator
            assert problem[0] == (
                f"filter error: '{operator}' operator not supported for {CLASS[type_name]}"
            )
            assert operator in problem[1]


@pytest.mark.parametrize(
    "type_name", ["charbuf", "uint64", "reltime", "abstime", "bool", "ipaddr", "ipnet"]
)
def test_lists(type_name: str) -> None:
    for operator in ALL:
        problem = operator_problem(operator, None, type_name, is_list=True)
        if operator in (*SETS, "exists"):
            assert problem is None
        else:
            assert problem is not None
            assert problem[0] == f"filter error: '{operator}' operator not supported list filters"


@pytest.mark.parametrize("type_name", ["int64", "bytebuf", "port", "double"])
def test_types_without_lists(type_name: str) -> None:
    problem = operator_problem("in", None, type_name, is_list=True)
    assert problem is not None
    assert (
        problem[0] == f"filter error: list filters are not supported for type '{type_name.upper()}'"
    )
    assert operator_problem("exists", None, type_name, is_list=True) is None


@pytest.mark.parametrize(
    ("type_name", "shown"),
    [
        ("uid", "UID"),
        ("sockaddr", "SOCKADDR"),
        ("dyn", "DYNAMIC"),
        ("fd32", "<NA>"),
        ("charbufarray", "CHARBUFARRAY"),
    ],
)
def test_types_that_do_not_compare(type_name: str, shown: str) -> None:
    assert kind_of(type_name) is None
    problem = operator_problem("=", None, type_name, is_list=False)
    assert problem is not None
    assert problem[0] == f"filter error: '=' operator not supported for type '{shown}'"
    assert operator_problem("exists", None, type_name, is_list=False) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("proc.pid contains 1", "'contains' operator not supported for numeric filters"),
        ("proc.pid startswith 1", "'startswith' operator not supported for numeric filters"),
        ("proc.pid pmatch (1)", "'pmatch' operator not supported for numeric filters"),
        ("evt.is_open_write > 1", "'>' operator not supported for numeric filters"),
        ("fd.sip > 1", "'>' operator not supported for ip address and network filters"),
        (
            "fd.sip startswith 10",
            "'startswith' operator not supported for ip address and network filters",
        ),
        (
            "fd.sip startswith anyof (10, 11)",
            "'startswith' with modifier not supported for ip address and network filters",
        ),
        (
            "fd.snet pmatch (10.0.0.0/8)",
            "'pmatch' operator not supported for ip address and network filters",
        ),
        ("evt.buffer > 1", "'>' operator not supported for buffer filters"),
        ("evt.buffer regex 'x'", "'regex' operator not supported for buffer filters"),
        ("proc.name bcontains 00", "'bcontains' operator not supported for string filters"),
        ("len(proc.name) contains 1", "'contains' operator not supported for numeric filters"),
        ("fd.types[1] = file", "'=' operator not supported list filters"),
        ("fd.types == file", "'=' operator not supported list filters"),
        ("evt.rawarg.euid = 0", "'=' operator not supported for type 'UID'"),
    ],
)
def test_in_conditions(text: str, message: str) -> None:
    assert first_error(text) == f"filter error: {message}"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("fd.sip = anyof (10.0.0.1, ::1)", "syscall"),
        ("proc.name != allof (a, b)", "syscall"),
        ("proc.pid = oneof (1, 2)", "syscall"),
        ("ka.user.groups intersects (system:masters)", "k8s_audit"),
        ("ka.req.pod.containers.image[0] in (x)", "k8s_audit"),
        ("ka.sourceips exists", "k8s_audit"),
        ("ka.response.code < 300", "k8s_audit"),
        ("jevt.value[/a/b] startswith c", "k8s_audit"),
        ("evt.rawarg.euid exists", "syscall"),
    ],
)
def test_accepted(text: str, source: str) -> None:
    assert first_error(text, source) is None
