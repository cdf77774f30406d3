"""Codes of diagnostics, with a short text and an explanation.

The `LOAD_…` codes and their short texts are Falco's (falcosecurity/falco `falco_load_result.cpp`,
engine 0.62.0), because tools compare them. The explanations are ours.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A code: its short text, and one or two sentences on what it means."""

    name: str
    short: str
    explanation: str


ERRORS: dict[str, Code] = {
    code.name: code
    for code in (
        Code(
            "LOAD_ERR_FILE_READ",
            "File read error",
            "The file is missing, cannot be read, is not a file, or changed while it was read.",
        ),
        Code("LOAD_ERR_YAML_PARSE", "YAML parse error", "The file is not valid YAML."),
        Code(
            "LOAD_ERR_YAML_VALIDATE",
            "Error validating internal structure of YAML file",
            "The YAML is valid but not a list of rules, macros and lists: a key is missing, or a"
            " value has the wrong type.",
        ),
        Code(
            "LOAD_ERR_COMPILE_CONDITION",
            "Error compiling condition",
            "The condition has a syntax error, an unknown field, or compares a field with"
            " something that it cannot be compared with.",
        ),
        Code(
            "LOAD_ERR_COMPILE_OUTPUT",
            "Error compiling output",
            "The output names a field that does not exist, or ends in a lone %.",
        ),
        Code(
            "LOAD_ERR_VALIDATE",
            "Error validating rule/macro/list/exception objects",
            "The item contradicts others: an undefined macro, an append to something that does"
            " not exist, an exception whose lists differ in length, a version that is too new.",
        ),
        Code("LOAD_ERR_EXTENSION", "Error in extension item", "An extension item is wrong."),
    )
}
"""Every error code, in Falco's order."""

WARNINGS: dict[str, Code] = {
    code.name: code
    for code in (
        Code(
            "LOAD_UNKNOWN_SOURCE",
            "Unknown event source",
            "No events of the rule's source can arrive here; the rule is left out.",
        ),
        Code(
            "LOAD_UNSAFE_NA_CHECK",
            "Unsafe <NA> comparison in condition",
            "A field is compared with the text <NA>, which is how missing values are printed and"
            " not a value. Use `exists`.",
        ),
        Code(
            "LOAD_NO_EVTTYPE",
            "Condition has no event-type restriction",
            "The condition applies to more than 100 event types and costs time on every one.",
        ),
        Code(
            "LOAD_UNKNOWN_FILTER",
            "Unknown field or event-type in condition or output",
            "The rule names an unknown field or event type and says skip-if-unknown-filter; it is"
            " left out.",
        ),
        Code("LOAD_UNUSED_MACRO", "Unused macro", "No rule or macro uses the macro."),
        Code("LOAD_UNUSED_LIST", "Unused list", "No rule, macro or list uses the list."),
        Code(
            "LOAD_UNKNOWN_ITEM",
            "Unknown rules file item",
            "The item is none of rule, macro, list and required versions; it is left out.",
        ),
        Code(
            "LOAD_DEPRECATED_ITEM",
            "Used deprecated item",
            "A key or field works but is going away.",
        ),
        Code("LOAD_WARNING_EXTENSION", "Warning in extension item", "An extension item is odd."),
        Code(
            "LOAD_APPEND_NO_VALUES",
            "Overriding/appending with no values",
            "An exception is appended to without any values, which changes nothing.",
        ),
        Code(
            "LOAD_EXCEPTION_NAME_NOT_UNIQUE",
            "Multiple exceptions defined with the same name",
            "Two exceptions of one rule share a name; appending by that name is ambiguous.",
        ),
        Code(
            "LOAD_INVALID_MACRO_NAME",
            "Invalid macro name",
            "The name cannot be written in a condition: letters, digits and _ only, a letter"
            " first.",
        ),
        Code(
            "LOAD_INVALID_LIST_NAME",
            "Invalid list name",
            "The name cannot be written in a condition: no blanks, quotes, parentheses, commas or"
            " equal signs.",
        ),
        Code(
            "LOAD_COMPILE_CONDITION",
            "Warning in rule condition",
            "The condition is valid, but probably does not say what is meant.",
        ),
        Code(
            "LOAD_UNKNOWN_KEY",
            "Unknown key in item definition",
            "The key has no meaning in this item and is ignored; a typing error, perhaps.",
        ),
    )
}
"""Every warning code, in Falco's order."""

ADVICE: dict[str, Code] = {
    code.name: code
    for code in (
        Code(
            "LANNER_REPEATED_KEY",
            "Key given twice",
            "A mapping has the same key twice. The first counts, as in Falco, and the other is"
            " ignored.",
        ),
    )
}
"""What Falco does not report; left out where its own reports are printed."""

CODES: dict[str, Code] = {**ERRORS, **WARNINGS, **ADVICE}
