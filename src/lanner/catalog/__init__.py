"""Read-only views of the field and event tables that the native module declares."""

from lanner.catalog.events import all_event_codes, event_codes, event_names, is_event_type
from lanner.catalog.fields import field, fields, scope_of, static_fields, suggest_field
from lanner.catalog.resolve import FieldError, ResolvedField, is_left_side, resolve
from lanner.catalog.tables import Field

__all__ = [
    "Field",
    "FieldError",
    "ResolvedField",
    "all_event_codes",
    "event_codes",
    "event_names",
    "field",
    "fields",
    "is_event_type",
    "is_left_side",
    "resolve",
    "scope_of",
    "static_fields",
    "suggest_field",
]
