"""Loads rule files, in order, into one set of rules.

Every file adds to what the files before it defined; after each one everything is checked again, so
that a finding belongs to the file that brought it about (falcosecurity/falco `falco_engine.cpp`).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lanner.diagnostics import Diagnostic, Item, Label, Severity, Source, Span
from lanner.rules.collector import Collector
from lanner.rules.compiler import Compiler
from lanner.rules.memo import Memo
from lanner.rules.model import MAX_ERRORS, FileResult, LoadResult
from lanner.rules.reader import read_document
from lanner.rules.recursion import deep_recursion
from lanner.rules.yaml_nodes import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read, with the diagnostic that says why."""

    name: str
    diagnostic: Diagnostic


def read_source(
    path: str | os.PathLike[str], max_bytes: int = MAX_FILE_BYTES
) -> Source | Unreadable:
    """Reads a file as UTF-8.

    A file that changes while it is read is refused: half of an old and half of
    a new version may be valid and mean something else.
    """
    name = os.fspath(path)
    try:
        with Path(name).open("rb") as file:
            before = os.fstat(file.fileno())
            if stat.S_ISDIR(before.st_mode):
                return _unreadable(name, "is a directory, not a file")
            data = file.read(max_bytes + 1)
            after = os.fstat(file.fileno())
    except IsADirectoryError:
        return _unreadable(name, "is a directory, not a file")
    except OSError as error:
        return _unreadable(name, f"cannot be read: {error.strerror or error}")
    except ValueError as error:
        return _unreadable(name, f"cannot be a file: {error}")
    if len(data) > max_bytes:
        return _unreadable(name, f"is larger than {max_bytes // 1024 // 1024} MiB")
    if stat.S_ISREG(before.st_mode) and (
        (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
        or len(data) != after.st_size
    ):
        return _unreadable(name, "changed while it was read; try again")
    return decode_source(name, data)


def decode_source(name: str, data: bytes) -> Source | Unreadable:
    """The text of a file; a byte order mark is dropped."""
    try:
        return Source(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        # the error counts from behind the byte order mark
        body, start = error.object, error.start
        source = Source(name, body.decode("utf-8", "replace"))
        help_text = None
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            message = "the file is UTF-16"
            help_text = "save it as UTF-8"
        elif b"\0" in data[:4096]:
            message = "the file is binary, not YAML"
        else:
            message = f"the file is not valid UTF-8: byte 0x{body[start]:02x}"
        at = len(body[:start].decode("utf-8"))
        span = Span(source, at, min(at + 1, len(source.text)))
        found = Diagnostic(
            "LOAD_ERR_YAML_PARSE", Severity.ERROR, message, span, path=name, help=help_text
        )
        return Unreadable(name, found)


def _unreadable(name: str, reason: str) -> Unreadable:
    message = f"{name} {reason}"
    return Unreadable(name, Diagnostic("LOAD_ERR_FILE_READ", Severity.ERROR, message, path=name))


def load(
    sources: Iterable[Source | Unreadable],
    plugins: Collection[str] = (),
    static: Collection[str] = (),
) -> LoadResult:
    """Loads sources in order, where these plugins of Falco's are loaded, and these static fields
    are there. Never raises for what is in them.
    """
    collector = Collector(plugins, static)
    files: list[FileResult] = []
    found: tuple[Diagnostic, ...]
    seen: set[Diagnostic] = set()
    compiler = None
    memo = Memo()
    with deep_recursion():
        for source in sources:
            if isinstance(source, Unreadable):
                files.append(
                    FileResult(None, source.name, (source.diagnostic,), (source.diagnostic,))
                )
                continue
            collector.diagnostics = []
            _read(source, collector)
            found = tuple(collector.diagnostics)
            if not any(one.is_error for one in found):
                compiler = Compiler(collector, memo)
                compiler.compile()
                found += tuple(compiler.diagnostics)
            fresh = tuple(one for one in found if one not in seen)
            seen.update(fresh)
            files.append(FileResult(source, source.name, found, fresh))
    rules = compiler.rules if compiler else []
    return LoadResult(
        files=tuple(files),
        rules=tuple(rules),
        macros=compiler.checked_macros() if compiler else (),
        lists=compiler.checked_lists() if compiler else (),
        required_engine_version=collector.required_engine_version,
        required_plugins=tuple(collector.required_plugins),
        collected=collector,
    )


def _read(source: Source, collector: Collector) -> None:
    root = (Item("rules content", "", Span(source, 0, 0)),)
    parsed = parse_yaml(source)
    for first, again in parsed.repeated[:MAX_ERRORS]:
        message = f"the key `{again.value}` is there already; this one is ignored"
        labels = (Label(first.span, "the one that counts"),)
        collector.report(
            Diagnostic("LANNER_REPEATED_KEY", Severity.ADVICE, message, again.span, labels)
        )
    if parsed.problem is not None:
        # Falco parses all documents before it looks at any
        place = Item("value for", "", parsed.problem.span)
        collector.report(replace(parsed.problem, items=(*root, place)))
        return
    for document in parsed.documents:
        read_document(document, collector, root)
