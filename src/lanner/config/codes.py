"""Codes of diagnostics about configurations."""

from __future__ import annotations

from lanner.diagnostics.codes import Code

FILE = "CONFIG_FILE"
SYNTAX = "CONFIG_SYNTAX"
TYPE = "CONFIG_TYPE"
VALUE = "CONFIG_VALUE"
OPTION = "CONFIG_OPTION"
UNKNOWN_KEY = "CONFIG_UNKNOWN_KEY"
REPEATED_KEY = "CONFIG_REPEATED_KEY"
NO_EFFECT = "CONFIG_NO_EFFECT"
UNKNOWN_FIELD = "CONFIG_UNKNOWN_FIELD"
UNSET_VARIABLE = "CONFIG_UNSET_VARIABLE"

ERRORS = (
    Code(FILE, "File", "The file is missing, cannot be read, is no file, or is too large."),
    Code(SYNTAX, "Syntax", "The file is not valid YAML, or not a mapping."),
    Code(TYPE, "Type", "A value has another type than the key takes."),
    Code(VALUE, "Value", "The key does not take this value."),
    Code(OPTION, "Option", "An `-o` option is not `key=value`, or its key leads nowhere."),
)
"""With one of these the configuration is refused."""

WARNINGS = (
    Code(UNKNOWN_KEY, "Unknown key", "The key has no meaning and is ignored."),
    Code(REPEATED_KEY, "Repeated key", "A key is given twice. The first one counts."),
    Code(NO_EFFECT, "No effect", "The key means something in Falco that Lanner has no use for."),
    Code(UNKNOWN_FIELD, "Unknown field", "`redact` or `aggregate` names a field that is none."),
    Code(UNSET_VARIABLE, "Unset variable", "`${NAME}` is replaced by nothing: NAME is not set."),
)
"""With these it is taken."""
