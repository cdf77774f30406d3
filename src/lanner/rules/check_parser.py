"""Parses a single check (`field operator value`), or the name of a macro.

The order in which alternatives are tried is the language: `in` is an operator also when `side`
follows at once, a number is tried before a word. It is that of falcosecurity/libs
`filter/parser.cpp` (engine 0.62.0).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lanner.rules import grammar
from lanner.rules.ast import Call, CallList, Check, Field, Macro, Operand, Value, ValueList
from lanner.rules.tokens import SyntaxProblem, TokenReader

if TYPE_CHECKING:
    from lanner.diagnostics import Span
    from lanner.rules.condition_text import MappedText

MAX_CALL_DEPTH = 100
"""How deep transformers may nest."""

_TRANSFORMER = re.compile("(" + "|".join(grammar.TRANSFORMERS) + r")\(")
_KEYWORD = re.compile(r"(?:and|or|not)(?![a-zA-Z0-9])")
_SYMBOL_OPERATORS = tuple(op for op in grammar.STRING_OPERATORS if not op.endswith(" "))
_WORD_OPERATORS = tuple(op.strip() for op in grammar.STRING_OPERATORS if op.endswith(" "))
_MODIFIERS = tuple(modifier.strip() for modifier in grammar.MODIFIERS)


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_OPERATORS_TEXT = _quoted(grammar.ALL_OPERATORS)
_TRANSFORMERS_TEXT = _quoted(("val", *grammar.TRANSFORMERS))


class CheckParser(TokenReader):
    """The grammar of a check."""

    def __init__(self, mapped: MappedText) -> None:
        super().__init__(mapped)
        self._call_depth = 0

    def check_or_macro(self) -> Check | Macro:
        """A check, or a bare identifier."""
        start = self.index
        left: Field | Call
        if self.match(grammar.FIELD_NAME):
            left = self._field(self.last_token, start)
        elif (function := self._transformer()) is not None:
            self.skip_blanks()
            left = self._call(function, start)
        elif self.match(grammar.IDENTIFIER):
            return Macro(self.last_token, self.span(start))
        else:
            raise self.expected(
                "expected a '(' token, a field check, or an identifier",
                "expected a check, a macro or `(`",
            )
        return self._condition(left, start)

    def field_or_transformer(self) -> Field | Call:
        """A field or transformer on its own, as outputs have them."""
        start = self.index
        if self.match(grammar.FIELD_NAME):
            return self._field(self.last_token, start)
        function = self._transformer()
        if function is None:
            raise self.expected("unexpected token", "expected a field or a transformer")
        self.skip_blanks()
        return self._call(function, start)

    def _transformer(self) -> str | None:
        found = _TRANSFORMER.match(self.text, self.index)
        if found is None:
            return None
        self.index = found.end()
        self.last_token = found[1]
        return found[1]

    def _field(self, name: str, start: int) -> Field:
        argument, span = self._argument()
        return Field(name, argument, self.span(start), span)

    def _argument(self) -> tuple[str | None, Span | None]:
        opening = self.index
        if not self.literal("["):
            return None, None
        start = self.index
        quoted = self.quoted_string()
        if quoted is not None:
            argument = quoted.text
        elif self.match(grammar.FIELD_ARGUMENT):
            argument = self.last_token
        else:
            raise SyntaxProblem(
                "expected a valid field argument: a quoted string or a bare string",
                opening,
                self.index + 1,
                message="expected the argument of the field between `[` and `]`",
            )
        span = self.span(start)
        if not self.literal("]"):
            raise self.expected("expected a ']' token", "expected `]` after the field's argument")
        return argument, span

    def _condition(self, left: Field | Call, start: int) -> Check:
        self.skip_blanks()
        begin = self.index
        if self.literal("exists"):
            return Check(left, "exists", None, None, self.span(start), self.span(begin))
        right: Value | ValueList | Call
        modifier = None
        if (operator := self._any_of(grammar.NUMBER_OPERATORS)) is not None:
            operator_span = self.span(begin)
            right = self._number()
        elif (operator := self._string_operator()) is not None:
            operator_span = self.span(begin, begin + len(operator))
            modifier, right = self._modified_or_string(operator)
        elif (operator := self._any_of(grammar.LIST_OPERATORS)) is not None:
            operator_span = self.span(begin)
            right = self._list_or_call()
        else:
            raise self._no_operator(left)
        return Check(left, operator, modifier, right, self.span(start), operator_span)

    def _any_of(self, tokens: tuple[str, ...]) -> str | None:
        return next((token for token in tokens if self.literal(token)), None)

    def _string_operator(self) -> str | None:
        return self._any_of(_SYMBOL_OPERATORS) or self.word(_WORD_OPERATORS)

    def _no_operator(self, left: Field | Call) -> SyntaxProblem:
        name = left.name if isinstance(left, Field) else f"{left.function}(…)"
        start, end = self.next_token_range()
        word = self.text[start:end]
        if start == end or word in ("and", "or", ")"):
            message = f"`{name}` is not compared with anything"
            help_text = f"write `{name} exists`, or compare it: `{name} = …`"
        else:
            message = f"expected an operator after `{name}`, found {self.describe_next()}"
            help_text = f"operators are {', '.join(grammar.ALL_OPERATORS)}"
            if word in grammar.ALL_OPERATORS:
                help_text = f"`{word}` needs a blank and a value behind it"
        return SyntaxProblem(
            f"expected a valid check operator: one of {_OPERATORS_TEXT}",
            start,
            end,
            message=message,
            help=help_text,
            point_at_next=True,
        )

    # right-hand sides

    def _modified_or_string(self, operator: str) -> tuple[str | None, Value | ValueList | Call]:
        had_blank = operator.isalpha() or self.skip_blanks()
        before = self.index, self.last_token
        if had_blank and (modifier := self.word(_MODIFIERS)) is not None:
            follows = self.text.startswith("(", self.index) or grammar.IDENTIFIER.match(
                self.text, self.index
            )
            if follows and not _KEYWORD.match(self.text, self.index):
                return modifier, self._list_value()
        self.index, self.last_token = before
        return None, self._string_or_call()

    def _number(self) -> Value | Call:
        self.skip_blanks()
        right = self._call_or_val() or self.token_value(grammar.HEX_NUMBER, grammar.NUMBER)
        if right is None:
            raise self.expected(
                "expected a number value or a field with a valid transformer: "
                + _TRANSFORMERS_TEXT,
                "expected a number",
                "fields on the right side are written `val(field)`",
            )
        return right

    def _string_or_call(self) -> Value | Call:
        self.skip_blanks()
        right = self._call_or_val()
        if right is not None:
            return right
        string = self.quoted_string() or self.token_value(grammar.BARE_STRING)
        if string is None:
            raise self._no_string(
                "expected a string value or a field with a valid transformer: " + _TRANSFORMERS_TEXT
            )
        return string

    def _no_string(self, falco_message: str) -> SyntaxProblem:
        token = self.text[self.index : self.index + 1]
        if token in ("'", '"') and token:
            return SyntaxProblem(
                falco_message,
                self.index,
                self.index + 1,
                message="this string is not closed",
                help=f"it needs another {token} at its end; a {token} inside is written \\{token}",
                recoverable=False,
            )
        if token == "(":
            help_text = "to compare with several values write `in (…)`, or `= oneof (…)`"
            return self.expected(falco_message, "expected one value", help_text)
        return self.expected(falco_message, "expected a value")

    def _list_value(self) -> Value | ValueList:
        self.skip_blanks()
        right = self._list() or self.token_value(grammar.IDENTIFIER)
        if right is None:
            raise self.expected("expected a list or an identifier", "expected a list: `(a, b)`")
        return right

    def _list_or_call(self) -> Value | ValueList | Call:
        self.skip_blanks()
        right = self._list() or self._call_or_val() or self.token_value(grammar.IDENTIFIER)
        if right is None:
            raise self.expected(
                "expected a list, an identifier, or a field with a valid transformer: "
                + _TRANSFORMERS_TEXT,
                "expected a list: `(a, b)`",
            )
        return right

    def _list(self) -> ValueList | None:
        start = self.index
        if not self.literal("("):
            return None
        values: list[Value] = []
        self.skip_blanks()
        try:
            values.append(self._list_item())
        except SyntaxProblem:
            # an unreadable first item makes Falco expect the list to be empty
            pass
        else:
            self.skip_blanks()
            while self.literal(","):
                values.append(self._list_item())
                self.skip_blanks()
        if not self.literal(")"):
            raise self._unclosed_list(start)
        return ValueList(tuple(values), self.span(start))

    def _list_item(self) -> Value:
        self.skip_blanks()
        item = self.quoted_string() or self.token_value(grammar.BARE_STRING)
        if item is None:
            raise self._no_string("expected a string value")
        return item

    def _unclosed_list(self, start: int) -> SyntaxProblem:
        if self.index >= len(self.text):
            return SyntaxProblem(
                "expected a ')' token",
                start,
                start + 1,
                message="this list is not closed",
                recoverable=False,
            )
        following = self.text[self.index]
        if following == "(":
            help_text = "lists and fields cannot stand inside a list"
        elif following in "\"'":
            help_text = "check that the quotes of the value are closed and its escapes are known"
        else:
            help_text = "separate the values with commas; quote values that contain blanks"
        return self.expected("expected a ')' token", "expected `,` or `)` in the list", help_text)

    # transformers

    def _call_or_val(self) -> Call | None:
        start = self.index
        if self.literal("val("):
            self.skip_blanks()
            begin = self.index
            if not self.match(grammar.FIELD_NAME):
                raise self.expected(
                    "expected a field within 'val' transformer", "expected a field in `val(…)`"
                )
            child = self._field(self.last_token, begin)
            self.skip_blanks()
            self._close_call()
            argument, _ = self._argument()
            return Call("val", (child,), argument, self.span(start))
        function = self._transformer()
        if function is None:
            return None
        self.skip_blanks()
        return self._call(function, start)

    def _close_call(self) -> None:
        if not self.literal(")"):
            raise self.expected(
                "expected a ')' token closing the transformer",
                "expected `)` at the end of the transformer",
            )

    def _call(self, function: str, start: int) -> Call:
        """The rest of a transformer, after its opening parenthesis."""
        self._call_depth += 1
        if self._call_depth > MAX_CALL_DEPTH:
            raise SyntaxProblem(
                f"exceeded max depth limit of {MAX_CALL_DEPTH}",
                start,
                self.index,
                message=f"transformers are nested more than {MAX_CALL_DEPTH} deep",
                recoverable=False,
            )
        arguments: list[Operand] = []
        while True:
            self.skip_blanks()
            arguments.append(self._call_argument(in_list=False))
            self.skip_blanks()
            if not self.literal(","):
                break
        self.skip_blanks()
        self._close_call()
        self._call_depth -= 1
        argument, _ = self._argument()
        return Call(function, tuple(arguments), argument, self.span(start))

    def _call_argument(self, *, in_list: bool) -> Operand:
        start = self.index
        constant = self.token_value(grammar.HEX_NUMBER, grammar.NUMBER) or self.quoted_string()
        if constant is not None:
            return constant
        if not in_list and self.literal("("):
            return self._call_list(start)
        function = self._transformer()
        if function is not None:
            return self._call(function, start)
        if self.match(grammar.FIELD_NAME):
            return self._field(self.last_token, start)
        if in_list:
            raise self.expected(
                "expected transformer list argument: field, transformer, quoted string, or number",
                "expected a field, a transformer, a quoted string or a number",
            )
        raise self.expected(
            "expected field transformer argument: "
            "field, transformer, quoted string, number, or transformer list",
            "expected a field, a transformer, a quoted string, a number or a list",
        )

    def _call_list(self, start: int) -> CallList:
        items: list[Operand] = []
        self.skip_blanks()
        if not self.literal(")"):
            while True:
                items.append(self._call_argument(in_list=True))
                self.skip_blanks()
                if not self.literal(","):
                    break
                self.skip_blanks()
            if not self.literal(")"):
                raise self.expected("expected ')'", "expected `,` or `)` in the list")
        return CallList(tuple(items), self.span(start))
