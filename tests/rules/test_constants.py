"""Constants: what each type reads out of a text, against tables and the C library."""

from __future__ import annotations

import ctypes
import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanner.rules.constants import ConstantError, parse_constant
from lanner.rules.typed import Constant, Kind
from lanner.rules.types import BITS, kind_of
from tests.rules.condition_support import first_error, typed_check

NUMBER_TYPES = (
    *("int8", "int16", "int32", "int64", "fd", "pid", "errno"),
    *("uint8", "uint16", "uint32", "uint64", "flags8", "flags16", "flags32"),
    *("enumflags8", "enumflags16", "enumflags32", "mode", "reltime", "abstime"),
)


def value_of(text: str, type_name: str, operator: str = "=") -> object:
    return parse_constant(text, type_name, operator).value


def message_of(text: str, type_name: str, operator: str = "=") -> str:
    with pytest.raises(ConstantError) as caught:
        parse_constant(text, type_name, operator)
    assert caught.value.message
    return caught.value.falco_message


@pytest.mark.parametrize(
    ("text", "type_name", "value"),
    [
        ("5", "uint64", 5),
        ("+5", "uint64", 5),
        ("  5", "uint64", 5),
        ("007", "uint64", 7),
        ("-1", "uint64", 2**64 - 1),
        ("-1", "uint32", 2**32 - 1),
        ("-1", "uint8", 255),
        ("256", "uint8", 0),
        ("4294967296", "uint32", 0),
        ("18446744073709551616", "uint64", 2**64 - 1),
        ("-18446744073709551616", "uint64", 2**64 - 1),
        ("99999999999999999999", "uint32", 2**32 - 1),
        ("-5", "int64", -5),
        ("9223372036854775808", "int64", 2**63 - 1),
        ("-9223372036854775809", "int64", -(2**63)),
        ("4294967295", "int32", -1),
        ("9223372036854775808", "int32", -1),
        ("-9223372036854775809", "int32", 0),
        ("40000", "int16", 40000 - 65536),
        ("7", "double", 7.0),
        ("4294967295", "double", -1.0),
        ("9" * 5000, "uint64", 2**64 - 1),
        ("0" * 5000 + "1", "uint64", 1),
    ],
)
def test_numbers(text: str, type_name: str, value: float) -> None:
    constant = parse_constant(text, type_name, "=")
    assert constant == Constant(constant.kind, value)
    assert constant.kind is kind_of(type_name)
    assert type(constant.value) is type(value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "x", "0x10", "5x", "5 ", "1.5", "1e3", "--1", "+ 1", "٣", "\xa05", "5\n", "1_0"],
)
@pytest.mark.parametrize("type_name", ["uint64", "int64", "uint8", "double", "abstime"])
def test_what_is_no_number(text: str, type_name: str) -> None:
    assert message_of(text, type_name) == f"{text} is not a valid number"


@pytest.mark.skipif(sys.platform != "linux", reason="compares with glibc's scanf")
@given(
    st.from_regex(r"\A[ \t]{0,2}[+-]{0,2}(0x)?[0-9]{0,25}[ x]?\Z"), st.sampled_from(NUMBER_TYPES)
)
def test_numbers_are_read_as_scanf_reads_them(text: str, type_name: str) -> None:
    libc = ctypes.CDLL(None)
    signed = kind_of(type_name) is Kind.SIGNED
    wide = BITS.get(type_name, 64) == 64
    conversion = ("l" if wide else "") + ("d" if signed else "u")
    number = (ctypes.c_int64 if wide else ctypes.c_int32)()
    rest = ctypes.c_char()
    read = libc.sscanf(
        text.encode(), f"%{conversion}%c".encode(), ctypes.byref(number), ctypes.byref(rest)
    )
    if read != 1:
        assert message_of(text, type_name) == f"{text} is not a valid number"
        return
    bits = BITS.get(type_name, 64)
    expected = number.value % (1 << bits)
    if signed and expected >> (bits - 1):
        expected -= 1 << bits
    assert value_of(text, type_name) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22", 22),
        ("0", 0),
        ("", 0),
        ("65536", 0),
        ("65558", 22),
        ("0080", 80),
        ("http", 80),
        ("https", 443),
    ],
)
def test_ports(text: str, value: int) -> None:
    assert value_of(text, "port") == value


def test_services_are_those_of_the_machine() -> None:
    for name in ("ssh", "domain", "ntp"):
        try:
            port = socket.getservbyname(name)
        except OSError:
            continue
        assert value_of(name, "port") == port


@pytest.mark.parametrize("text", ["nosuchservice", "0x16", "-1", "22 ", "٣", "é", "a\udcff"])
def test_what_is_no_port(text: str) -> None:
    assert message_of(text, "port") == f"unrecognized protocol {text}"


def test_a_port_that_is_far_too_large() -> None:
    # std::stoi, whose error ends Falco
    assert message_of("2147483648", "port") == "stoi"


def test_booleans() -> None:
    assert value_of("true", "bool") is True
    assert value_of("false", "bool") is False
    for text in ("True", "TRUE", "yes", "1", ""):
        assert message_of(text, "bool") == f"filter error: unrecognized boolean value {text}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("FE80::A", "fe80::a"),
        ("::", "::"),
    ],
)
def test_addresses(text: str, value: str) -> None:
    assert parse_constant(text, "ipaddr", "=") == Constant(Kind.IP, value)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("10.0.0", 4),
        ("10.0.0.256", 4),
        ("10.0.0.01", 4),
        ("10.0.0.0/8", 4),
        ("10.0.0.1 ", 4),
        ("::ffff:1.2.3.4", 4),
        ("localhost.example", 4),
        ("", 6),
        ("host", 6),
        ("fe80::1%eth0", 6),
        ("1:2:3", 6),
        ("::/10", 6),
        ("12345::", 6),
    ],
)
def test_what_is_no_address(text: str, version: int) -> None:
    assert message_of(text, "ipaddr") == f"unrecognized IPv{version} address {text}"


@given(st.from_regex(r"\A[0-9a-f:.]{0,20}\Z") | st.ip_addresses().map(str))
def test_addresses_are_read_as_inet_pton_reads_them(text: str) -> None:
    family = socket.AF_INET if "." in text else socket.AF_INET6
    try:
        expected = socket.inet_pton(family, text)
    except OSError:
        expected = None
    try:
        value = str(value_of(text, "ipaddr"))
    except ConstantError:
        assert expected is None
    else:
        assert socket.inet_pton(family, value) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("1.2.3.4/32", "1.2.3.4/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("fe80::/10", "fe80::/10"),
        ("fe80::1/64", "fe80::/64"),
        ("::1/128", "::1/128"),
        ("10.0.0.0/+8", "10.0.0.0/8"),
        ("10.0.0.0/264", "10.0.0.0/8"),
    ],
)
def test_networks(text: str, value: str) -> None:
    assert parse_constant(text, "ipnet", "=") == Constant(Kind.NET, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10.0.0.0", "unrecognized IP network 10.0.0.0"),
        ("10.0.0/8", "unrecognized IP address 10.0.0/8"),
        ("10.0.0.0/33", "invalid netmask 33"),
        ("10.0.0.0/x", "x is not a valid number"),
        ("10.0.0.0/", " is not a valid number"),
        ("10.0.0.0/8/9", "8/9 is not a valid number"),
        ("fe80::", "invalid v6 netmask: fe80::"),
        ("fe80::x/8", "unrecognized IPv6 address fe80::x/8"),
        ("fe80::/0", "invalid v6 netmask 0"),
        ("fe80::/129", "invalid v6 netmask 129"),
        ("net", "invalid v6 netmask: net"),
    ],
)
def test_what_is_no_network(text: str, message: str) -> None:
    assert message_of(text, "ipnet") == message


def test_text() -> None:
    assert parse_constant("a b", "charbuf", "=") == Constant(Kind.STRING, "a b")
    assert parse_constant("", "fspath", "=") == Constant(Kind.STRING, "")
    assert value_of("5", "charbuf", "<") == "5"


def test_text_ends_where_a_c_string_ends() -> None:
    assert value_of("a\0b", "charbuf") == "a"
    assert value_of("5\0b", "uint64") == 5
    assert value_of("a\0b", "bytebuf") == b"a\0b"


def test_long_text_is_refused_as_by_falco() -> None:
    assert value_of("a" * 255, "charbuf") == "a" * 255
    long = "a" * 256
    assert (
        message_of(long, "charbuf") == f"filter parameter too long (used=257, available=256):{long}"
    )
    assert message_of("é" * 128, "charbuf").startswith("filter parameter too long (used=257")
    assert message_of(long, "bytebuf") == "filter parameter too long (byte buf)"
    assert first_error(f"proc.cmdline contains '{long}'") is not None


def test_bytes() -> None:
    assert parse_constant("GET", "bytebuf", "contains") == Constant(Kind.BYTES, b"GET")
    assert parse_constant("48656C", "bytebuf", "bcontains") == Constant(Kind.BYTES, b"Hel")
    for text in ("xyz", "4", "0x48", "48 65", "", "４８"):
        assert message_of(text, "bytebuf", "bstartswith") == (
            "filter error: bcontains and bstartswith operator support hex strings only"
        )


@pytest.mark.parametrize(("type_name", "number"), [("syscallid", 18), ("sigtype", 19)])
def test_types_that_falco_compares_but_cannot_read(type_name: str, number: int) -> None:
    assert message_of("1", type_name) == f"wrong parameter type {number}"


def test_bad_text_never_raises_anything_else() -> None:
    for type_name in (*NUMBER_TYPES, "port", "bool", "ipaddr", "ipnet", "charbuf", "bytebuf"):
        for text in ("\ud800", "\udcff", "\0", "é", "\U0010ffff", "9" * 10_000, "/" * 300, "."):
            try:
                parse_constant(text, type_name, "=")
            except ConstantError as error:
                assert error.falco_message


def test_constants_of_a_list_are_all_read() -> None:
    check = typed_check("fd.rport in (22, http, 8080)")
    assert [constant.value for constant in check.constants] == [22, 80, 8080]
