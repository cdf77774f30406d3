"""The parser of conditions: text in, syntax tree and diagnostics out.

It accepts Falco's filter language as engine 0.62.0 does (grammar and quirks:
falcosecurity/libs `filter/parser.cpp`). Boolean structure is parsed with an explicit stack, so
that nesting costs no Python stack; a single check is parsed by `check_parser`.

The first diagnostic is the error that Falco would report, with Falco's words in `falco_message`.
After an error inside a check the parser resumes at the next `and`, `or` or closing parenthesis and
may report more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lanner.diagnostics import Diagnostic, Severity
from lanner.rules import grammar
from lanner.rules.ast import And, Condition, Macro, Not, Or
from lanner.rules.check_parser import CheckParser
from lanner.rules.tokens import SyntaxProblem

if TYPE_CHECKING:
    from lanner.rules.condition_text import MappedText

MAX_DEPTH = 1000
"""Falco's limit for the conditions of rules and macros."""

MAX_ERRORS = 20
"""Errors reported for one condition; what follows so many is noise."""

CODE = "LOAD_ERR_COMPILE_CONDITION"

_RESUME = re.compile(
    r"""(?P<word>(?<![a-zA-Z0-9_.])(?:and|or)(?=[ \t\n\r(]))|[()]|"[^"]*"|'[^']*'"""
)


@dataclass(slots=True)
class _Frame:
    """An open parenthesis, or the whole condition, that is being parsed."""

    start: int
    negated_from: int | None = None
    or_children: list[Condition] = field(default_factory=list)
    and_children: list[Condition] = field(default_factory=list)
    # Falco parses what follows `or(` as an operand of the `or` itself: no `and` may follow
    only_or_follows: bool = False
    pending_not: int | None = None


class _Parser:
    def __init__(self, text: MappedText, max_depth: int) -> None:
        self.mapped = text
        self.text = text.text
        self.checks = CheckParser(text)
        self.max_depth = max_depth
        self.diagnostics: list[Diagnostic] = []

    def parse(self) -> Condition | None:
        frames = [_Frame(0)]
        node: Condition | None = None
        while True:
            try:
                node = self._operand(frames) if node is None else self._after(frames, node)
            except SyntaxProblem as problem:
                self._report(problem)
                enough = len(self.diagnostics) >= MAX_ERRORS
                if enough or not problem.recoverable or not self._resume():
                    return None
                node = Macro("?", self.mapped.span(0, 1))
            if not frames:
                return None if self.diagnostics else node

    def _operand(self, frames: list[_Frame]) -> Condition | None:
        """Parses a check or macro; opens a frame and returns None at a parenthesis."""
        checks, frame = self.checks, frames[-1]
        checks.skip_blanks()
        start = checks.index
        negated = False
        while checks.match(grammar.NOT_BLANK):
            negated = not negated
        if checks.literal("not("):
            self._open(frames, start, None if negated else start)
            return None
        checks.skip_blanks()
        if checks.literal("("):
            self._open(frames, start, start if negated else None)
            return None
        frame.pending_not = start if negated else None
        node = checks.check_or_macro()
        return self._negate(node, frame.pending_not)

    def _open(self, frames: list[_Frame], start: int, negated_from: int | None) -> None:
        if len(frames) >= self.max_depth:
            raise SyntaxProblem(
                f"exceeded max depth limit of {self.max_depth}",
                start,
                self.checks.index,
                message=f"parentheses are nested more than {self.max_depth} deep",
                recoverable=False,
            )
        frames.append(_Frame(start, negated_from))

    def _after(self, frames: list[_Frame], node: Condition) -> Condition | None:
        """Takes a finished operand. Returns None when another one must follow,
        else the operand that a closed parenthesis (or the end) makes.
        """
        checks, frame = self.checks, frames[-1]
        if frame.only_or_follows:
            frame.or_children.append(node)
            frame.only_or_follows = False
        else:
            frame.and_children.append(node)
            checks.skip_blanks()
            if checks.literal("and"):
                self._separator(frames, "and")
                return None
            frame.or_children.append(_join(And, frame.and_children))
            frame.and_children = []
        checks.skip_blanks()
        if checks.literal("or"):
            frame.only_or_follows = self._separator(frames, "or")
            return None
        result = _join(Or, frame.or_children)
        if len(frames) == 1:
            if checks.index != len(self.text):
                raise self._unexpected()
            frames.pop()
            return result
        checks.skip_blanks()
        if not checks.literal(")"):
            raise SyntaxProblem(
                "expected a ')' token",
                frame.start,
                frame.start + 1,
                message="this parenthesis is not closed"
                if checks.index == len(self.text)
                else f"expected `)`, `and` or `or`, found {checks.describe_next()}",
                point_at_next=checks.index != len(self.text),
                recoverable=False,
            )
        frames.pop()
        return self._negate(result, frame.negated_from)

    def _separator(self, frames: list[_Frame], word: str) -> bool:
        """After `and` or `or`: a blank, or a parenthesis at once. Whether it was the latter."""
        checks = self.checks
        if checks.skip_blanks():
            return False
        start = checks.index
        if not checks.literal("("):
            raise SyntaxProblem(
                f"expected blank or '(' after '{word}'",
                start - len(word),
                start,
                message=f"expected a blank or `(` after `{word}`",
                recoverable=False,
            )
        self._open(frames, start, None)
        return True

    def _negate(self, node: Condition, since: int | None) -> Condition:
        if since is None:
            return node
        return Not(node, self.mapped.span(since, self.checks.index))

    def _unexpected(self) -> SyntaxProblem:
        checks = self.checks
        last = checks.last_token
        return SyntaxProblem(
            f"unexpected token after '{last}', expecting 'or', 'and'",
            checks.index,
            checks.index,
            point_at_next=True,
            message=f"expected `and` or `or` after `{last}`, found {checks.describe_next()}",
            help=_help_after(self.text, checks.index, last),
            recoverable=False,
        )

    def _resume(self) -> bool:
        """Moves to the next place where a check can have ended; False at the end."""
        checks = self.checks
        nested = 0
        for found in _RESUME.finditer(self.text, checks.index):
            token = found.group()
            if token == "(":
                nested += 1
            elif token == ")" and nested:
                nested -= 1
            elif not nested and (found["word"] or token == ")"):
                checks.index = found.start()
                return True
        return False

    def _report(self, problem: SyntaxProblem) -> None:
        start, end = problem.start, problem.end
        if problem.point_at_next:
            start, end = self.checks.next_token_range()
        if start >= len(self.text):
            start = max(0, len(self.text.rstrip()) - 1)
        span = self.mapped.span(start, max(end, start + 1))
        self.diagnostics.append(
            Diagnostic(
                CODE,
                Severity.ERROR,
                problem.message,
                span,
                help=problem.help,
                falco_message=problem.falco_message,
            )
        )


def _join(kind: type[And | Or], children: list[Condition]) -> Condition:
    if len(children) == 1:
        return children[0]
    # the span of the first child is where Falco reports the whole
    return kind(tuple(children), children[0].span)


def _help_after(text: str, index: int, last: str) -> str | None:
    if text[index : index + 1] == ")":
        return "there is no open parenthesis that this one could close"
    if last in grammar.ALL_OPERATORS or last in ("and", "or"):
        return f"`{last}` was read as the name of a macro here"
    return "put a value with blanks in quotes, or join two checks with `and` or `or`"


def parse_condition(
    text: MappedText, max_depth: int = MAX_DEPTH
) -> tuple[Condition | None, list[Diagnostic]]:
    """Parses a condition.

    Args:
        text: the condition, not empty.
        max_depth: how deep parentheses and transformers may nest.

    Returns:
        The tree, or None when there are errors; and the errors.

    """
    if not text.text:
        raise ValueError("filter input string is empty")
    if "\0" in text.text:
        index = text.text.index("\0")
        problem = "a condition cannot contain a NUL character"
        return None, [Diagnostic(CODE, Severity.ERROR, problem, text.span(index, index + 1))]
    parser = _Parser(text, max_depth)
    return parser.parse(), parser.diagnostics
