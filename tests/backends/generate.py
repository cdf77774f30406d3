"""Random conditions over fields of every kind, and random events near their constants."""

from __future__ import annotations

import json
import random
from typing import Any

TEXTS = [
    "",
    "a",
    "ab",
    "AB",
    "abc",
    "/etc",
    "/etc/passwd",
    "/etc/pass",
    "etc",
    "/",
    "//etc//x",
    "é",
    "x y",
    "[a]",
    "a*",
    "ba",
]
GLOBS = [
    "*",
    "a*",
    "*b",
    "?",
    "??",
    "/etc/*",
    "[ab]*",
    "[!a]b",
    "[[:alpha:]]*",
    "a\\\\*",
    "[a",
    "*/p*",
]
REGEXES = [
    "a.*",
    "[a-c]+",
    "(a|b)*",
    "/etc(/.*)?",
    ".",
    "",
    "[^a]*",
    "a{1,2}b?",
    "^a",
    "b$",
    "[[:digit:]]+",
    "\\\\.",
    "é",
]
NUMBERS = [0, 1, 2, 22, 80, 255, 65535, 100000]
SIGNED = [-3, -2, -1, 0, 1, 2, 4096]
IPS = ["10.0.0.1", "10.0.0.2", "192.168.1.9", "::1", "fe80::1", "2001:db8::7"]
NETS = ["10.0.0.0/8", "10.0.0.1/32", "192.168.0.0/16", "fe80::/10", "2001:db8::/32", "0.0.0.0/0"]

STRINGS = ["proc.name", "fd.name", "evt.arg.flags", "proc.aname[2]", "proc.env[HOME]"]
STRING_OPERATORS = [
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "contains",
    "icontains",
    "startswith",
    "endswith",
]
TYPES = ["open", "openat", "close", "execve"]
UNSIGNED = ["fd.sport", "user.uid", "evt.buflen"]
SIGNED_FIELDS = ["proc.pid", "evt.rawres"]
NUMBER_OPERATORS = ["=", "!=", "<", "<=", ">", ">="]


def quoted(text: str) -> str:
    """A quoted string of the condition language; backslashes are written by the caller."""
    return "'" + text.replace("'", "\\'") + "'"


class Generator:
    """Seeded: the same conditions and events for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311

    def condition(self, depth: int = 3) -> str:
        """A condition."""
        pick = self.random.random()
        if depth == 3 and pick < 0.3:
            # what most rules look like
            return f"{self.type_()} and ({self.condition(1)}) and ({self.condition(2)})"
        if depth == 0 or pick < 0.4:
            return self.check()
        if pick < 0.55:
            return f"not ({self.condition(depth - 1)})"
        word = self.random.choice((" and ", " or "))
        parts = [self.condition(depth - 1) for _ in range(self.random.randint(2, 3))]
        return word.join(f"({part})" for part in parts)

    def check(self) -> str:
        """A check on a field of some kind."""
        make = self.random.choice(
            (
                self.text,
                self.text,
                self.text,
                self.type_,
                self.transformed,
                self.unsigned,
                self.signed,
                self.boolean,
                self.double,
                self.bytes_,
                self.ip,
                self.net,
                self.several,
                self.exists,
                self.fields,
            )
        )
        return make()

    def texts(self, pool: list[str], most: int = 4) -> str:
        count = self.random.randint(0 if most > 3 else 1, most)
        return "(" + ", ".join(quoted(self.random.choice(pool)) for _ in range(count)) + ")"

    def text(self, field: str | None = None) -> str:
        field = field or self.random.choice(STRINGS)
        kind = self.random.randrange(7)
        if kind == 0:
            return (
                f"{field} {self.random.choice(('in', 'intersects', 'pmatch'))} {self.texts(TEXTS)}"
            )
        if kind == 1:
            return f"{field} {self.random.choice(('glob', 'iglob'))} {quoted(self.random.choice(GLOBS))}"
        if kind == 2:
            return f"{field} regex {quoted(self.random.choice(REGEXES))}"
        if kind == 3:
            modifier = self.random.choice(("oneof", "anyof", "allof"))
            operator = self.random.choice([*STRING_OPERATORS, "glob", "regex"])
            pool = {"glob": GLOBS, "regex": REGEXES}.get(operator, TEXTS)
            if operator in ("<", "<=", ">", ">="):
                return f"{field} {operator} {self.random.choice(NUMBERS)}"
            return f"{field} {operator} {modifier} {self.texts(pool, 3)}"
        operator = self.random.choice(STRING_OPERATORS)
        if operator in ("<", "<=", ">", ">="):
            return f"{field} {operator} {self.random.choice(NUMBERS)}"
        return f"{field} {operator} {quoted(self.random.choice(TEXTS))}"

    def transformed(self) -> str:
        field = self.random.choice(("proc.name", "fd.name", "proc.cmdline"))
        call = self.random.choice(
            (
                f"tolower({field})",
                f"toupper({field})",
                f"basename({field})",
                f"b64({field})",
                f"concat({field}, '/', proc.name)",
                f"join('-', ({field}, 'x', proc.name))",
                f"tolower(basename({field}))",
            )
        )
        if self.random.random() < 0.2:
            number = self.random.choice((0, 1, 2, 3, 11))
            return f"len({field}) {self.random.choice(NUMBER_OPERATORS)} {number}"
        if self.random.random() < 0.2:
            option = self.random.choice("abc")
            return f"getopt((fd.name, proc.name, '-a', 'b'), 'a:bc')[{option}] = {quoted(self.random.choice(TEXTS))}"
        if self.random.random() < 0.2:
            return f"getopt((proc.name, fd.name), 'ab:') {self.random.choice(('in', 'intersects'))} {self.texts(['a', 'b', '?', ''])}"
        return self.text(call)

    def type_(self) -> str:
        operator = self.random.choice(("=", "!=", "in", "in"))
        count = self.random.randint(1, 3) if operator == "in" else 1
        types = ", ".join(self.random.sample(TYPES, count))
        return (
            f"evt.type {operator} ({types})" if operator == "in" else f"evt.type {operator} {types}"
        )

    def unsigned(self) -> str:
        field = self.random.choice(UNSIGNED)
        if self.random.random() < 0.3:
            values = ", ".join(str(self.random.choice(NUMBERS)) for _ in range(3))
            return f"{field} {self.random.choice(('in', 'intersects'))} ({values})"
        return f"{field} {self.random.choice(NUMBER_OPERATORS)} {self.random.choice(NUMBERS)}"

    def signed(self) -> str:
        field = self.random.choice(SIGNED_FIELDS)
        return f"{field} {self.random.choice(NUMBER_OPERATORS)} {self.random.choice(SIGNED)}"

    def double(self) -> str:
        return (
            f"proc.fdusage {self.random.choice(NUMBER_OPERATORS)} {self.random.choice((0, 1, 50))}"
        )

    def boolean(self) -> str:
        return f"evt.is_open_write {self.random.choice(('=', '!='))} {self.random.choice(('true', 'false'))}"

    def bytes_(self) -> str:
        operator = self.random.choice(
            ("=", "!=", "contains", "startswith", "endswith", "bcontains", "bstartswith")
        )
        value = (
            self.random.choice(("61", "6162", "00"))
            if operator[0] == "b"
            else quoted(self.random.choice(TEXTS))
        )
        return f"evt.buffer {operator} {value}"

    def ip(self) -> str:
        if self.random.random() < 0.3:
            values = ", ".join(self.random.sample(IPS, 2))
            return f"fd.sip in ({values})"
        return f"fd.sip {self.random.choice(('=', '!='))} {self.random.choice(IPS)}"

    def net(self) -> str:
        if self.random.random() < 0.3:
            return f"fd.snet in ({', '.join(self.random.sample(NETS, 2))})"
        return f"fd.snet {self.random.choice(('=', '!='))} {self.random.choice(NETS)}"

    def several(self) -> str:
        operator = self.random.choice(("in", "intersects"))
        return f"fd.types {operator} {self.texts(TEXTS)}"

    def exists(self) -> str:
        return f"{self.random.choice([*STRINGS, *UNSIGNED, 'fd.types', 'fd.sip'])} exists"

    def fields(self) -> str:
        operator = self.random.choice(("=", "!=", "contains", "startswith", "endswith", "glob"))
        right = self.random.choice(("val(fd.name)", "tolower(proc.cmdline)", "basename(fd.name)"))
        return f"proc.name {operator} {right}"

    # events

    def event(self) -> dict[str, list[Any]]:
        """Values by field, each with a chance to be absent."""
        event: dict[str, list[Any]] = {}

        def put(field: str, make: Any) -> None:
            if self.random.random() < 0.75:
                event[field] = [make()]

        for field in [*STRINGS, "proc.cmdline"]:
            put(field.replace("evt.arg.flags", "evt.arg[flags]"), self._bytes)
        put("evt.buffer", self._bytes)
        put("evt.type", lambda: self.random.choice((*TYPES, "unlink", "nothing")).encode())
        for field in UNSIGNED:
            put(field, lambda: self.random.choice(NUMBERS))
        for field in SIGNED_FIELDS:
            put(field, lambda: self.random.choice(SIGNED))
        put("proc.fdusage", lambda: self.random.choice((0.0, 0.5, 1.0, 50.0, 99.9)))
        put("evt.is_open_write", lambda: self.random.random() < 0.5)
        put("fd.sip", lambda: self.random.choice(IPS))
        put("fd.snet", lambda: self.random.choice(IPS))
        if self.random.random() < 0.7:
            event["fd.types"] = [self._bytes() for _ in range(self.random.randint(1, 3))]
        return event

    def _bytes(self) -> bytes:
        pick = self.random.random()
        if pick < 0.6:
            return self.random.choice(TEXTS).encode()
        if pick < 0.75:
            return (self.random.choice(TEXTS) + self.random.choice(TEXTS)).encode()
        if pick < 0.85:
            return self.random.choice(
                [b"-a", b"-ab", b"-b", b"--", b"-ax", b"YWI=", b"YQ", b"=", b"YWI"]
            )
        return "".join(
            self.random.choice("aAbB/é.-[*") for _ in range(self.random.randint(0, 5))
        ).encode()


def scalar(value: Any, field: str) -> dict[str, Any]:
    """A value of an event as the native engine takes it."""
    if isinstance(value, bytes):
        return {"x": value.hex()} if field == "evt.buffer" else {"s": value.decode()}
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, float):
        return {"f": value}
    if isinstance(value, str):
        return {"ip": value}
    return {"i": value} if field in SIGNED_FIELDS else {"u": value}


def encode(events: list[dict[str, list[Any]]]) -> bytes:
    """Events as JSON for `MapEngine.match_many`."""
    return json.dumps(
        [
            {
                "fields": {
                    key: [scalar(value, key) for value in values] for key, values in event.items()
                }
            }
            for event in events
        ]
    ).encode()
