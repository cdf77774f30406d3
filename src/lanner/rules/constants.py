"""Constants of conditions: from the text to a typed value.

Source: falcosecurity/libs 0.25.4 `value_parser.cpp` and `sinsp_utils` number parsing, which is
scanf's: a minus sign wraps an unsigned number, hexadecimal is not a number.
"""

from __future__ import annotations

import ipaddress
import re
import socket

from lanner.rules.typed import Constant, Kind
from lanner.rules.types import BITS, kind_of

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,400}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_SERVICES = {"ssh": 22, "domain": 53, "http": 80, "https": 443, "postgresql": 5432, "mysql": 3306}
"""Used where the machine has no table of services."""


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
        if not _HEX.fullmatch(text):
            raise ConstantError(
                "filter error: bcontains and bstartswith operator support hex strings only",
                f"`{operator}` takes hexadecimal digits in pairs, such as 48656c; not `{text}`",
            )
        return Constant(Kind.BYTES, bytes.fromhex(text))
    if kind is Kind.STRING:
        return Constant(Kind.STRING, text)
    if kind is Kind.BYTES:
        return Constant(Kind.BYTES, text.encode("utf-8", "surrogateescape"))
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
    if type_name == "port" and not text.isascii():
        raise ConstantError(f"unrecognized protocol {text}")
    if type_name == "port" and not (text.isdigit() or not text):
        return Constant(Kind.UNSIGNED, _service(text))
    return _number(text, type_name, kind)


def _number(text: str, type_name: str, kind: Kind | None) -> Constant:
    if type_name == "port" and not text:
        return Constant(Kind.UNSIGNED, 0)
    if not _INTEGER.fullmatch(text):
        raise ConstantError(
            f"{text} is not a valid number", f"the field is a number, and `{text}` is not"
        )
    number = int(text)
    if kind is Kind.DOUBLE:
        return Constant(Kind.DOUBLE, float(number))
    bits = BITS.get(type_name, 64)
    if kind is Kind.SIGNED:
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        return Constant(Kind.SIGNED, max(low, min(high, number)))
    if bits == 64:
        number = min(number, (1 << 64) - 1)
    return Constant(Kind.UNSIGNED, number % (1 << bits))


def _service(name: str) -> int:
    try:
        return socket.getservbyname(name)
    except OSError:
        if name in _SERVICES:
            return _SERVICES[name]
        message = f"`{name}` is neither a port number nor a known service"
        raise ConstantError(f"unrecognized protocol {name}", message) from None


def _address(text: str) -> str:
    version = 4 if "." in text else 6
    try:
        if version == 4:
            return str(ipaddress.IPv4Address(text))
        # Python takes zones (fe80::1%eth0), inet_pton does not
        return str(ipaddress.IPv6Address(text.replace("%", "/")))
    except ValueError:
        help_text = "; a network needs one of the net fields, such as fd.snet" * ("/" in text)
        raise ConstantError(
            f"unrecognized IPv{version} address {text}",
            f"`{text}` is not an IP address{help_text}",
        ) from None


def _network(text: str) -> str:
    version = 4 if "." in text else 6
    address, slash, mask = text.partition("/")
    message = f"`{text}` is not a network: write it as 10.0.0.0/8 or fe80::/10"
    if not slash:
        raise ConstantError(f"unrecognized IP network {text}", message)
    try:
        if version == 4:
            ipaddress.IPv4Address(address)
        else:
            ipaddress.IPv6Address(address)
    except ValueError:
        raise ConstantError(f"unrecognized IP address {text}", message) from None
    if not mask.isdigit() or not mask.isascii():
        raise ConstantError(f"{mask} is not a valid number", message)
    if int(mask[:6]) > (32 if version == 4 else 128):
        raise ConstantError(f"invalid netmask {mask}", message)
    return str(ipaddress.ip_network(f"{address}/{int(mask)}", strict=False))
