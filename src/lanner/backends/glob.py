"""fnmatch(3) with flags 0, in the C locale: `*` and `?` match a slash and a leading dot too."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CLASSES: dict[bytes, Callable[[int], bool]] = {
    b"alnum": lambda c: chr(c).isalnum() and c < 128,
    b"alpha": lambda c: chr(c).isalpha() and c < 128,
    b"blank": lambda c: c in b" \t",
    b"cntrl": lambda c: c < 32 or c == 127,
    b"digit": lambda c: 48 <= c <= 57,
    b"graph": lambda c: 33 <= c <= 126,
    b"lower": lambda c: 97 <= c <= 122,
    b"print": lambda c: 32 <= c <= 126,
    b"punct": lambda c: 33 <= c <= 126 and not chr(c).isalnum(),
    b"space": lambda c: c in b" \t\n\v\f\r",
    b"upper": lambda c: 65 <= c <= 90,
    b"xdigit": lambda c: c in b"0123456789abcdefABCDEF",
}

# glibc looks for no other letters in the name of a class, and gives up at the sixteenth
_CLASS = re.compile(rb"\[:(?:([a-y]{0,15}):\]|[a-y]{16})")
_EQUIVALENCE = re.compile(rb"\[=(.)=\]", re.DOTALL)

Token = tuple[str, frozenset[int]]


class _NeverMatchesError(Exception):
    """A pattern that the C library refuses when it gets there."""


@lru_cache(maxsize=1024)
def _tokens(pattern: bytes, *, fold: bool) -> tuple[Token, ...] | None:
    """The pattern as `*`, `?` and sets of bytes; None when it can match nothing."""
    tokens: list[Token] = []
    index = 0
    while index < len(pattern):
        character = pattern[index : index + 1]
        index += 1
        if character in (b"*", b"?"):
            tokens.append((character.decode(), frozenset()))
            continue
        if character == b"[":
            try:
                found = _Bracket(pattern, index, fold=fold).read()
            except _NeverMatchesError:
                return None
            if found is not None:
                tokens.append(("set", found[0]))
                index = found[1]
                continue
        if character == b"\\":
            if index == len(pattern):
                return None
            character = pattern[index : index + 1]
            index += 1
        same = {character.lower(), character.upper()} if fold else {character}
        tokens.append(("set", frozenset(code[0] for code in same)))
    return tuple(tokens)


class _Bracket:
    """A bracket expression behind its `[`.

    Where case does not count, capitals are in by their small letters; but `[:upper:]`, `[=a=]` and
    `[.a.]` mean what they say all the same.
    """

    def __init__(self, pattern: bytes, index: int, *, fold: bool) -> None:
        self._pattern = pattern
        self._at = index
        self._fold = fold
        self._members: set[int] = set()
        self._exact: set[int] = set()

    def read(self) -> tuple[frozenset[int], int] | None:
        """The bytes that it matches, and where it ends; None if it is not closed."""
        pattern = self._pattern
        negated = pattern[self._at : self._at + 1] in (b"!", b"^")
        self._at += negated
        first = self._at
        while pattern[self._at : self._at + 1] != b"]" or self._at == first:
            if not self._item():
                return None
        found = frozenset(
            code
            for code in range(256)
            if (self._small(code) in self._members or code in self._exact) is not negated
        )
        return found, self._at + 1

    def _small(self, code: int) -> int:
        return bytes([code]).lower()[0] if self._fold else code

    def _item(self) -> bool:
        """Reads a byte, a range, a class; False at the end of the pattern."""
        pattern = self._pattern
        if found := _CLASS.match(pattern, self._at):
            test = _CLASSES.get(found[1])
            if test is None:
                raise _NeverMatchesError
            self._exact.update(code for code in range(256) if test(code))
            self._at = found.end()
            return True
        if found := _EQUIVALENCE.match(pattern, self._at):
            self._exact.add(found[1][0])
            self._at = found.end()
            return True
        named = pattern.startswith(b"[.", self._at)
        low = self._byte()
        if low is None:
            return False
        is_range = pattern[self._at : self._at + 1] == b"-"
        if is_range and pattern[self._at + 1 : self._at + 2] not in (b"]", b""):
            self._at += 1
            high = self._byte()
            if high is None:
                return False
            self._members.update(range(low, high + 1))
        elif named:
            self._exact.add(low)
        else:
            self._members.add(low)
        return True

    def _byte(self) -> int | None:
        """One end of a range: a byte or an escaped byte, folded, or `[.x.]`, as it is."""
        pattern = self._pattern
        if pattern.startswith(b"[.", self._at):
            end = pattern.find(b".]", self._at + 2)
            if end != self._at + 3:
                raise _NeverMatchesError
            self._at += 5
            return pattern[end - 1]
        self._at += pattern[self._at : self._at + 1] == b"\\"
        if self._at >= len(pattern):
            return None
        self._at += 1
        return self._small(pattern[self._at - 1])


def glob_match(pattern: bytes, text: bytes, *, fold: bool = False) -> bool:
    """Whether the whole text matches the pattern; `fold` ignores the case of ASCII letters."""
    tokens = _tokens(pattern, fold=fold)
    if tokens is None:
        return False
    at, token = 0, 0
    star, resume = -1, 0
    while at < len(text):
        if token < len(tokens) and tokens[token][0] == "*":
            star, resume = token, at
            token += 1
        elif token < len(tokens) and (tokens[token][0] == "?" or text[at] in tokens[token][1]):
            at += 1
            token += 1
        elif star >= 0:
            resume += 1
            at, token = resume, star + 1
        else:
            return False
    return all(kind == "*" for kind, _ in tokens[token:])
