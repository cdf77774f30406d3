r"""Regular expressions of conditions: RE2 in POSIX mode, as Falco compiles them.

POSIX mode has no Perl classes (`\\d`), no lazy repetition and no `(?…)` groups. The pattern is
matched against the whole value; `^` and `$` match at line breaks too. This module checks patterns
and translates them for Python's `re`; the native engine has its own translation.
Source: google/re2 `re2.h` (options of `RE2::POSIX`) and `doc/syntax.txt`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_LENGTH = 20_000
_MAX_REPEAT = 1000
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7f",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CONTROL = {"a": "\\x07", "f": "\\x0c", "n": "\\n", "r": "\\r", "t": "\\t", "v": "\\x0b"}
_REPEAT = re.compile(r"\{(\d+)(,(\d*))?\}")


@dataclass(frozen=True, slots=True)
class RegexProblem:
    """Why a pattern is not accepted: RE2's words, and ours."""

    falco_message: str
    message: str


class _PatternError(Exception):
    def __init__(self, falco_message: str, message: str) -> None:
        super().__init__(falco_message)
        self.problem = RegexProblem(falco_message, message)


def regex_problem(pattern: str) -> RegexProblem | None:
    """Why RE2 in POSIX mode does not take the pattern; None if it does."""
    try:
        compile_regex(pattern)
    except _PatternError as error:
        return error.problem
    return None


@lru_cache(maxsize=512)
def compile_regex(pattern: str) -> re.Pattern[str]:
    """The pattern for Python's `re`; use `fullmatch` on text decoded with surrogateescape."""
    if len(pattern) > MAX_LENGTH:
        text = "pattern too large - compile failed"
        raise _PatternError(text, f"the pattern is longer than {MAX_LENGTH} characters")
    translated = _Translator(pattern).translate()
    try:
        return re.compile(f"(?:{translated})", re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        text = str(error)
        raise _PatternError(text, f"the pattern is not valid: {text}") from None


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.index = 0
        self.out: list[str] = []
        self.depth = 0
        self.can_repeat = False

    def translate(self) -> str:
        while self.index < len(self.pattern):
            self._one(self.pattern[self.index])
        if self.depth:
            text = f"missing ): {self.pattern}"
            raise _PatternError(text, "a parenthesis of the pattern is not closed")
        return "".join(self.out)

    def _one(self, character: str) -> None:
        self.index += 1
        if character == "\\":
            self.out.append(self._escape())
            self.can_repeat = True
        elif character == "[":
            self.out.append(self._bracket())
            self.can_repeat = True
        elif character == "(":
            if self.pattern.startswith("?", self.index):
                text = "missing argument to repetition operator: ?"
                raise _PatternError(text, "the pattern has a `(?…)` group, which POSIX has not")
            self.depth += 1
            self.out.append("(?:")
            self.can_repeat = False
        elif character == ")":
            if not self.depth:
                text = f"unexpected ): {self.pattern}"
                raise _PatternError(text, "the pattern closes a parenthesis that is not open")
            self.depth -= 1
            self.out.append(")")
            self.can_repeat = True
        elif character in "*+?":
            self._repetition(character)
        elif character == "{":
            self._braces()
        elif character == ".":
            # bytes that are not UTF-8 (surrogates here) match nothing, as in RE2
            self.out.append("[^\\n\\udc80-\\udcff]")
            self.can_repeat = True
        elif character in "^$":
            self.out.append(character)
            self.can_repeat = True
        elif character == "|":
            self.out.append("|")
            self.can_repeat = False
        else:
            self.out.append(re.escape(character))
            self.can_repeat = True

    def _repetition(self, operator: str) -> None:
        if not self.can_repeat:
            text = f"no argument for repetition operator: {operator}"
            raise _PatternError(text, f"the `{operator}` of the pattern repeats nothing")
        end = self.index
        while end < len(self.pattern) and self.pattern[end] in "*+?":
            end += 1
        if end > self.index:
            operators = self.pattern[self.index - 1 : end]
            text = f"bad repetition operator: {operators}"
            message = f"`{operators}` in the pattern: lazy repetition does not exist in POSIX"
            raise _PatternError(text, message)
        self.out.append(operator)

    def _braces(self) -> None:
        found = _REPEAT.match(self.pattern, self.index - 1)
        if found is None:
            self.out.append("\\{")
            self.can_repeat = True
            return
        low = int(found[1][:9])
        high = int(found[3][:9]) if found[3] else low
        if low > _MAX_REPEAT or high > _MAX_REPEAT or high < low:
            text = f"invalid repetition size: {found[0]}"
            raise _PatternError(text, f"`{found[0]}` in the pattern repeats too often")
        if not self.can_repeat:
            text = f"no argument for repetition operator: {found[0]}"
            raise _PatternError(text, f"the `{found[0]}` of the pattern repeats nothing")
        self.index = found.end()
        following = self.pattern[self.index : self.index + 1]
        if following and following in "*+?":
            text = f"bad repetition operator: {found[0]}{following}"
            raise _PatternError(text, f"`{found[0]}{following}` in the pattern repeats twice")
        self.out.append(found[0])

    def _escape(self) -> str:
        """An escape after its backslash; the same inside and outside of brackets."""
        if self.index >= len(self.pattern):
            text = "trailing \\"
            raise _PatternError(text, "the pattern ends in a lone backslash")
        character = self.pattern[self.index]
        self.index += 1
        if character in _CONTROL:
            return _CONTROL[character]
        if character == "x":
            found = re.compile(r"[0-9a-fA-F]{2}|\{[0-9a-fA-F]{1,6}\}").match(
                self.pattern, self.index
            )
            if found is not None:
                code = int(found[0].strip("{}"), 16)
                if code <= 0x10FFFF:
                    self.index = found.end()
                    return re.escape(chr(code))
        elif not character.isalnum() and character.isascii() and character != "_":
            return re.escape(character)
        text = f"invalid escape sequence: \\{character}"
        message = f"the pattern has `\\{character}`, which POSIX has not"
        if character in "dDsSwW":
            named = {"d": "digit", "s": "space", "w": "word"}[character.lower()]
            negated = "^" if character.isupper() else ""
            message += f"; write `[{negated}[:{named}:]]`"
        raise _PatternError(text, message)

    def _bracket(self) -> str:
        pattern = self.pattern
        start = self.index - 1
        parts = []
        negated = pattern.startswith("^", self.index)
        self.index += negated
        first = True
        while True:
            if self.index >= len(pattern):
                text = f"missing ]: {pattern[start:]}"
                raise _PatternError(text, "a bracket of the pattern is not closed")
            if pattern[self.index] == "]" and not first:
                self.index += 1
                break
            first = False
            if pattern.startswith("[:", self.index):
                parts.append(self._named_class())
                continue
            parts.append(self._range(start))
        body = "".join(parts)
        return f"[^{body}\\udc80-\\udcff]" if negated else f"[{body}]"

    def _named_class(self) -> str:
        end = self.pattern.find(":]", self.index)
        name = self.pattern[self.index + 2 : end] if end >= 0 else ""
        known = _CLASSES.get(name.removeprefix("^"))
        if known is None or name.startswith("^"):
            text = f"invalid character class range: {self.pattern[self.index : end + 2]}"
            raise _PatternError(text, f"`[:{name}:]` in the pattern is not a character class")
        self.index = end + 2
        return known

    def _range(self, start: int) -> str:
        low = self._member()
        pattern = self.pattern
        if pattern.startswith("-", self.index) and not pattern.startswith("-]", self.index):
            self.index += 1
            if self.index >= len(pattern):
                text = f"missing ]: {pattern[start:]}"
                raise _PatternError(text, "a bracket of the pattern is not closed")
            high = self._member()
            return f"{low}-{high}"
        return low

    def _member(self) -> str:
        character = self.pattern[self.index]
        self.index += 1
        if character == "\\":
            return self._escape()
        return re.escape(character) if character not in "[&~|-" else "\\" + character
