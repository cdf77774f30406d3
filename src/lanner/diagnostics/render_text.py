"""Diagnostics as people read them: code, message, place, source line, caret, help.

error[LOAD_ERR_COMPILE_CONDITION]: no field is named `proc.nmae`
 --> rules.yaml:3:14
  |
3 |   condition: proc.nmae = bash
  |              ^^^^^^^^^
  = help: did you mean `proc.name`?
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner.diagnostics.diagnostic import Severity

if TYPE_CHECKING:
    from lanner.diagnostics.diagnostic import Diagnostic
    from lanner.diagnostics.span import Span

MAX_WIDTH = 160
"""Longer source lines are cut around the caret."""

_COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.ADVICE: "1;36"}
_FRAME_COLOUR = "1;34"
_TAB = "    "


@dataclass(frozen=True, slots=True)
class _Style:
    colour: bool

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


def render_text(diagnostic: Diagnostic, *, colour: bool = False) -> str:
    """The diagnostic as lines of text, without a final line break."""
    style = _Style(colour)
    tone = _COLOURS[diagnostic.severity]
    head = style.paint(f"{diagnostic.severity.value}[{diagnostic.code}]", tone)
    lines = [f"{head}: {printable(diagnostic.message)}"]
    if diagnostic.span is not None:
        lines += _snippet(diagnostic.span, "-->", "^", tone, style)
        lines += _expansions(diagnostic.span, style)
    elif diagnostic.path is not None:
        lines.append(f"  {style.paint('-->', _FRAME_COLOUR)} {printable(diagnostic.path)}")
    for label in diagnostic.labels:
        lines.append(f"  {style.paint('=', _FRAME_COLOUR)} {printable(label.text)}:")
        lines += _snippet(label.span, ":::", "-", _FRAME_COLOUR, style)
    for kind, text in (
        *(("note", note) for note in diagnostic.notes),
        *((("help", diagnostic.help),) if diagnostic.help else ()),
    ):
        lines.append(f"  {style.paint('=', _FRAME_COLOUR)} {kind}: {printable(text)}")
    return "\n".join(lines)


def _expansions(span: Span, style: _Style) -> list[str]:
    lines = []
    for step in span.expansions():
        name = printable(step.name)
        lines.append(f"  {style.paint('=', _FRAME_COLOUR)} in {step.kind} `{name}`, used here:")
        lines += _snippet(step.site, ":::", "-", _FRAME_COLOUR, style)
    return lines


def _snippet(span: Span, arrow: str, mark: str, tone: str, style: _Style) -> list[str]:
    start = span.source.position(span.start)
    number = str(start.line)
    margin = " " * len(number)
    bar = style.paint("|", _FRAME_COLOUR)
    line = span.source.line_text(start.line)
    first = start.column - 1
    last = min(len(line), first + max(1, span.end - span.start))
    line, first, last = _cut(line, first, max(last, first + 1))
    shown = "".join(_visible(character) for character in line)
    before = sum(_width(character) for character in line[:first])
    length = max(1, sum(_width(character) for character in line[first:last]))
    name = printable(span.source.name)
    place = f"{margin}{style.paint(arrow, _FRAME_COLOUR)} {name}:{start.line}:{start.column}"
    return [
        place,
        f"{margin} {bar}",
        f"{style.paint(number, _FRAME_COLOUR)} {bar} {shown}".rstrip(),
        f"{margin} {bar} {' ' * before}{style.paint(mark * length, tone)}",
    ]


def _cut(line: str, first: int, last: int) -> tuple[str, int, int]:
    """Cuts a long line around the marked columns."""
    if len(line) <= MAX_WIDTH:
        return line, first, last
    low = max(0, first - MAX_WIDTH // 3)
    high = min(len(line), low + MAX_WIDTH)
    head = "…" if low else ""
    tail = "…" if high < len(line) else ""
    shift = len(head) - low
    return head + line[low:high] + tail, first + shift, min(last, high) + shift


def _visible(character: str) -> str:
    if character == "\t":
        return _TAB
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"


def _width(character: str) -> int:
    if character == "\t":
        return len(_TAB)
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def printable(text: str) -> str:
    """The text with control characters made visible: it may come from a hostile file."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else f"\\x{ord(character):02x}" for character in text
    )
