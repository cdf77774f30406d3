"""Fields by name and by scope.

A scope says which fields a rule can use: an event source (`syscall`), or one with a plugin whose
fields fit all sources (`syscall+json`), as Falco has it where that plugin is loaded, or with fields
of a configuration (`syscall+static.cluster`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from lanner.catalog.tables import Field, tables
from lanner.diagnostics.suggest import suggest

if TYPE_CHECKING:
    from collections.abc import Collection


@cache
def _by_name() -> dict[str, Field]:
    return {field.name: field for field in tables().fields}


def field(name: str) -> Field | None:
    """The field of that name, or None."""
    return _by_name().get(name)


_FOR_ALL_SOURCES = {"json": ("jevt", "json")}
"""Falco's plugins whose fields rules of all sources can use, and the classes of these."""


_STATIC = re.compile(r"static\.[a-zA-Z][a-zA-Z0-9_]*(?:\.[a-zA-Z][a-zA-Z0-9_]*)*")


def scope_of(source: str, plugins: Collection[str] = (), static: Collection[str] = ()) -> str:
    """The scope of rules of an event source where these plugins are loaded, and these static
    fields are there; rules cannot name one that has other characters than fields have.
    """
    names = (f"static.{name}" for name in static)
    own = filter(_STATIC.fullmatch, names)
    return "+".join((source, *sorted(_FOR_ALL_SOURCES.keys() & set(plugins)), *sorted(own)))


def static_fields(scope: str) -> tuple[str, ...]:
    """The names of the static fields of a scope."""
    return tuple(part for part in scope.split("+")[1:] if part.startswith("static."))


def source_of(scope: str) -> str:
    """The event source of a scope."""
    return scope.partition("+")[0]


@cache
def fields(scope: str | None = None) -> tuple[Field, ...]:
    """All fields, or those of a scope."""
    if scope is None:
        return tables().fields
    source, *added = scope.split("+")
    classes = {name for part in added for name in _FOR_ALL_SOURCES.get(part, ())}
    in_table = (
        field
        for field in tables().fields
        if field.source in (source, "any") or field.field_class in classes
    )
    doc = "The same in every event: `static_fields` of the configuration says what."
    own = (
        Field(name, "charbuf", "any", "-", "capture", ("always",), doc, "-")
        for name in static_fields(scope)
    )
    return (*in_table, *own)


@cache
def _usable_names(scope: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(scope) if "table_only" not in field.flags)


def suggest_field(name: str, scope: str) -> str | None:
    """The field that a misspelt name probably means."""
    return suggest(name.partition("[")[0], _usable_names(scope))
