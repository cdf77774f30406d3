"""Codes of diagnostics about audit policies, except those of advice (`advice/` has them)."""

from __future__ import annotations

from lanner.diagnostics.codes import Code

FILE = "AUDIT_POLICY_FILE"
SYNTAX = "AUDIT_POLICY_SYNTAX"
KIND = "AUDIT_POLICY_KIND"
TYPE = "AUDIT_POLICY_TYPE"
VALUE = "AUDIT_POLICY_VALUE"
NO_RULES = "AUDIT_POLICY_NO_RULES"
UNKNOWN_FIELD = "AUDIT_POLICY_UNKNOWN_FIELD"
REPEATED_FIELD = "AUDIT_POLICY_REPEATED_FIELD"
IGNORED_TEXT = "AUDIT_POLICY_IGNORED_TEXT"
NO_KIND = "AUDIT_POLICY_NO_KIND"
VERSION = "AUDIT_POLICY_VERSION"

ERRORS = (
    Code(FILE, "File", "The file is missing, cannot be read, is no file, or is too large."),
    Code(
        SYNTAX,
        "Syntax",
        "The file is not valid YAML, or begins with `{` and is not valid JSON.",
    ),
    Code(KIND, "Kind", "The file does not hold a `Policy` of `audit.k8s.io/v1`."),
    Code(
        TYPE,
        "Type",
        "A value has another type than the API wants: a word where a list belongs, a number or an"
        " unquoted `on` where text belongs.",
    ),
    Code(
        VALUE,
        "Value",
        "The API server's validation refuses the value. The message begins with the API server's"
        " own path of the field.",
    ),
    Code(NO_RULES, "No rules", "The policy has no rules."),
)
"""With one of these kube-apiserver does not start."""

WARNINGS = (
    Code(
        UNKNOWN_FIELD,
        "Unknown field",
        "The API server ignores the field. If it was meant to be a condition, the rule matches"
        " more than intended.",
    ),
    Code(
        REPEATED_FIELD,
        "Repeated field",
        "A field is given twice. The last one counts, and the others are ignored.",
    ),
    Code(
        IGNORED_TEXT,
        "Ignored text",
        "The API server reads the first YAML document of the file and ignores what follows it.",
    ),
    Code(NO_KIND, "No kind", "`kind` is missing; the API server takes it to be `Policy`."),
    Code(
        VERSION,
        "Version",
        "The policy needs a newer Kubernetes than many clusters have; an older API server does not"
        " start with it.",
    ),
)
"""kube-apiserver starts with these, and does something else than the file seems to say."""
