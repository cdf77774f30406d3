"""Falco's parameter types: how they compare, and which operators they have.

Source: falcosecurity/libs 0.25.4 `filter_compare.cpp` (`flt_is_comparable` and its helpers).
"""

from __future__ import annotations

from lanner.rules.typed import Kind

_KINDS = {
    Kind.SIGNED: ("int8", "int16", "int32", "int64", "fd", "pid", "errno"),
    Kind.UNSIGNED: (
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "flags8",
        "flags16",
        "flags32",
        "enumflags8",
        "enumflags16",
        "enumflags32",
        "mode",
        "port",
        "syscallid",
        "sigtype",
        "reltime",
        "abstime",
    ),
    Kind.STRING: ("charbuf", "fspath", "fsrelpath"),
    Kind.BYTES: ("bytebuf",),
    Kind.BOOL: ("bool",),
    Kind.DOUBLE: ("double",),
    Kind.IP: ("ipaddr", "ipv4addr", "ipv6addr"),
    Kind.NET: ("ipnet", "ipv4net", "ipv6net"),
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names}

BITS = {
    "int8": 8,
    "int16": 16,
    "int32": 32,
    "uint8": 8,
    "flags8": 8,
    "enumflags8": 8,
    "uint16": 16,
    "flags16": 16,
    "enumflags16": 16,
    "port": 16,
    "syscallid": 16,
    "sigtype": 8,
    "uint32": 32,
    "flags32": 32,
    "enumflags32": 32,
    "mode": 32,
}
"""Width of the integer types that have less than 64 bits."""

_ORDER = ("=", "!=", "<", "<=", ">", ">=")
_OPERATORS = {
    Kind.SIGNED: (*_ORDER, "in", "intersects"),
    Kind.UNSIGNED: (*_ORDER, "in", "intersects"),
    Kind.DOUBLE: (*_ORDER, "in", "intersects"),
    Kind.BOOL: ("=", "!=", "in", "intersects"),
    Kind.STRING: (
        *_ORDER,
        "contains",
        "icontains",
        "startswith",
        "endswith",
        "glob",
        "iglob",
        "regex",
        "in",
        "intersects",
        "pmatch",
    ),
    Kind.BYTES: (
        "=",
        "!=",
        "contains",
        "startswith",
        "endswith",
        "bcontains",
        "bstartswith",
        "in",
        "intersects",
    ),
    Kind.IP: ("=", "!=", "in", "intersects"),
    Kind.NET: ("=", "!=", "in", "intersects"),
}
_FALCO_CLASS = {
    Kind.SIGNED: "numeric filters",
    Kind.UNSIGNED: "numeric filters",
    Kind.DOUBLE: "numeric filters",
    Kind.BOOL: "numeric filters",
    Kind.STRING: "string filters",
    Kind.BYTES: "buffer filters",
    Kind.IP: "ip address and network filters",
    Kind.NET: "ip address and network filters",
}
PEOPLE = {
    Kind.SIGNED: "a number",
    Kind.UNSIGNED: "a number",
    Kind.DOUBLE: "a number",
    Kind.BOOL: "true or false",
    Kind.STRING: "text",
    Kind.BYTES: "bytes",
    Kind.IP: "an IP address",
    Kind.NET: "a network",
}
"""What values of a kind are, for messages."""

_NAMES = {"dyn": "DYNAMIC", "fd32": "<NA>", "pid32": "<NA>", "ipv6addr": "<NA>", "ipv6net": "<NA>"}
"""Falco's names of types, where they are not ours in upper case."""

_LIST_KINDS = ("charbuf", "uint64", "reltime", "abstime", "bool", "ipaddr", "ipnet")


def kind_of(type_name: str) -> Kind | None:
    """How values of a parameter type compare; None for types that cannot be compared."""
    return _KIND_OF.get(type_name)


def falco_name(type_name: str) -> str:
    """The name of a parameter type in Falco's messages."""
    return _NAMES.get(type_name, type_name.upper())


def operator_problem(
    operator: str, modifier: str | None, type_name: str, *, is_list: bool
) -> tuple[str, str] | None:
    """Why a type does not have an operator: Falco's words, and ours. None if it has it."""
    if operator == "exists":
        return None
    kind = kind_of(type_name)
    if is_list:
        if type_name not in _LIST_KINDS:
            text = f"list filters are not supported for type '{falco_name(type_name)}'"
            return f"filter error: {text}", text
        if operator in ("in", "intersects"):
            return None
        return (
            f"filter error: '{operator}' operator not supported list filters",
            f"a field with several values has no `{operator}`: use in, intersects or exists",
        )
    if kind is None:
        text = f"'{operator}' operator not supported for type '{falco_name(type_name)}'"
        return f"filter error: {text}", text
    if operator in _OPERATORS[kind]:
        return None
    with_modifier = modifier is not None and kind in (Kind.IP, Kind.NET)
    falco = "with modifier" if with_modifier else "operator"
    message = (
        f"`{operator}` cannot be used here: the field is {PEOPLE[kind]};"
        f" it has {', '.join(_OPERATORS[kind])} and exists"
    )
    return f"filter error: '{operator}' {falco} not supported for {_FALCO_CLASS[kind]}", message
