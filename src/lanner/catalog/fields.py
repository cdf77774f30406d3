"""Fields by name and by event source."""

from __future__ import annotations

from functools import cache

from lanner.catalog.tables import Field, tables
from lanner.diagnostics.suggest import suggest


@cache
def _by_name() -> dict[str, Field]:
    return {field.name: field for field in tables().fields}


def field(name: str) -> Field | None:
    """The field of that name, or None."""
    return _by_name().get(name)


@cache
def fields(source: str | None = None) -> tuple[Field, ...]:
    """All fields, or those that rules of an event source can use."""
    if source is None:
        return tables().fields
    return tuple(field for field in tables().fields if field.source in (source, "any"))


@cache
def _usable_names(source: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(source) if "table_only" not in field.flags)


def suggest_field(name: str, source: str) -> str | None:
    """The field that a misspelt name probably means."""
    return suggest(name.partition("[")[0], _usable_names(source))
