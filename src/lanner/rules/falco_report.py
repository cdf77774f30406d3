"""What `falco -V` prints: its text and its JSON, from our diagnostics.

Shape and layout: falcosecurity/falco 0.44.1 `rule_loader.cpp` (`result::as_verbose_string`,
`result::as_json`) and `validate_rules_files.cpp`. Positions count from zero, as in Falco. Only what
Falco would have found is shown: it stops at the first error of a file. One thing differs: places
within conditions are those in the file (Falco adds offsets up that do not belong together, and
shows the condition instead of the file).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lanner.diagnostics.codes import CODES
from lanner.rules.schema import OK, schema_status

if TYPE_CHECKING:
    from lanner.diagnostics import Diagnostic, Item
    from lanner.rules.model import FileResult, LoadResult

_SNIPPET_WIDTH = 160
_NAME_WIDTH = 20


def falco_json(result: LoadResult) -> dict[str, Any]:
    """Falco's `-V` JSON."""
    return {"falco_load_results": [_file_json(file) for file in result.files]}


def falco_text(result: LoadResult) -> str:
    """Falco's `-V` text, without a final line break."""
    return "\n".join(map(_file_text, result.files))


def falco_refusal(result: LoadResult) -> str:
    """What Falco says of the first file that is invalid, where it stops."""
    return next((_file_text(file) for file in result.files if not file.ok), "")


def falco_warnings(file: FileResult) -> str:
    """What Falco logs of a file that is valid but for warnings; empty without any."""
    return _verbose(file) if file.ok and file.falco_view() else ""


def falco_schema(file: FileResult) -> str:
    """What Falco logs of the schema check of a file: `ok`, what failed, or `none`."""
    status = schema_status(file.source) if file.source else ()
    return status[0] if status else "none"


def _message(diagnostic: Diagnostic) -> str:
    falco = diagnostic.falco_message
    return diagnostic.message if falco is None else falco


def _file_json(file: FileResult) -> dict[str, Any]:
    found = file.falco_view()
    described = {
        "errors": [_entry(file, entry) for entry in found if entry.is_error],
        "name": file.name,
        "successful": file.ok,
        "warnings": [_entry(file, entry) for entry in found if not entry.is_error],
    }
    status = schema_status(file.source) if file.source else ()
    if status:
        # the first document decides, as in Falco
        described["schema_valid"] = status[0] == OK
        described["schema_warnings"] = [] if status[0] == OK else list(status)
    return described


def _entry(file: FileResult, diagnostic: Diagnostic) -> dict[str, Any]:
    code = CODES[diagnostic.code]
    return {
        "code": diagnostic.code,
        "codedesc": code.short if diagnostic.is_error else code.explanation,
        "context": {
            "locations": [_location(file, item) for item in _locations(file, diagnostic)],
            "snippet": _snippet(diagnostic),
        },
        "message": _message(diagnostic),
    }


def _locations(file: FileResult, diagnostic: Diagnostic) -> tuple[Item, ...]:
    from lanner.diagnostics import Item  # noqa: PLC0415 - only for files that cannot be read

    return diagnostic.items or (Item("rules content", file.name),)


def _location(file: FileResult, item: Item) -> dict[str, Any]:
    name = file.name
    line = column = offset = 0
    if item.span is not None:
        position = item.span.source.position(item.span.start)
        line, column, offset = position.line - 1, position.column - 1, position.offset
        name = item.span.source.name
        if item.kind == "condition expression":
            text = item.span.text.replace("\n", " ").replace("\r", " ")
            shown = text if len(text) <= _NAME_WIDTH else text[: _NAME_WIDTH - 3] + "..."
            name = f'"{shown}"'
    return {
        "item_name": item.name,
        "item_type": item.kind,
        "position": {"column": column, "line": line, "name": name, "offset": offset},
    }


def _snippet(diagnostic: Diagnostic) -> str:
    """The line of the innermost location, cut to 80 characters on either side, and a caret."""
    span = diagnostic.items[-1].span if diagnostic.items else diagnostic.span
    if span is None or not span.source.text:
        return "<No context available>\n"
    text, at = span.source.text, span.start
    while at > 0 and (at >= len(text) or text[at] == "\n"):
        at -= 1
    begin = text.rfind("\n", 0, at + 1) + 1
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    low, high = max(begin, at - _SNIPPET_WIDTH // 2), min(end, at + _SNIPPET_WIDTH // 2 + 1)
    if low >= high:
        return "<No context available>\n"
    shown = text[low:high]
    if at - low >= _SNIPPET_WIDTH // 2:
        shown = "..." + shown[3:]
    if high - 1 - at >= _SNIPPET_WIDTH // 2:
        shown = shown[:-3] + "..."
    return f"{shown}\n{' ' * (at - low)}^\n"


def _file_text(file: FileResult) -> str:
    if not file.ok:
        return _verbose(file)
    # Falco logs the warnings of valid files elsewhere
    return f"{file.name}: Ok" + (", with warnings" if file.falco_view() else "")


def _verbose(file: FileResult) -> str:
    found = file.falco_view()
    errors = [entry for entry in found if entry.is_error]
    warnings = [entry for entry in found if not entry.is_error]
    text = f"{file.name}: " + ("Invalid" if errors else "Ok, with warnings")
    status = schema_status(file.source) if file.source else ()
    if status and status[0] != OK:
        parts = "".join(f"------\n{one}\n" for one in status)
        text += f"\n{len(status)} Schema warnings:\n{parts}------\n"
    for title, entries in (("Errors", errors), ("Warnings", warnings)):
        if entries:
            text += f"\n{len(entries)} {title}:\n"
            text += "".join(_block(file, entry) for entry in entries)
    return text


def _block(file: FileResult, diagnostic: Diagnostic) -> str:
    lines = []
    for index, item in enumerate(_locations(file, diagnostic)):
        location = _location(file, item)
        position = location["position"]
        name = f" '{item.name}'" if item.name else ""
        place = f"({position['name']}:{position['line']}:{position['column']})"
        lines.append(f"{'    ' if index else 'In '}{item.kind}{name}: {place}\n")
    short = CODES[diagnostic.code].short
    return (
        f"{''.join(lines)}------\n{_snippet(diagnostic)}------\n"
        f"{diagnostic.code} ({short}): {_message(diagnostic)}\n"
    )
