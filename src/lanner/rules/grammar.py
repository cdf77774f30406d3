"""Tokens of Falco's filter language.

Source: the grammar at the head of falcosecurity/libs `filter/parser.h` and its token patterns,
engine 0.62.0. Falco matches them leftmost-longest (RE2 POSIX); these patterns are unambiguous, so
Python's leftmost-first finds the same text.
"""

from __future__ import annotations

import re

BLANKS = " \t\b\r\n"

IDENTIFIER = re.compile(r"[a-zA-Z]+[a-zA-Z0-9_]*")
FIELD_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*(?:\.[a-zA-Z][a-zA-Z0-9_]*)+")
FIELD_ARGUMENT = re.compile(r"[^\]\[\"' \t\n\v\f\r]+")
HEX_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+")
NUMBER = re.compile(r"[+\-]?[0-9]+\.?[0-9]*(?:[eE][+\-][0-9]+)?")
BARE_STRING = re.compile(r"[^()\"' \t\n\v\f\r=,]+")
NOT_BLANK = re.compile(r"not[ \t\n\v\f\r]+")

UNARY_OPERATORS = ("exists",)
NUMBER_OPERATORS = ("<=", "<", ">=", ">")
# words need a blank behind them; symbols do not
STRING_OPERATORS = (
    "==",
    "=",
    "!=",
    "glob ",
    "iglob ",
    "contains ",
    "icontains ",
    "bcontains ",
    "startswith ",
    "bstartswith ",
    "endswith ",
    "regex ",
)
LIST_OPERATORS = ("intersects", "in", "pmatch")
MODIFIERS = ("oneof ", "anyof ", "allof ")
TRANSFORMERS = ("tolower", "toupper", "b64", "basename", "len", "join", "concat", "getopt")

ALL_OPERATORS = tuple(
    operator.strip()
    for operator in (*UNARY_OPERATORS, *NUMBER_OPERATORS, *STRING_OPERATORS, *LIST_OPERATORS)
)

_ESCAPES = {
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "\\": "\\",
    "/": "/",
    " ": "\\",  # Falco lets `\ ` through as a lone backslash
}


class EscapeError(Exception):
    """An escape sequence that the language does not have.

    `message` is Falco's; `index` is where the sequence starts in the quoted text.
    """

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.message = message
        self.index = index


def unescape(quoted: str) -> str:
    """The value of a quoted string, given with its quotes.

    Raises:
        EscapeError: an unknown escape sequence, or the other kind of quote escaped.

    """
    if "\\" not in quoted:
        return quoted[1:-1]
    delimiter = quoted[0]
    out = []
    index = 1
    end = len(quoted) - 1
    while index < end:
        character = quoted[index]
        if character != "\\":
            out.append(character)
            index += 1
            continue
        following = quoted[index + 1] if index + 1 < end else ""
        if following and following in "\"'":
            if following != delimiter:
                raise EscapeError(
                    f"invalid \\{following} escape in {delimiter}-quoted string", index
                )
            out.append(following)
        elif following in _ESCAPES:
            out.append(_ESCAPES[following])
        elif following:
            raise EscapeError(f"unsupported string escape sequence: \\{following}", index)
        index += 2
    return "".join(out)


def quote(text: str) -> str:
    """A quoted string whose value is `text`; the inverse of `unescape`.

    Raises:
        ValueError: the text cannot be written, since the language would take
            its last backslash for an escape of the closing quote.

    """
    escapes = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
    if text.endswith("\\") or "\0" in text:
        raise ValueError("the filter language cannot write this string")
    delimiter = "'" if '"' in text and "'" not in text else '"'
    body = "".join(escapes.get(character, character) for character in text)
    return delimiter + body.replace(delimiter, "\\" + delimiter) + delimiter


_WRITTEN = str.maketrans(
    {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"'}
)
_NEEDS_QUOTES = re.compile("[\b\f\n\r\t =\\\\\"']")


def escape(text: str) -> str:
    """An argument as Falco prints it in the names of output fields: quoted where it must be."""
    if text and not _NEEDS_QUOTES.search(text):
        return text
    return f'"{text.translate(_WRITTEN)}"'
