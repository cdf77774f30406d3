"""fnmatch(3) with flags 0, in the C locale: `*` and `?` match a slash and a leading dot too."""

from __future__ import annotations

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

Token = tuple[str, frozenset[int]]


@lru_cache(maxsize=1024)
def _tokens(pattern: bytes) -> tuple[Token, ...] | None:
    """The pattern as `*`, `?` and sets of bytes; None when it ends in a lone backslash."""
    tokens: list[Token] = []
    index = 0
    while index < len(pattern):
        character = pattern[index : index + 1]
        index += 1
        if character in (b"*", b"?"):
            tokens.append((character.decode(), frozenset()))
        elif character == b"\\":
            if index == len(pattern):
                return None
            tokens.append(("set", frozenset(pattern[index : index + 1])))
            index += 1
        elif character == b"[" and (found := _bracket(pattern, index)) is not None:
            tokens.append(("set", found[0]))
            index = found[1]
        else:
            tokens.append(("set", frozenset(character)))
    return tuple(tokens)


def _bracket(pattern: bytes, index: int) -> tuple[frozenset[int], int] | None:
    """The bytes that a bracket matches, and where it ends; None if it is not closed."""
    negated = pattern[index : index + 1] in (b"!", b"^")
    index += negated
    members: set[int] = set()
    first = True
    while True:
        if index >= len(pattern):
            return None
        if pattern[index : index + 1] == b"]" and not first:
            break
        first = False
        if pattern.startswith(b"[:", index) and (end := pattern.find(b":]", index + 2)) >= 0:
            test = _CLASSES.get(pattern[index + 2 : end])
            if test is not None:
                members.update(code for code in range(256) if test(code))
                index = end + 2
                continue
        low, index = _member(pattern, index)
        if low is None:
            return None
        if pattern[index : index + 1] == b"-" and pattern[index + 1 : index + 2] not in (b"]", b""):
            high, index = _member(pattern, index + 1)
            if high is None:
                return None
            members.update(range(low, high + 1))
        else:
            members.add(low)
    every = frozenset(range(256))
    return (every - members if negated else frozenset(members)), index + 1


def _member(pattern: bytes, index: int) -> tuple[int | None, int]:
    if pattern[index : index + 1] == b"\\":
        index += 1
    if index >= len(pattern):
        return None, index
    return pattern[index], index + 1


def glob_match(pattern: bytes, text: bytes, *, fold: bool = False) -> bool:
    """Whether the whole text matches the pattern; `fold` ignores the case of ASCII letters."""
    if fold:
        pattern, text = pattern.lower(), text.lower()
    tokens = _tokens(pattern)
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
