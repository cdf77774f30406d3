"""YAML files as nodes that know where they stand.

Built from libyaml's event stream with an explicit stack: nesting costs no Python stack, aliases are
counted, and no value is interpreted. What a plain `yes` or `0x10` means is asked for where it is
needed: for rule files by the rules of yaml-cpp, which Falco reads its files with. go-yaml v2, which
Kubernetes reads its files with, takes and refuses the same.

"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from lanner.diagnostics import Diagnostic, Severity, Source, Span

MAX_DEPTH = 256
MAX_NODES = 5_000_000
"""Nodes in one file, each use of an alias counting all that it stands for."""

_MAX_DIGITS = 11

_MAX_REPAIRS = 100
_STAND_IN = "\u2029"
_STAND_IN_ESCAPE = "\\P"
_QUOTE_IT = "put the value in quotes, or write the list with one `- item` a line"

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("y", "yes", "true", "on"))
_FALSE = frozenset(("n", "no", "false", "off"))
_INTEGER = re.compile(
    r"\+?(?:0[xX](?P<hex>[0-9a-fA-F]+)|(?P<octal>0[0-7]+)|(?P<dec>0|[1-9][0-9]*))[ \t\n\v\f\r]*"
)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What libyaml does not read. yaml-cpp does: such files are refused here that Falco would load."""


_FALCO_SAYS = {
    "mapping values are not allowed": "illegal map value",
    "block sequence entries are not allowed": "illegal block entry",
    "did not find expected ',' or ']'": "end of sequence flow not found",
    "did not find expected ',' or '}'": "end of map flow not found",
    "found unexpected end of stream": "illegal EOF in scalar",
    "found undefined alias": "the referenced anchor is not defined",
    "found unknown escape character": "unknown escape character",
}
"""What Falco's YAML library (yaml-cpp, `exceptions.h`) says where ours says something else."""


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A scalar: `style` is empty for plain ones, else the character that opens it.

    `tag` is what the file says of its type: `!` or a whole tag, most often nothing.
    """

    value: str
    style: str
    source: Source
    start: int
    end: int
    tag: str | None = None

    @property
    def is_null(self) -> bool:
        """Whether it is nothing, `~` or `null`, unquoted."""
        return not self.style and self.value in _NULLS

    @property
    def span(self) -> Span:
        """The scalar with its quotes, without the line breaks behind it."""
        text = self.source.text
        end = self.end
        while end > self.start + 1 and text[end - 1] in " \n\r":
            end -= 1
        return Span(self.source, self.start, max(end, self.start))

    def as_bool(self) -> bool | None:
        """yaml-cpp's booleans: y, yes, true, on, and no; lower, upper or capitalised."""
        word = self.value
        folded = word.lower()
        if word not in (folded, word.upper(), folded.capitalize()):
            return None
        return True if folded in _TRUE else False if folded in _FALSE else None

    def as_unsigned(self) -> int | None:
        """A 32-bit number: decimal, `0x` hexadecimal or `0` octal."""
        found = _INTEGER.fullmatch(self.value)
        if found is None:
            return None
        for name, base in (("hex", 16), ("octal", 8), ("dec", 10)):
            digits = found[name]
            if digits is not None:
                digits = digits.lstrip("0")
                number = int(digits or "0", base) if len(digits) <= _MAX_DIGITS else 1 << 32
                return number if number < 1 << 32 else None
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list of nodes."""

    items: list[Node]
    source: Source
    start: int
    end: int

    @property
    def span(self) -> Span:
        """The first line of the list."""
        return _first_line(self.source, self.start, self.end)


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Pairs of nodes, in order; a repeated key counts the first time, as with yaml-cpp."""

    pairs: list[tuple[Node, Node]]
    source: Source
    start: int
    end: int

    @property
    def span(self) -> Span:
        """The first line of the mapping."""
        return _first_line(self.source, self.start, self.end)

    def get(self, key: str) -> Node | None:
        """The value of a key, or None when the key is not there."""
        for name, value in self.pairs:
            if isinstance(name, Scalar) and name.value == key:
                return value
        return None

    def repeated(self) -> list[tuple[Scalar, Scalar]]:
        """Keys that are there again, each after the one that counts."""
        first: dict[str, Scalar] = {}
        names = [name for name, _ in self.pairs if isinstance(name, Scalar)]
        return [
            (known, name)
            for name in names
            if (known := first.setdefault(name.value, name)) is not name
        ]

    def key_span(self, key: str) -> Span:
        """Where a key stands."""
        for name, _ in self.pairs:
            if isinstance(name, Scalar) and name.value == key:
                return name.span
        return self.span


Node = Scalar | Sequence | Mapping


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen; keys wait for their values."""

    node: Sequence | Mapping
    anchor: str | None
    flow: bool
    key: Node | None = None
    weight: int = 1


class _Mark(Protocol):
    index: int


class _RefusedError(Exception):
    def __init__(self, message: str, index: int, help_text: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.index = index
        self.help_text = help_text


@dataclass(slots=True)
class Parsed:
    """What a file holds. With a `problem`, the documents are those before it."""

    documents: list[Node] = field(default_factory=list)
    problem: Diagnostic | None = None
    repeated: list[tuple[Scalar, Scalar]] = field(default_factory=list)
    """Keys that a mapping has already, after the one that counts."""


def parse_yaml(source: Source, max_nodes: int = MAX_NODES) -> Parsed:
    """Reads the documents of a file."""
    text = source.text
    for _ in range(_MAX_REPAIRS):
        parsed = Parsed()
        parsed.problem, repaired = _attempt(source, text, parsed, max_nodes)
        if repaired is None:
            break
        text = repaired
    return parsed


def _attempt(
    source: Source, text: str, parsed: Parsed, max_nodes: int
) -> tuple[Diagnostic | None, str | None]:
    """Reads the documents; else says what is wrong, or gives a text that may be read instead."""
    try:
        _build(source, text, parsed, max_nodes)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        index = min(mark.index if mark else 0, len(text))
        return _parse_error(source, index, error), _repaired(source, text, index, error)
    except yaml.reader.ReaderError as error:
        return _character_error(source, error), None
    except _RefusedError as error:
        span = Span(source, error.index, min(error.index + 1, len(text)))
        return (
            Diagnostic(
                "LOAD_ERR_YAML_PARSE", Severity.ERROR, error.message, span, help=error.help_text
            ),
            None,
        )
    return None, None


def _repaired(source: Source, text: str, index: int, error: yaml.MarkedYAMLError) -> str | None:
    """yaml-cpp knows one escape more than libyaml: an apostrophe in double quotes.

    It is replaced by an escape of the same length that nobody uses, and
    `_build` puts the apostrophe into the value.
    """
    if error.problem != "found unknown escape character" or text[index : index + 2] != "\\'":
        return None
    if any(word in source.text for word in (_STAND_IN, _STAND_IN_ESCAPE, "2029")):
        return None
    return text[:index] + _STAND_IN_ESCAPE + text[index + 2 :]


def _build(source: Source, text: str, parsed: Parsed, max_nodes: int) -> None:
    stack: list[_Open] = []
    anchors: dict[str, tuple[Node, int]] = {}
    total = 0
    root: Node | None = None

    def add(node: Node, weight: int, new: int) -> None:
        nonlocal total, root
        total += new
        if total > max_nodes:
            raise _RefusedError("aliases make this file too large", node.start)
        if not stack:
            root = node
            return
        parent = stack[-1]
        parent.weight += weight
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            parent.node.pairs.append((parent.key, node))
            parent.key = None

    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.ScalarEvent):
            flow = bool(stack) and stack[-1].flow
            scalar = _scalar(event, source, flow=flow, repaired=text is not source.text)
            if event.anchor:
                anchors[event.anchor] = (scalar, 1)
            add(scalar, 1, 1)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            if len(stack) >= MAX_DEPTH:
                message = f"YAML is nested more than {MAX_DEPTH} deep"
                raise _RefusedError(message, _at(event.start_mark))
            start, end = _at(event.start_mark), _at(event.end_mark)
            kind = Sequence if isinstance(event, yaml.SequenceStartEvent) else Mapping
            node = kind([], source, start, max(start, end))
            stack.append(_Open(node, event.anchor, flow=bool(event.flow_style)))
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            done = stack.pop()
            if isinstance(done.node, Mapping):
                parsed.repeated += done.node.repeated()
            if done.anchor:
                anchors[done.anchor] = (done.node, done.weight)
            add(done.node, done.weight, 1)
        elif isinstance(event, yaml.AliasEvent):
            known = _anchored(anchors, event)
            add(*known, known[1])
        elif isinstance(event, yaml.DocumentStartEvent):
            anchors.clear()
        elif isinstance(event, yaml.DocumentEndEvent) and root is not None:
            parsed.documents.append(root)


def _anchored(anchors: dict[str, tuple[Node, int]], event: yaml.AliasEvent) -> tuple[Node, int]:
    known = anchors.get(event.anchor or "")
    if known is None:
        message = f"no anchor is named `{event.anchor}` before this alias"
        raise _RefusedError(message, _at(event.start_mark))
    return known


def _scalar(event: yaml.ScalarEvent, source: Source, *, flow: bool, repaired: bool) -> Scalar:
    style = "" if event.style is None else event.style
    start = _at(event.start_mark)
    value = event.value
    if flow and not style and "?" in value:
        # Falco's YAML library ends an unquoted value here, and then fails
        at = source.text.find("?", start)
        raise _RefusedError("`?` within [ ] or { } needs quotes", at, _QUOTE_IT)
    if repaired and style == '"':
        value = value.replace(_STAND_IN, "'")
    return Scalar(value, style, source, start, _at(event.end_mark), event.tag)


def _at(mark: _Mark | None) -> int:
    return mark.index if mark is not None else 0


def _first_line(source: Source, start: int, end: int) -> Span:
    line_end = source.text.find("\n", start)
    stop = len(source.text) if line_end < 0 else line_end
    return Span(source, start, max(start, min(stop, end) if end > start else stop))


def _parse_error(source: Source, index: int, error: yaml.MarkedYAMLError) -> Diagnostic:
    problem = error.problem or "not valid YAML"
    help_text = None
    line = source.line_text(source.position(index).line)
    if "\t" in problem or "'\\t'" in problem or line.lstrip(" ").startswith("\t"):
        help_text = "YAML does not allow tabs as indentation: use blanks"
    elif "did not find expected <document start>" in problem:
        help_text = "is this line indented less than the lines above it?"
    elif "mapping values are not allowed" in problem:
        help_text = "a value that contains `: ` must be quoted, or written as a block: `key: >`"
    notes = (error.context,) if error.context else ()
    end = min(index + 1, len(source.text))
    place = source.position(index)
    falco = next((said for known, said in _FALCO_SAYS.items() if known in problem), problem)
    return Diagnostic(
        "LOAD_ERR_YAML_PARSE",
        Severity.ERROR,
        problem,
        Span(source, index, end),
        notes=notes,
        help=help_text,
        falco_message=f"yaml-cpp: error at line {place.line}, column {place.column}: {falco}",
    )


def _character_error(source: Source, error: yaml.reader.ReaderError) -> Diagnostic:
    # libyaml counts bytes here; the first character that YAML forbids is what it stumbled over
    found = _UNPRINTABLE.search(source.text)
    index = found.start() if found else 0
    message = "the file contains a control character: is it a text file?"
    return Diagnostic(
        "LOAD_ERR_YAML_PARSE",
        Severity.ERROR,
        message,
        Span(source, index, min(index + 1, len(source.text))),
        notes=(str(error.reason),),
    )
