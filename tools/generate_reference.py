"""Writes the reference pages of docs/ from the tables and the default rules.

`--check` says which pages are stale instead, and exits with 1.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import lanner
from lanner import catalog
from lanner.audit.manifest.codes import ERRORS as MANIFEST_ERRORS
from lanner.audit.policy.advice import CODES as POLICY_ADVICE
from lanner.audit.policy.codes import ERRORS as POLICY_ERRORS
from lanner.audit.policy.codes import WARNINGS as POLICY_WARNINGS
from lanner.catalog.tables import tables
from lanner.cli.fields import ARGUMENTS, type_text
from lanner.config.codes import ERRORS as CONFIG_ERRORS
from lanner.config.codes import WARNINGS as CONFIG_WARNINGS
from lanner.diagnostics.codes import ADVICE, ERRORS, WARNINGS, Code
from lanner.outputs import PRIORITIES
from lanner.rules.defaults import default_audit_rules, default_syscall_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.catalog.tables import Event
    from lanner.rules.model import CheckedRule

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Made by tools/generate_reference.py; do not edit. -->\n"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""

    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    return line(heads) + "|" + "---|" * len(heads) + "\n" + "".join(line(row) for row in rows)


CLASSES = {
    "evt": "The event itself",
    "syscall": "The system call",
    "proc": "The process that made the event, and its ancestors",
    "thread": "The thread that made the event",
    "fd": "The descriptor that the event is about",
    "fdlist": "The descriptors of a poll",
    "fs": "The paths that the event is about",
    "user": "The user of the process",
    "group": "The group of the process",
    "container": "The container of the process",
    "k8s": "The pod of the process, as the container runtime knows it",
    "k8smeta": "The pod of the process, as the Kubernetes API knows it",
    "ka": "The request to the Kubernetes API",
    "jevt": "Any value of the audit event",
    "json": "Any value of the audit event (the same as `jevt`)",
}
SOURCES = {"any": "all sources", "syscall": "source `syscall`", "k8s_audit": "source `k8s_audit`"}
FIELDS_INTRO = """
Fields that conditions and outputs can use, by class. An argument follows the name: `[number]` and
`[key]` in brackets, the others after a dot. The examples are conditions.
"""
# groups of event types that say how an event came about, not what it is about
ORIGINS = {"syscall", "tracepoint", "metaevent", "plugin", "iter"}
# what evt.category is for the others; reads and writes go by the type of the descriptor
CATEGORIES = {"ipc": "IPC"} | dict.fromkeys(("io_read", "io_write", "io_other"), "file, net or ipc")


def fields_page() -> str:
    """All fields by class."""
    page = f"# Fields\n\n{NOTE}{FIELDS_INTRO}"
    usable = [field for field in catalog.fields() if "table_only" not in field.flags]
    order = list(CLASSES)
    usable.sort(key=lambda field: (order.index(field.field_class), field.source))
    for (name, source), group in groupby(usable, key=lambda f: (f.field_class, f.source)):
        page += f"\n## {name}: {SOURCES[source]}\n\n{CLASSES[name]}.\n\n"
        page += table(
            ("Field", "Type", "Argument", "Description", "Example"),
            [
                (
                    f"`{field.name}`",
                    type_text(field),
                    ARGUMENTS[field.argument],
                    field.doc + (" Deprecated." if "deprecated" in field.flags else ""),
                    f"`{field.example}`" if field.example else "",
                )
                for field in group
            ],
        )
    return page


def parts(category: str) -> set[str]:
    """The groups of an event type, origins left out."""
    return set(category.split("|")) - ORIGINS


def events_page() -> str:
    """All event types with the parameters of their newest version."""
    page = f"# Event types\n\n{NOTE}\nNames for `evt.type`, with the parameters for `evt.arg` and"
    page += " their types.\n\n"
    newest: dict[str, Event] = {}
    for event in tables().events:
        if event.direction == "<" or newest.get(event.name, event).direction == ">":
            newest[event.name] = event
    del newest["NA"]
    rows = [
        (
            f"`{name}`",
            ", ".join(CATEGORIES.get(part, part) for part in sorted(parts(event.category))),
            ", ".join(f"{parameter} {kind}" for parameter, kind in event.parameters),
        )
        for name, event in sorted(newest.items())
    ]
    page += table(("Event type", "Category", "Parameters"), rows)
    others = sorted(set(catalog.event_names()) - set(newest) - {"NA", "unknown"})
    page += "\n## Event types without parameters\n\nSystem calls, and events of plugins.\n\n"
    return page + ", ".join(f"`{name}`" for name in others) + "\n"


def rules_table(rules: Sequence[CheckedRule]) -> str:
    """Rules with what they say of themselves."""
    return table(
        ("Rule", "Priority", "What it finds", "Tags"),
        [
            (
                rule.name,
                PRIORITIES[rule.priority],
                " ".join(rule.desc.split()),
                ", ".join(rule.tags),
            )
            for rule in rules
        ],
    )


def audit_rules_page() -> str:
    """The default rules for audit events."""
    rules = lanner.load_rules(default_audit_rules()).result.rules
    page = f"# Default audit rules\n\n{NOTE}\n{len(rules)} rules for Kubernetes audit events.\n\n"
    return page + rules_table(rules)


SYSCALL_RULES_INTRO = """
{count} rules for system calls, under the names that Falco gives them. Comments in the files
(`src/lanner/rules/defaults/`) say where a rule sees more or less than Falco's, and why.
"""
MATURITY = {
    "lanner_rules.yaml": "Stable: worth their noise everywhere",
    "lanner_rules_incubating.yaml": "Incubating: fit them to what you run",
    "lanner_rules_sandbox.yaml": "Sandbox: depend much on what you run",
}


def syscall_rules_page() -> str:
    """The default rules for system calls, by file."""
    paths = default_syscall_rules()
    loaded = [lanner.load_rules(*paths[: number + 1]).result.rules for number in range(len(paths))]
    count = len(loaded[-1])
    page = f"# Default rules for system calls\n\n{NOTE}{SYSCALL_RULES_INTRO.format(count=count)}"
    done = 0
    for path, rules in zip(paths, loaded, strict=True):
        page += f"\n## {MATURITY[path.name]}\n\nFile `{path.name}`.\n\n{rules_table(rules[done:])}"
        done = len(rules)
    return page


def codes_page() -> str:
    """The codes of diagnostics."""
    page = f"# Codes of diagnostics\n\n{NOTE}\nErrors make a file invalid; warnings do not.\n"
    for title, codes in (("Errors", ERRORS), ("Warnings", WARNINGS), ("Advice", ADVICE)):
        rows = [(f"`{code.name}`", code.short, code.explanation) for code in codes.values()]
        page += f"\n## {title}\n\n" + table(("Code", "Falco's words", "Meaning"), rows)
    page += (
        "\n## Audit policies\n\nOf `lanner audit policy check`. With an error kube-apiserver does"
    )
    page += " not start; what is a warning it passes over.\n\n"
    page += by_severity(error=POLICY_ERRORS, warning=POLICY_WARNINGS, advice=POLICY_ADVICE)
    page += "\n## Configurations\n\nOf `lanner config check`, and of every start.\n\n"
    page += by_severity(error=CONFIG_ERRORS, warning=CONFIG_WARNINGS)
    page += (
        "\n## kube-apiserver's manifest\n\nOf `lanner audit verify`, `enable` and `disable`.\n\n"
    )
    of_manifests = [(f"`{code.name}`", code.explanation) for code in MANIFEST_ERRORS]
    return page + table(("Code", "Meaning"), of_manifests)


def by_severity(**codes: Sequence[Code]) -> str:
    """A table of codes, those of each severity together."""
    rows = [
        (f"`{code.name}`", severity, code.explanation)
        for severity, of_severity in codes.items()
        for code in of_severity
    ]
    return table(("Code", "Severity", "Meaning"), rows)


PAGES = {
    "docs/reference/fields.md": fields_page,
    "docs/reference/events.md": events_page,
    "docs/reference/audit-rules.md": audit_rules_page,
    "docs/reference/syscall-rules.md": syscall_rules_page,
    "docs/reference/codes.md": codes_page,
}


def main() -> int:
    """Returns the exit code."""
    stale = []
    for name, make in PAGES.items():
        path = ROOT / name
        text = make()
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    for name in stale:
        print(f"{name} is stale: run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
