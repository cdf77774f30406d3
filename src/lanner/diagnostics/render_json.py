"""Diagnostics as plain data, for editors and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lanner.diagnostics.diagnostic import Diagnostic
    from lanner.diagnostics.span import Span


def to_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """A JSON-ready mapping: code, severity, message, place, expansions, labels, help.

    Lines and columns count from one, offsets (in characters) from zero; an
    `end` is the place behind the last character.
    """
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "path": diagnostic.span.source.name if diagnostic.span else diagnostic.path,
        "span": _span(diagnostic.span) if diagnostic.span else None,
        "expansions": [
            {"kind": step.kind, "name": step.name, "site": _span(step.site)}
            for step in (diagnostic.span.expansions() if diagnostic.span else ())
        ],
        "labels": [{"text": label.text, "span": _span(label.span)} for label in diagnostic.labels],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
    }


def _span(span: Span) -> dict[str, Any]:
    start, end = span.source.position(span.start), span.source.position(span.end)
    return {
        "path": span.source.name,
        "start": {"line": start.line, "column": start.column, "offset": start.offset},
        "end": {"line": end.line, "column": end.column, "offset": end.offset},
    }
