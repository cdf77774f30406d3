"""Reads the tokens of a condition: a cursor, and what is told when a token is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lanner.rules import grammar
from lanner.rules.ast import Value

if TYPE_CHECKING:
    from lanner.diagnostics import Span
    from lanner.rules.condition_text import MappedText

_BLANKS = re.compile(f"[{grammar.BLANKS}]+".replace("\b", "\\x08"))
_NEXT_TOKEN = re.compile(r"[a-zA-Z0-9_.\-/]+|\S", re.DOTALL)


class SyntaxProblem(Exception):  # noqa: N818 - it never leaves the parser
    """A syntax error on its way to becoming a diagnostic.

    `falco_message` is Falco's; `message` says it better where there is more to say.
    `start` and `end` are offsets in the condition's text.
    """

    def __init__(
        self,
        falco_message: str,
        start: int,
        end: int,
        *,
        message: str | None = None,
        help: str | None = None,  # noqa: A002 - the word of the diagnostics
        recoverable: bool = True,
        point_at_next: bool = False,
    ) -> None:
        super().__init__(falco_message)
        self.falco_message = falco_message
        self.message = message or falco_message
        self.help = help
        self.start = start
        self.end = end
        self.recoverable = recoverable
        self.point_at_next = point_at_next


class TokenReader:
    """A cursor over the text of a condition."""

    def __init__(self, mapped: MappedText) -> None:
        self.mapped = mapped
        self.text = mapped.text
        self.index = 0
        self.last_token = ""

    def skip_blanks(self) -> bool:
        """Moves over blanks; whether there were any."""
        found = _BLANKS.match(self.text, self.index)
        if found is None:
            return False
        self.index = found.end()
        return True

    def match(self, pattern: re.Pattern[str]) -> bool:
        """Consumes a token of a pattern."""
        found = pattern.match(self.text, self.index)
        if found is None:
            return False
        self.last_token = found.group()
        self.index = found.end()
        return True

    def literal(self, token: str) -> bool:
        """Consumes a token that stands there to the letter."""
        if not self.text.startswith(token, self.index):
            return False
        self.last_token = token
        self.index += len(token)
        return True

    def next_token_range(self) -> tuple[int, int]:
        """The text at the cursor that a person would call the next token."""
        found = _NEXT_TOKEN.search(self.text, self.index)
        return found.span() if found else (len(self.text), len(self.text))

    def describe_next(self) -> str:
        """The next token, for a message."""
        start, end = self.next_token_range()
        if start == end:
            return "the end of the condition"
        token = self.text[start : min(end, start + 40)]
        return f"`{token}`"

    def word(self, words: tuple[str, ...]) -> str | None:
        """Consumes one of the words, and the blanks that must follow it."""
        for word in words:
            if self.text.startswith(word, self.index):
                before = self.index, self.last_token
                self.literal(word)
                if self.skip_blanks():
                    return word
                self.index, self.last_token = before
        return None

    def span(self, start: int, end: int | None = None) -> Span:
        """Where a stretch of the condition stands in the file; up to the cursor by default."""
        return self.mapped.span(start, self.index if end is None else end)

    def expected(
        self, falco_message: str, message: str, help_text: str | None = None
    ) -> SyntaxProblem:
        """An error at the next token, which is told."""
        return SyntaxProblem(
            falco_message,
            self.index,
            self.index,
            message=f"{message}, found {self.describe_next()}",
            help=help_text,
            point_at_next=True,
        )

    def quoted_string(self) -> Value | None:
        """Consumes a quoted string.

        Raises:
            SyntaxProblem: it has an unknown escape.

        """
        start = self.index
        delimiter = self.text[start : start + 1]
        if delimiter not in ("'", '"') or not delimiter:
            return None
        end = start + 1
        while True:
            end = self.text.find(delimiter, end)
            if end < 0:
                return None
            # only the character before counts: `\\"` does not end a string either
            if self.text[end - 1] != "\\":
                break
            end += 1
        self.index = end + 1
        token = self.text[start : self.index]
        try:
            self.last_token = grammar.unescape(token)
        except grammar.EscapeError as error:
            raise SyntaxProblem(
                error.message,
                start + error.index,
                start + error.index + 2,
                help="known escapes are \\b \\f \\n \\r \\t \\\\ \\/ and the string's own quote",
            ) from None
        return Value(self.last_token, quoted=True, span=self.span(start))

    def token_value(self, *patterns: re.Pattern[str]) -> Value | None:
        """Consumes a token of the first pattern that matches."""
        start = self.index
        for pattern in patterns:
            if self.match(pattern):
                return Value(self.last_token, quoted=False, span=self.span(start))
        return None
