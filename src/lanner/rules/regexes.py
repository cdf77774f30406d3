r"""Regular expressions of conditions: RE2 in POSIX mode, as Falco compiles them.

POSIX mode has no Perl classes (`\d`), no lazy repetition (`a*?` repeats twice) and no `(?…)`
groups. `^` and `$` match at line breaks too, `.` matches everything but a line break. This module
parses patterns, with RE2's messages for what is not accepted; `regex_match` runs them.
Source: google/re2 `re2.h` (options of `RE2::POSIX`), `doc/syntax.txt`, and `parse.cc` for messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_LENGTH = 255
"""Longer patterns are refused: constants are not longer, and the tree is walked recursively."""
MAX_REPEAT = 1000
MAX_SIZE = 200_000
"""Patterns that unfold to more states are refused. RE2's limit is memory, near this."""

_LAST = 0x10FFFF
_NAMED = {
    "alnum": "09AZaz",
    "alpha": "AZaz",
    "ascii": "\x00\x7f",
    "blank": "\t\t  ",
    "cntrl": "\x00\x1f\x7f\x7f",
    "digit": "09",
    "graph": "!~",
    "lower": "az",
    "print": " ~",
    "punct": "!/:@[`{~",
    "space": "\t\r  ",
    "upper": "AZ",
    "word": "09AZaz__",
    "xdigit": "09AFaf",
}
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_COUNT = re.compile(r"\{(0|[1-9][0-9]{0,8})(,(0|[1-9][0-9]{0,8})?)?\}")
_NAMED_CLASS = re.compile(r"\[:(.*?):\]", re.DOTALL)
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_HEXADECIMAL = re.compile(r"x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]+)\})")
_BAD_HEXADECIMAL = re.compile(r"x(?:\{[0-9a-fA-F]*[^0-9a-fA-F]?|[^{].?)?", re.DOTALL)

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of ranges of code points."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class LineEdge:
    """The start of a line, or its end."""

    end: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; empty for the empty text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Any one of these."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """At least `low` and at most `high` times; without end if that is None."""

    node: Node
    low: int
    high: int | None
    counted: bool


Node = Characters | LineEdge | Sequence | Alternatives | Repeat

_SIMPLE: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class RegexProblem:
    """Why a pattern is not accepted: RE2's words, and ours."""

    falco_message: str
    message: str


class PatternError(Exception):
    """A pattern that RE2 does not take."""

    def __init__(self, falco_message: str, message: str) -> None:
        super().__init__(falco_message)
        self.problem = RegexProblem(falco_message, message)


def regex_problem(pattern: str) -> RegexProblem | None:
    """Why RE2 in POSIX mode does not take the pattern; None if it does."""
    try:
        parse_regex(pattern)
    except PatternError as error:
        return error.problem
    return None


@lru_cache(maxsize=512)
def parse_regex(pattern: str) -> Node:
    """The tree of a pattern.

    Raises:
        PatternError: RE2 does not take the pattern.

    """
    if len(pattern) > MAX_LENGTH:
        text = "pattern too large - compile failed"
        raise PatternError(text, f"the pattern has more than {MAX_LENGTH} characters")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in pattern):
        raise PatternError("invalid UTF-8", "the pattern is not valid UTF-8")
    node = _Parser(pattern).parse()
    if size_of(node) > MAX_SIZE:
        text = "pattern too large - compile failed"
        raise PatternError(text, "the repetitions of the pattern multiply to too much")
    return node


def size_of(node: Node) -> int:
    """How many states a pattern unfolds to."""
    if isinstance(node, Repeat):
        return size_of(node.node) * max(1, node.high or node.low) + 1
    if isinstance(node, Sequence | Alternatives):
        return sum([size_of(part) for part in node.parts]) + len(node.parts)
    return 1


def _repetition_left(node: Node, left: int) -> int:
    """What of `left` remains when nested counts divide it, on the worst path."""
    if isinstance(node, Repeat):
        times = (node.low if node.high is None else node.high) if node.counted else 0
        return _repetition_left(node.node, left // times if times else left)
    if isinstance(node, Sequence | Alternatives):
        return min([left, *[_repetition_left(part, left) for part in node.parts]])
    return left


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.index = 0
        # for each open parenthesis: the alternatives so far, and the last one's parts
        self.open: list[tuple[list[Node], list[Node]]] = []
        self.alternatives: list[Node] = []
        self.parts: list[Node] = []

    def parse(self) -> Node:
        while self.index < len(self.pattern):
            self._one(self.pattern[self.index])
        if self.open:
            text = f"missing ): {self.pattern}"
            raise PatternError(text, "a parenthesis of the pattern is not closed")
        return self._close()

    def _one(self, character: str) -> None:
        if character == "\\":
            code = self._escape()
            self.parts.append(Characters(((code, code),)))
            return
        if character == "[":
            self.parts.append(Characters(self._bracket()))
            return
        self.index += 1
        if character == "(":
            self.open.append((self.alternatives, self.parts))
            self.alternatives, self.parts = [], []
        elif character == ")":
            if not self.open:
                text = f"unexpected ): {self.pattern}"
                raise PatternError(text, "the pattern closes a parenthesis that is not open")
            group = self._close()
            self.alternatives, self.parts = self.open.pop()
            self.parts.append(group)
        elif character == "|":
            self.alternatives.append(Sequence(tuple(self.parts)))
            self.parts = []
        elif character in _SIMPLE:
            self._repeat(character)
        elif character == "{":
            self._count()
        elif character == ".":
            self.parts.append(Characters(((0, 9), (11, _LAST))))
        elif character in "^$":
            self.parts.append(LineEdge(end=character == "$"))
        else:
            self.parts.append(Characters(((ord(character), ord(character)),)))

    def _close(self) -> Node:
        last = Sequence(tuple(self.parts))
        return Alternatives((*self.alternatives, last)) if self.alternatives else last

    # repetition

    def _last(self, operator: str) -> Node:
        if self.parts:
            return self.parts.pop()
        message = f"the `{operator}` of the pattern repeats nothing"
        if operator == "?" and self.pattern[self.index - 2 : self.index] == "(?":
            message = "the pattern has a `(?…)` group, which POSIX has not"
        raise PatternError(f"no argument for repetition operator: {operator}", message)

    def _repeat(self, operator: str) -> None:
        node = self._last(operator)
        low, high = _SIMPLE[operator]
        if isinstance(node, Repeat) and not node.counted:
            # repeating a repetition changes nothing but its bounds, and keeps the tree flat
            low, high = min(low, node.low), None if high is None else node.high
            node = node.node
        self.parts.append(Repeat(node, low, high, counted=False))

    def _count(self) -> None:
        found = _COUNT.match(self.pattern, self.index - 1)
        if found is None:
            self.parts.append(Characters(((ord("{"), ord("{")),)))
            return
        self.index = found.end()
        low = int(found[1])
        high = low if not found[2] else int(found[3]) if found[3] else None
        too_much = PatternError(
            f"invalid repetition size: {found[0]}",
            f"`{found[0]}` in the pattern repeats too often",
        )
        if max(low, high or 0) > MAX_REPEAT or (high is not None and high < low):
            raise too_much
        node = Repeat(self._last(found[0]), low, high, counted=True)
        if max(low, high or 0) >= 2 and not _repetition_left(node, MAX_REPEAT):
            raise too_much
        self.parts.append(node)

    # characters

    def _escape(self) -> int:
        """The code point of an escape; the same inside and outside of brackets."""
        begin = self.index
        self.index += 2
        if self.index > len(self.pattern):
            raise PatternError("trailing \\", "the pattern ends in a lone backslash")
        character = self.pattern[begin + 1]
        if character in _CONTROL:
            return _CONTROL[character]
        if character.isascii() and not character.isalnum():
            return ord(character)
        if (found := _OCTAL.match(self.pattern, begin + 1)) is not None:
            self.index = found.end()
            return int(found[0], 8)
        if (found := _HEXADECIMAL.match(self.pattern, begin + 1)) is not None:
            code = int(found[1] or found[2], 16)
            if code <= _LAST:
                self.index = found.end()
                return code
        raise self._bad_escape(begin, character)

    def _bad_escape(self, begin: int, character: str) -> PatternError:
        shown = f"\\{character}"
        bad = _BAD_HEXADECIMAL.match(self.pattern, begin + 1)
        if bad is not None:
            shown = f"\\{bad[0]}"
            digits = bad[0][2:]
            for end in range(1, len(digits) + 1):
                # RE2 stops at the digit that makes it too large
                if re.fullmatch("[0-9a-fA-F]+", digits[:end]) and int(digits[:end], 16) > _LAST:
                    shown = f"\\x{{{digits[:end]}"
                    break
        message = f"the pattern has `{shown}`, which POSIX has not"
        if character in "dDsSwW":
            named = {"d": "digit", "s": "space", "w": "word"}[character.lower()]
            negated = "^" if character.isupper() else ""
            message += f"; write `[{negated}[:{named}:]]`"
        return PatternError(f"invalid escape sequence: {shown}", message)

    def _bracket(self) -> Ranges:
        pattern = self.pattern
        start = self.index
        self.index += 1
        negated = pattern.startswith("^", self.index)
        self.index += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while True:
            if self.index >= len(pattern):
                raise self._unclosed(start)
            if pattern[self.index] == "]" and not first:
                self.index += 1
                break
            if pattern[self.index] == "-" and not first and pattern[self.index + 1 :][:1] != "]":
                raise self._lone_dash()
            first = False
            named = _NAMED_CLASS.match(pattern, self.index)
            if named is not None:
                ranges += self._named(named)
            else:
                ranges.append(self._range(start))
        return _complement(ranges) if negated else tuple(ranges)

    def _unclosed(self, start: int) -> PatternError:
        text = f"missing ]: {self.pattern[start:]}"
        return PatternError(text, "a bracket of the pattern is not closed")

    def _lone_dash(self) -> PatternError:
        shown = self.pattern[self.index : self.index + 2]
        if len(shown) == 1:
            return PatternError("invalid UTF-8", "a bracket of the pattern is not closed")
        message = "a `-` in brackets must stand first, last, or between two characters"
        return PatternError(f"invalid character class range: {shown}", message)

    def _named(self, found: re.Match[str]) -> Ranges:
        name = found[1]
        known = _NAMED.get(name.removeprefix("^"))
        if known is None:
            text = f"invalid character class range: {found[0]}"
            raise PatternError(text, f"`{found[0]}` in the pattern is not a character class")
        self.index = found.end()
        ranges = [(ord(low), ord(high)) for low, high in zip(known[::2], known[1::2], strict=True)]
        return _complement(ranges) if name.startswith("^") else tuple(ranges)

    def _range(self, start: int) -> tuple[int, int]:
        begin = self.index
        low = high = self._member(start)
        rest = self.pattern[self.index : self.index + 2]
        if len(rest) == 2 and rest[0] == "-" and rest[1] != "]":
            self.index += 1
            high = self._member(start)
        if high < low:
            text = self.pattern[begin : self.index]
            message = f"the range `{text}` in the pattern runs backwards"
            raise PatternError(f"invalid character class range: {text}", message)
        return low, high

    def _member(self, start: int) -> int:
        if self.index >= len(self.pattern):
            raise self._unclosed(start)
        character = self.pattern[self.index]
        if character == "\\":
            return self._escape()
        self.index += 1
        return ord(character)


def _complement(ranges: list[tuple[int, int]]) -> Ranges:
    found = []
    begin = 0
    for low, high in sorted(ranges):
        if low > begin:
            found.append((begin, low - 1))
        begin = max(begin, high + 1)
    if begin <= _LAST:
        found.append((begin, _LAST))
    return tuple(found)
