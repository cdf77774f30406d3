"""`--list`, `--list-events` and `-i`: fields and events, in Falco's three forms.

Layouts: falcosecurity/falco 0.44.1 `event_formatter.cpp`, `field_formatter.cpp`, and libs 0.25.4,
`filter.cpp`. Descriptions are Lanner's; of parameters that are flags, their names are left out.
"""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from lanner import catalog
from lanner.catalog.calls import events_of_category, state_events
from lanner.catalog.tables import tables
from lanner.service.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.catalog.tables import Event, Field

_COLUMN, _WIDTH = 30, 120
_SOURCES = ("syscall", "k8s_audit")
_GENERIC = (0, 1)
_ARGUMENTS = {"key": ["KEY"], "dotted": ["KEY"], "both": ["INDEX", "KEY"]}
"""Kinds of arguments in Falco's words; all others are numbers."""
_CATEGORIES = {
    "Syscall events": "syscall",
    "Tracepoint events": "tracepoint",
    "Plugin events": "plugin",
    "Metaevents": "metaevent",
}


def print_fields(source: str, *, form: str, names_only: bool, with_types: bool) -> None:
    """`--list`: the fields of an event source, or of all."""
    shown = [
        field
        for field in catalog.fields(source or None)
        if not {"table_only", "deprecated"}.intersection(field.flags)
    ]
    if names_only:
        names = [field.name for field in shown]
        _print(json.dumps({"fieldnames": names}, indent=2) if form == "json" else "\n".join(names))
        return
    classes: dict[tuple[str, str], list[Field]] = {}
    for field in shown:
        classes.setdefault((field.field_class, field.source), []).append(field)
    if form == "json":
        found = [
            {
                "event_sources": _sources(of, source),
                "fields": [_field_json(field) for field in fields],
                "name": name,
            }
            for (name, of), fields in classes.items()
        ]
        _print(json.dumps({"fieldclasses": found}, indent=2))
        return
    for (name, of), fields in classes.items():
        sources = " ".join(_sources(of, source))
        if form == "markdown":
            _print(f"## Field Class: {name}\n\nEvent Sources: {sources}\n")
            _print("Name | Type | Description\n:----|:-----|:-----------")
            for field in fields:
                _print(f"`{field.name}` | {_type(field)} | {field.doc}")
        else:
            _print("-------------------------------")
            _print(f"{'Field Class:':<{_COLUMN}}{name}")
            _print(f"{'Event Sources:':<{_COLUMN}}{sources}\n")
            for field in fields:
                _print_field(field, with_types=with_types)
        _print("")


def _print_field(field: Field, *, with_types: bool) -> None:
    doc = f"(Type: {field.type.upper()}) {field.doc}" if with_types else field.doc
    lines = textwrap.wrap(doc, _WIDTH - _COLUMN) or [""]
    if len(field.name) >= _COLUMN:
        _print(field.name)
    else:
        lines[0] = f"{field.name:<{_COLUMN}}{lines[0]}"
    for number, line in enumerate(lines):
        is_first = number == 0 and len(field.name) < _COLUMN
        _print(line if is_first else f"{'':<{_COLUMN}}{line}")


def _sources(of: str, wanted: str) -> list[str]:
    sources = _SOURCES if of == "any" else (of,)
    return [source for source in sources if wanted in {"", source}] or list(sources)


def _type(field: Field) -> str:
    name = field.type.upper()
    return f"LIST({name})" if field.is_list else name


def _field_json(field: Field) -> dict[str, Any]:
    kind = field.argument.rstrip("?!")
    argument = None
    if kind != "-":
        kinds = _ARGUMENTS.get(kind, ["INDEX"])
        argument = {"required": field.argument.endswith("!"), "type": kinds}
    return {
        "argument": argument,
        "desc": field.doc,
        "is_list": field.is_list,
        "name": field.name,
        "type": field.type.upper(),
    }


def print_events(*, form: str) -> None:
    """`--list-events`."""
    schema = versions()["driver_schema_version"]
    found = {title: list(_events(kind)) for title, kind in _CATEGORIES.items()}
    if form == "json":
        entries = {
            title: [_event_json(event, name) for event, name in events]
            for title, events in found.items()
        }
        _print(json.dumps(entries | {"schema_version": schema}, indent=2))
        return
    _print(f"The events below are valid for Falco *Schema Version*: {schema}")
    for title, events in found.items():
        _print(f"## {title}\n")
        if form == "markdown":
            _print("Default | Dir | Name | Params \n:-------|:----|:-----|:-----")
        for event, name in events:
            params = ", ".join(f"{_name(kind)} **{one}**" for one, kind in event.parameters)
            if form == "markdown":
                default = "Yes" if _is_available(name) else "No"
                _print(f"{default} | `{event.direction}` | `{name}` | {params}")
            else:
                _print(f"{event.direction} {name}({params})")
        _print("")


def _events(kind: str) -> Iterable[tuple[Event, str]]:
    """The events of a kind, with their names: of today's schema, then calls without an event."""
    for event in tables().events:
        flags = {"old_version", "unused"}.intersection(event.flags.split("|"))
        if event.code not in _GENERIC and not flags and kind in event.category.split("|"):
            yield event, event.name
    if kind == "syscall":
        known = {event.name for event in tables().events}
        for name in sorted(set(tables().syscalls) - known - {"unknown"}):
            yield from ((tables().events[code], name) for code in _GENERIC)


def _event_json(event: Event, name: str) -> dict[str, Any]:
    return {
        "available": _is_available(name),
        "dir": event.direction,
        "name": name,
        "params": [{"name": one, "type": _name(kind)} for one, kind in event.parameters],
    }


def _name(kind: str) -> str:
    return "DYNAMIC" if kind == "dyn" else kind.upper()


def _ignored() -> frozenset[str]:
    return (events_of_category("io_read") | events_of_category("io_write")) - state_events()


def _is_available(name: str) -> bool:
    return name not in _ignored()


def print_ignored() -> None:
    """`-i`: calls that are watched only where a rule names them."""
    _print("Ignored syscall(s):")
    for name in sorted(_ignored()):
        _print(f"- {name}")
    _print("")


def _print(text: str) -> None:
    print(text)  # noqa: T201
