"""Writing captures: which events, and where to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from lanner.api.query import filter_plan


@dataclass(frozen=True, slots=True)
class OutputCapture:
    """A capture that a scan writes, of the events that it reads from captures.

    Events that are not chosen are in it, too, where others would not show the same without them
    (clones, execs, opened descriptors …), but hidden: neither sysdig nor Lanner shows them.

    Attributes:
        path: the file, which is there once it is complete; `-` is standard output.
        compress: with gzip.
        filter_text: only events that pass this condition; empty lets everything through.
        alerts_only: only events for which a rule fired.
        limit: the scan ends after so many events.

    """

    path: str | os.PathLike[str]
    compress: bool = False
    filter_text: str = ""
    alerts_only: bool = False
    limit: int | None = None

    def options(self) -> dict[str, Any]:
        """What the native scan takes.

        Raises:
            QueryError: the filter is wrong.

        """
        path = os.fspath(self.path)
        filtered = self.filter_text.strip()
        return {
            "path": None if path == "-" else path,
            "compress": self.compress,
            "filter": filter_plan(self.filter_text).decode() if filtered else None,
            "alerts_only": self.alerts_only,
            "limit": self.limit,
        }
