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
from lanner.catalog.tables import tables
from lanner.cli.fields import ARGUMENTS, type_text
from lanner.diagnostics.codes import ERRORS, WARNINGS
from lanner.outputs import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Made by tools/generate_reference.py; do not edit. -->\n"


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""

    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    return line(heads) + "|" + "---|" * len(heads) + "\n" + "".join(line(row) for row in rows)


def fields_page() -> str:
    """All fields by class."""
    page = f"# Fields\n\n{NOTE}\nFields that conditions and outputs can use, by class.\n"
    usable = [field for field in catalog.fields() if "table_only" not in field.flags]
    for name, group in groupby(usable, key=lambda field: field.field_class):
        members = list(group)
        source = {"any": "all sources"}.get(members[-1].source, f"source `{members[-1].source}`")
        page += f"\n## {name} ({source})\n\n"
        page += table(
            ("Field", "Type", "Argument", "Description"),
            [
                (
                    f"`{field.name}`",
                    type_text(field),
                    ARGUMENTS[field.argument],
                    field.doc + (" Deprecated." if "deprecated" in field.flags else ""),
                )
                for field in members
            ],
        )
    return page


def events_page() -> str:
    """All event types with the parameters of their newest version."""
    page = f"# Event types\n\n{NOTE}\nNames for `evt.type`, with the parameters for `evt.arg`.\n\n"
    newest = {}
    for event in tables().events:
        if event.direction == "<" or event.name not in newest:
            newest[event.name] = event
    rows = [
        (f"`{name}`", event.category.partition("|")[0], ", ".join(p for p, _ in event.parameters))
        for name, event in sorted(newest.items())
        if name != "NA"
    ]
    page += table(("Event type", "Category", "Parameters"), rows)
    others = sorted(set(tables().syscalls) - set(newest))
    page += "\n## System calls without parameters\n\n" + ", ".join(f"`{name}`" for name in others)
    return page + "\n"


def rules_page() -> str:
    """The default rules."""
    ruleset = lanner.load_rules(defaults=True)
    count = len(ruleset.rules)
    page = f"# Default audit rules\n\n{NOTE}\n{count} rules for Kubernetes audit events.\n\n"
    return page + table(
        ("Rule", "Priority", "What it finds", "Tags"),
        [
            (
                rule.name,
                PRIORITIES[rule.priority],
                " ".join(rule.desc.split()),
                ", ".join(rule.tags),
            )
            for rule in ruleset.rules
        ],
    )


def codes_page() -> str:
    """The codes of diagnostics."""
    page = f"# Codes of diagnostics\n\n{NOTE}\nErrors make a file invalid; warnings do not.\n"
    for title, codes in (("Errors", ERRORS), ("Warnings", WARNINGS)):
        rows = [(f"`{code.name}`", code.short, code.explanation) for code in codes.values()]
        page += f"\n## {title}\n\n" + table(("Code", "Falco's words", "Meaning"), rows)
    return page


PAGES = {
    "docs/reference/fields.md": fields_page,
    "docs/reference/events.md": events_page,
    "docs/reference/audit-rules.md": rules_page,
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
