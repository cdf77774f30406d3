"""Output templates: text with `%field`, `%field[argument]`, `%transformer(…)` and widths.

Source: falcosecurity/libs 0.25.4 `eventformatter.cpp`. Behind a `%` the longest text that names a
field counts: `%proc.names` is the field proc.name and an `s`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lanner import catalog
from lanner.diagnostics import Diagnostic, Severity, Span
from lanner.rules import grammar
from lanner.rules.ast import Call, CallList, Field
from lanner.rules.check_parser import CheckParser
from lanner.rules.operands import OperandError, type_operand
from lanner.rules.passes.warnings import DEPRECATED_FIELDS
from lanner.rules.tokens import SyntaxProblem
from lanner.rules.typed import FieldOperand, Output, OutputField, OutputText

if TYPE_CHECKING:
    from lanner.rules.ast import Operand
    from lanner.rules.condition_text import MappedText

CODE = "LOAD_ERR_COMPILE_OUTPUT"
MAX_WIDTH = 10_000
_DIGITS = re.compile(r"[0-9]+")
_NO_FIELD = "unknown filter: unexpected token after '"
"""What Falco says of every token that it cannot read: it is about the last thing it tried."""
_MAX_RETRIES = 20
_LONGEST_NAME = 200
"""No field and no parameter has a longer name."""


class _OutputError(Exception):
    def __init__(self, falco: str, span: Span, message: str, help_text: str | None = None) -> None:
        super().__init__(falco)
        self.diagnostic = Diagnostic(
            CODE, Severity.ERROR, message, span, help=help_text, falco_message=falco
        )


def parse_output(text: MappedText, scope: str) -> tuple[Output | None, list[Diagnostic]]:
    """Parses the output of a rule of a scope.

    Returns:
        The parts, or None when there are errors; and errors and warnings.

    """
    parser = _OutputParser(text, scope)
    output = parser.parse()
    return output, parser.diagnostics


class _OutputParser:
    def __init__(self, text: MappedText, scope: str) -> None:
        self.mapped = text
        self.text = text.text
        self.scope = scope
        self.diagnostics: list[Diagnostic] = []
        self.parts: list[OutputText | OutputField] = []
        self.fields: dict[str, FieldOperand] = {}

    def parse(self) -> Output | None:
        text = self.text
        if not text:
            falco = "empty formatting token"
            self.diagnostics.append(
                Diagnostic(CODE, Severity.ERROR, "the output is empty", None, falco_message=falco)
            )
            return None
        # a leading * asks for outputs with missing values, which Falco has anyway
        index = 1 if text.startswith("*") else 0
        while index < len(text):
            percent = text.find("%", index)
            literal = text[index:] if percent < 0 else text[index:percent]
            if literal:
                self.parts.append(OutputText(literal))
            if percent < 0:
                break
            try:
                index = self._token(percent)
            except _OutputError as error:
                self.diagnostics.append(error.diagnostic)
                index = percent + 1
        if any(found.is_error for found in self.diagnostics):
            return None
        for name, span in self._deprecated().items():
            message = f"usage of deprecated field '{name}' has been detected in the rule output"
            self.diagnostics.append(
                Diagnostic("LOAD_DEPRECATED_ITEM", Severity.WARNING, message, span)
            )
        return Output(tuple(self.parts), tuple(self.fields.items()))

    def _deprecated(self) -> dict[str, Span]:
        # Falco looks for the names as text; longer names contain shorter ones
        found = {}
        for name in DEPRECATED_FIELDS:
            index = self.text.find(name)
            if index >= 0:
                found[name] = self.mapped.span(index, index + len(name))
        return found

    def _token(self, percent: int) -> int:
        """Parses what follows a percent sign; returns where the text goes on."""
        text = self.text
        start = percent + 1
        if start == len(text):
            falco = "invalid formatting syntax: formatting cannot end with a %"
            span = self.mapped.span(percent, start)
            raise _OutputError(falco, span, "an output cannot end in a lone `%`")
        width = None
        digits = _DIGITS.match(text, start)
        if digits is not None:
            width = int(digits[0].lstrip("0")[:9] or "0")
            start = digits.end()
            span = self.mapped.span(percent, start)
            if start == len(text):
                falco = "invalid formatting syntax: formatting cannot end with a number"
                raise _OutputError(falco, span, "a field must follow the width")
            if width > MAX_WIDTH:
                message = f"the width of a field can be {MAX_WIDTH} at most"
                raise _OutputError(message, span, message)
        syntax, end = self._longest(percent, start)
        typed = type_operand(syntax, self.scope)
        self.parts.append(OutputField(typed.operand, width or None))
        self._collect(syntax)
        return end

    def _longest(self, percent: int, start: int) -> tuple[Field | Call, int]:
        """The longest field or transformer at `start`, and its end."""
        problem = None
        for end in self._ends(start):
            parsed = self._parse(start, end)
            if parsed is None:
                continue
            syntax, parsed_end = parsed
            try:
                type_operand(syntax, self.scope)
            except OperandError as error:
                if problem is None:
                    problem = error
            else:
                return syntax, parsed_end
        name = grammar.FIELD_NAME.match(self.text, start)
        if name is not None:
            for end in range(min(name.end(), start + _LONGEST_NAME), start, -1):
                candidate = self.text[start:end]
                if not grammar.FIELD_NAME.fullmatch(candidate):
                    continue
                found = catalog.resolve(candidate, None, self.scope)
                if isinstance(found, catalog.ResolvedField):
                    return Field(candidate, None, self.mapped.span(start, end)), end
        raise self._unknown(percent, start, problem)

    def _ends(self, start: int) -> list[int]:
        """Where to cut the text: behind a transformer, what looks like an argument may be none."""
        ends = [len(self.text)]
        if self.text.find("(", start) >= 0 and not grammar.FIELD_NAME.match(self.text, start):
            index = start
            while len(ends) < _MAX_RETRIES and (index := self.text.find(")[", index) + 1) > 0:
                ends.insert(1, index)
        return ends

    def _parse(self, start: int, end: int) -> tuple[Field | Call, int] | None:
        whole = end == len(self.text)
        parser = CheckParser(self.mapped if whole else self.mapped.slice(0, end))
        parser.index = start
        try:
            return parser.field_or_transformer(), parser.index
        except SyntaxProblem:
            return None

    def _unknown(self, percent: int, start: int, problem: OperandError | None) -> _OutputError:
        if problem is not None:
            falco = problem.falco_message
            falco = falco if falco == "unknown multivalue transformer" else _NO_FIELD
            return _OutputError(falco, problem.span, problem.message, problem.help)
        word = re.compile(r"\S*").match(self.text, start)
        end = max(start + 1, word.end() if word else start + 1)
        shown = self.text[percent : min(end, percent + 40)]
        return _OutputError(
            _NO_FIELD,
            self.mapped.span(percent, min(end, len(self.text))),
            f"`{shown}` is not a field",
            "a percent sign must be followed by the name of a field",
        )

    def _collect(self, syntax: Operand) -> None:
        """Notes the plain fields of a token for `output_fields`."""
        if isinstance(syntax, Field):
            operand = type_operand(syntax, self.scope).operand
            if isinstance(operand, FieldOperand):
                self.fields.setdefault(_as_written(syntax), operand)
        elif isinstance(syntax, Call):
            for argument in syntax.arguments:
                self._collect(argument)
        elif isinstance(syntax, CallList):
            for item in syntax.items:
                self._collect(item)


def _as_written(syntax: Field) -> str:
    if syntax.argument is None:
        return syntax.name
    return f"{syntax.name}[{grammar.escape(syntax.argument)}]"
