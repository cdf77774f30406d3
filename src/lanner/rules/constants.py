"""Constants of conditions: from the text to a typed value.

Source: falcosecurity/libs 0.25.4 `value_parser.cpp`, and `sinsp_numparser` in `utils.cpp`, which is
scanf: numbers are decimal, clamped to 64 bits and then cut to the width of the type, so that a
minus sign wraps an unsigned number.
"""

from __future__ import annotations

import ipaddress
import re
import socket

from lanner.rules.typed import Constant, Kind
from lanner.rules.types import BITS, kind_of

MAX_BYTES = 255
"""Longer constants are refused, as by Falco, whose buffer for a value has 256 bytes."""

_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]+)")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_SERVICES = {"ssh": 22, "domain": 53, "http": 80, "https": 443, "postgresql": 5432, "mysql": 3306}
"""Used where the machine has no table of services."""

_UNPARSED = {"syscallid": 18, "sigtype": 19}
"""Types that are comparable, but whose constants Falco cannot read; with their numbers."""


class ConstantError(Exception):
    """A text that is no value of the type: Falco's message, and ours."""

    def __init__(self, falco_message: str, message: str | None = None) -> None:
        super().__init__(falco_message)
        self.falco_message = falco_message
        self.message = message or falco_message


def parse_constant(text: str, type_name: str, operator: str) -> Constant:
    """The typed value of a constant that a field of `type_name` is compared with.

    Raises:
        ConstantError: the text is no such value.

    """
    kind = kind_of(type_name)
    if operator in ("bcontains", "bstartswith"):
        return Constant(Kind.BYTES, _hexadecimal(text, operator))
    if kind is Kind.BYTES:
        return Constant(Kind.BYTES, _short(_encoded(text), "filter parameter too long (byte buf)"))
    # the C strings of Falco end here
    text = text.partition("\0")[0]
    if kind is Kind.STRING:
        size = len(_encoded(text))
        if size > MAX_BYTES:
            raise ConstantError(
                f"filter parameter too long (used={size + 1}, available=256):{text}",
                f"the value has {size} bytes; Falco takes at most {MAX_BYTES}",
            )
        return Constant(Kind.STRING, text)
    if kind is Kind.BOOL:
        if text not in ("true", "false"):
            raise ConstantError(
                f"filter error: unrecognized boolean value {text}",
                f"the field is true or false, not `{text}`",
            )
        return Constant(Kind.BOOL, text == "true")
    if kind is Kind.IP:
        return Constant(Kind.IP, _address(text))
    if kind is Kind.NET:
        return Constant(Kind.NET, _network(text))
    if type_name in _UNPARSED:
        raise ConstantError(
            f"wrong parameter type {_UNPARSED[type_name]}",
            "Falco cannot compare this parameter with a value; use the text form, `evt.arg`",
        )
    if type_name == "port":
        return Constant(Kind.UNSIGNED, _port(text))
    return _number(text, type_name, kind)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _short(value: bytes, falco_message: str) -> bytes:
    if len(value) > MAX_BYTES:
        message = f"the value has {len(value)} bytes; Falco takes at most {MAX_BYTES}"
        raise ConstantError(falco_message, message)
    return value


def _hexadecimal(text: str, operator: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise ConstantError(
            "filter error: bcontains and bstartswith operator support hex strings only",
            f"`{operator}` takes hexadecimal digits in pairs, such as 48656c; not `{text}`",
        )
    return _short(bytes.fromhex(text), "filter parameter too long (byte buf)")


def _integer(text: str, bits: int, *, signed: bool) -> int:
    found = _INTEGER.fullmatch(text)
    if found is None:
        raise ConstantError(
            f"{text} is not a valid number", f"the field is a number, and `{text}` is not"
        )
    # more digits than this are out of range all the same
    magnitude = int(found[2].lstrip("0")[:40] or "0")
    negative = found[1] == "-"
    if signed:
        number = max(-(1 << 63), min((1 << 63) - 1, -magnitude if negative else magnitude))
        number %= 1 << bits
        return number - (1 << bits) if number >> (bits - 1) else number
    if magnitude >> 64:
        magnitude, negative = (1 << 64) - 1, False
    return (-magnitude if negative else magnitude) % (1 << bits)


def _number(text: str, type_name: str, kind: Kind | None) -> Constant:
    if kind is Kind.DOUBLE:
        return Constant(Kind.DOUBLE, float(_integer(text, 32, signed=True)))
    bits = BITS.get(type_name, 64)
    if kind is Kind.SIGNED:
        return Constant(Kind.SIGNED, _integer(text, bits, signed=True))
    return Constant(Kind.UNSIGNED, _integer(text, bits, signed=False))


def _port(text: str) -> int:
    if not text:
        return 0
    if text.isascii() and text.isdigit():
        number = int(text.lstrip("0")[:20] or "0")
        if number >> 31:
            raise ConstantError("stoi", f"`{text}` is not a port")
        return number % (1 << 16)
    try:
        return socket.getservbyname(text)
    except (OSError, ValueError):
        # ValueError: names that are not ASCII
        if text in _SERVICES:
            return _SERVICES[text]
        message = f"`{text}` is neither a port number nor a known service"
        raise ConstantError(f"unrecognized protocol {text}", message) from None


def _address(text: str) -> str:
    version = 4 if "." in text else 6
    address = _parsed_address(text, version)
    if address is None:
        help_text = "; a network needs one of the net fields, such as fd.snet" * ("/" in text)
        raise ConstantError(
            f"unrecognized IPv{version} address {text}",
            f"`{text}` is not an IP address{help_text}",
        )
    return address


def _parsed_address(text: str, version: int) -> str | None:
    if "%" in text:
        return None
    try:
        return str(ipaddress.IPv4Address(text) if version == 4 else ipaddress.IPv6Address(text))
    except ValueError:
        return None


def _network(text: str) -> str:
    version = 4 if "." in text else 6
    address, slash, mask = text.partition("/")
    message = f"`{text}` is not a network: write it as 10.0.0.0/8 or fe80::/10"
    if not slash:
        kind = "unrecognized IP network" if version == 4 else "invalid v6 netmask:"
        raise ConstantError(f"{kind} {text}", message)
    if _parsed_address(address, version) is None:
        kind = "unrecognized IP address" if version == 4 else "unrecognized IPv6 address"
        raise ConstantError(f"{kind} {text}", message)
    try:
        length = _integer(mask, 8, signed=False)
    except ConstantError as error:
        raise ConstantError(error.falco_message, message) from None
    if version == 4 and length > 32:
        raise ConstantError(f"invalid netmask {mask}", message)
    if version == 6 and not 0 < length <= 128:
        raise ConstantError(f"invalid v6 netmask {mask}", message)
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))
