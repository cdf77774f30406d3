"""Plots as SVG, drawn by matplotlib (`pip install 'lanner[report]'`)."""

from __future__ import annotations

import io
import warnings
from collections import Counter, defaultdict
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lanner.audit.questions import overview
from lanner.audit.questions.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lanner.audit.questions.model import Cell, Section

_BARS = 120
"""Most bars of a timeline."""
_NAMES = 12
"""Most users, and most verbs, of a plot; the rest is put together."""
_LABEL = 44
"""Longest label, in characters."""

_REST = "(others)"
_COLOURS = {
    overview.DONE: "#4c78a8",
    overview.FAILED: "#f2b134",
    overview.REFUSED: "#d1495b",
    overview.UNKNOWN: "#9aa5b1",
}


class PlotsMissing(Exception):  # noqa: N818 - it says what is the matter
    """There is no matplotlib."""

    def __init__(self) -> None:
        super().__init__("plots need matplotlib: pip install 'lanner[report]'")


def check() -> None:
    """Whether plots can be drawn.

    Raises:
        PlotsMissing: no.

    """
    if find_spec("matplotlib") is None:
        raise PlotsMissing


def timeline(section: Section) -> str:
    """Requests over time, by outcome."""
    by_minute: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for row in section.rows:
        minute, outcome = row.cells
        if isinstance(minute, int):
            by_minute[str(outcome)][minute] += row.count
    minutes = [minute for counts in by_minute.values() for minute in counts]
    if not minutes:
        return ""
    first, last = min(minutes), max(minutes)
    width = -(-(last - first + 1) // _BARS)
    starts = range(first, last + 1, width)
    names = [datetime.fromtimestamp(start * 60, UTC).strftime("%m-%d %H:%M") for start in starts]
    kinds = {
        outcome: [
            sum(by_minute[outcome][minute] for minute in range(start, start + width))
            for start in starts
        ]
        for outcome in overview.OUTCOMES
        if outcome in by_minute
    }
    unit = "minute" if width == 1 else f"{width} minutes"
    return _bars(names, kinds, f"requests per {unit} (UTC)", across=True)


def stacked(counts: Iterable[tuple[Cell, Cell, int]], axis: str) -> str:
    """Bars for the most frequent of the first cells, stacked by the second ones."""
    found = [(printable(name), printable(kind), count) for name, kind, count in counts]
    names = _most(((name, count) for name, _, count in found))
    kinds = _most(((kind, count) for _, kind, count in found))
    if not names:
        return ""
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, kind, count in found:
        table[kind if kind in kinds else _REST][name if name in names else _REST] += count
    bars = [*names, *([_REST] if any(_REST in counts for counts in table.values()) else [])]
    return _bars(
        bars,
        {kind: [table[kind][name] for name in bars] for kind in [*kinds, _REST] if kind in table},
        axis,
        across=False,
    )


def _most(counts: Iterable[tuple[str, int]]) -> list[str]:
    total: Counter[str] = Counter()
    for name, count in counts:
        total[name] += count
    return [name for name, _ in total.most_common(_NAMES)]


def _label(text: str) -> str:
    # the end of the name of a service account tells more than the beginning
    return text if len(text) <= _LABEL else f"{text[:8]}…{text[9 - _LABEL :]}"


def _bars(
    names: Sequence[str], kinds: Mapping[str, Sequence[int]], axis: str, *, across: bool
) -> str:
    """Stacked bars, side by side or one below the other, as an `<svg>` element."""
    # half a second, and not always installed
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    settings: Any = {
        "svg.fonttype": "none",
        # the same log gives the same page
        "svg.hashsalt": axis,
        # a user called `$x$` is no formula
        "text.parse_math": False,
        "font.size": 9,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # that the font on this machine lacks a character does not matter: browsers have their own
        warnings.simplefilter("ignore", UserWarning)
        height = 3.2 if across else 1.0 + 0.3 * len(names)
        figure = Figure(figsize=(10, height), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(names))
        before = [0] * len(names)
        palette = mpl.colormaps["tab20"].colors  # type: ignore[attr-defined]
        for number, (kind, values) in enumerate(kinds.items()):
            colour = _COLOURS.get(kind, palette[number % len(palette)])
            if across:
                axes.bar(places, values, bottom=before, label=_label(kind), color=colour, width=1)
            else:
                axes.barh(places, values, left=before, label=_label(kind), color=colour)
            before = [below + value for below, value in zip(before, values, strict=True)]
        if across:
            step = max(1, len(names) // 8)
            axes.set_xticks(list(places)[::step], list(names)[::step])
            axes.set_ylabel(axis)
        else:
            axes.set_yticks(list(places), [_label(name) for name in names])
            axes.invert_yaxis()
            axes.set_xlabel(axis)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside upper right", ncols=6, frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
