"""Answers on paper: tables, JSON, CSV. What clients sent is escaped before a terminal sees it."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

from lanner.audit.questions.printable import printable
from lanner.cli import common, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.audit.questions.model import Answer, Row, Section

_IDS = "audit IDs"
_SHORT = 20
"""Columns whose cells are this short, in characters, are not wrapped on a terminal."""


def as_tables(answer: Answer, *, top: int, evidence: bool) -> None:
    """Prints an answer for people: at most `top` rows of each table, all with 0."""
    if answer.document is not None:
        print(answer.document, end="")  # noqa: T201
    filled = [section for section in answer.sections if section.rows]
    for number, section in enumerate(filled):
        if len(answer.sections) > 1:
            print(("\n" if number else "") + section.title + ":")  # noqa: T201
        shown = section.rows[:top] if top else section.rows
        heads = (*section.heads, _IDS) if evidence else section.heads
        _table(heads, [_cells(row, evidence=evidence) for row in shown])
        left = len(section.rows) - len(shown)
        if left:
            print(f"… and {left:,} more (--top 0 prints all)")  # noqa: T201
    for note in answer.notes:
        common.remark(f"note: {note}")


def _cells(row: Row, *, evidence: bool) -> list[str]:
    cells = [printable(cell) for cell in row.cells]
    if not evidence:
        return cells
    ids = [printable(one) for one in row.evidence]
    if row.count > len(ids):
        ids.append(f"and {row.count - len(ids):,} more")
    return [*cells, " ".join(ids)]


def _table(heads: Sequence[str], rows: list[list[str]]) -> None:
    if not sys.stdout.isatty():
        tables.write(heads, rows)
        return
    # Rich takes 70 ms to import: only when it is going to draw
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, head in enumerate(heads):
        # long ones make room: times and numbers are hard to read on two lines
        is_short = all(len(row[place]) <= _SHORT for row in rows)
        table.add_column(head, overflow="fold", no_wrap=is_short)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(no_color=not common.colour_allowed()).print(table)


def as_json(answer: Answer) -> None:
    """Prints an answer as a JSON object."""
    print(json.dumps(to_json(answer), indent=2, ensure_ascii=False))  # noqa: T201


def to_json(answer: Answer) -> dict[str, object]:
    """An answer as plain data."""
    return {
        "question": answer.question,
        "tables": [
            {"title": section.title, "rows": [_object(section, row) for row in section.rows]}
            for section in answer.sections
        ],
        "document": answer.document,
        "notes": list(answer.notes),
    }


def _object(section: Section, row: Row) -> dict[str, object]:
    cells = dict(zip(section.heads, row.cells, strict=True))
    return {**cells, "count": row.count, "audit_ids": list(row.evidence)}


def as_csv(answer: Answer) -> None:
    """Prints the tables of an answer as CSV, each with its own head, empty lines between."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    for number, section in enumerate(answer.sections):
        if number:
            sys.stdout.write("\n")
        out.writerow([*section.heads, "audit_ids"])
        out.writerows([*row.cells, " ".join(row.evidence)] for row in section.rows)
