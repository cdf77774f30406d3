"""A progress bar on standard error, only where a person watches."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def reading(total_bytes: int | None, *, enabled: bool) -> Iterator[Callable[[int, int], None]]:
    """Yields `advance(bytes, events)`; draws nothing unless standard error is a terminal
    and standard output is not (alerts on the same terminal are progress enough).
    """
    if not (enabled and sys.stderr.isatty() and not sys.stdout.isatty()):
        yield lambda _bytes, _events: None
        return
    # Rich takes 70 ms to import: only when it is going to draw
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeRemainingColumn(),
    )
    seen = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scan", total=total_bytes, events=0)

        def advance(read: int, events: int) -> None:
            nonlocal seen
            seen += events
            bar.update(task, advance=read, events=seen)

        yield advance
