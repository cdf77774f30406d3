"""A log as one page: plots, and the answers to the questions that need nobody to ask.

The page is one file without scripts; nothing is loaded from anywhere, and a policy in the page
forbids it to browsers.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from lanner.api.audit import plots
from lanner.api.audit.asking import Asking
from lanner.audit.questions import QUESTIONS, overview
from lanner.audit.questions.columns import time_text
from lanner.audit.questions.printable import printable

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from lanner.api.audit.asking import AuditStats
    from lanner.api.engine import Batch
    from lanner.audit.questions.model import Answer, Section

_ANSWERED = (
    "failed",
    "anonymous",
    "escalations",
    "who-exec",
    "who-read",
    "tokens",
    "who-deleted",
    "deprecated",
    "noisiest",
)
_ROWS = 200
"""Most rows of a table; the rest is counted."""

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem;
  color: #1f2933; background: #fff }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem }
table { border-collapse: collapse; width: 100%; font-size: 13px }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #e4e7eb;
  vertical-align: top; overflow-wrap: anywhere }
th { position: sticky; top: 0; background: #fff }
svg { max-width: 100%; height: auto }
.note { color: #616e7c }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Reporting:
    """Reads logs once, for a page about them."""

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> None:
        """Prepares the reading; the arguments are those of `Asking`.

        Raises:
            PlotsMissing: there is no matplotlib.

        """
        plots.check()
        self._names = [str(path) for path in paths]
        questions = [overview.QUESTION, *(QUESTIONS[name] for name in _ANSWERED)]
        self._asking = Asking(questions, self._names, since_ns=since_ns, until_ns=until_ns)

    def batches(self) -> Iterator[Batch]:
        """Reads, in steps of some megabytes each; what there is to tell of each step."""
        return self._asking.batches()

    def stats(self) -> AuditStats:
        """Counters so far."""
        return self._asking.stats()

    def html(self) -> str:
        """The page about what was read so far."""
        general, *answers = self._asking.answers()
        body = [*self._head(), *_plots(general, answers[_ANSWERED.index("failed")])]
        for answer in answers:
            body += _answer(answer)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            f"<title>Audit report</title><style>{_STYLE}</style></head>\n"
            f"<body>{''.join(body)}</body></html>\n"
        )

    def _head(self) -> Iterator[str]:
        stats = self.stats()
        yield "<h1>Audit report</h1>"
        yield f"<p>{_text(', '.join(self._names))}</p>"
        if stats.census:
            first = time_text(min(kind.first_ns for kind in stats.census))
            last = time_text(max(kind.last_ns for kind in stats.census))
            yield f"<p>{stats.events:,} events from {first} to {last}.</p>"
        if stats.skipped:
            yield f'<p class="note">{stats.skipped:,} malformed records were skipped.</p>'
        heads = ("level", "stage", "events")
        kinds = sorted(stats.census, key=lambda kind: -kind.events)
        yield from _table(heads, [[kind.level, kind.stage, f"{kind.events:,}"] for kind in kinds])


def report(
    paths: Iterable[str | os.PathLike[str]],
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> str:
    """A page about logs, as HTML. Logs that cannot be read are passed over; `Reporting` tells.

    Raises:
        PlotsMissing: there is no matplotlib.

    """
    reporting = Reporting(paths, since_ns=since_ns, until_ns=until_ns)
    for _ in reporting.batches():
        pass
    return reporting.html()


def _plots(general: Answer, failed: Answer) -> Iterator[str]:
    by_time, by_user = general.sections
    refused = failed.sections[0]
    code, who = refused.heads.index("result"), refused.heads.index("who")
    drawn = (
        ("Requests over time", plots.timeline(by_time)),
        (
            "Verbs by user",
            plots.stacked(
                ((row.cells[0], row.cells[1], row.count) for row in by_user.rows), "requests"
            ),
        ),
        (
            "Refused requests by user",
            plots.stacked(
                ((row.cells[who], row.cells[code], row.count) for row in refused.rows),
                "refused requests",
            ),
        ),
    )
    for title, drawing in drawn:
        if drawing:
            yield f"<h2>{title}</h2>{drawing}"
    yield from (_note(note) for note in general.notes)


def _answer(answer: Answer) -> Iterator[str]:
    question = QUESTIONS[answer.question]
    yield f"<h2>{_text(question.help)}</h2>"
    for section in answer.sections:
        if section.rows:
            if len(answer.sections) > 1:
                yield f"<h3>{_text(section.title)}</h3>"
            yield from _section(section)
    yield from (_note(note) for note in answer.notes)


def _section(section: Section) -> Iterator[str]:
    rows = [[printable(cell) for cell in row.cells] for row in section.rows[:_ROWS]]
    yield from _table(section.heads, rows)
    if len(section.rows) > _ROWS:
        yield _note(f"and {len(section.rows) - _ROWS:,} more rows")


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield "<table><thead><tr>"
    yield from (f"<th>{_text(head)}</th>" for head in heads)
    yield "</tr></thead><tbody>\n"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>\n"
    yield "</tbody></table>"


def _note(text: str) -> str:
    return f'<p class="note">{_text(text)}</p>'


def _text(text: str) -> str:
    return escape(printable(text))
