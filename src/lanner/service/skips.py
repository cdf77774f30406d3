"""Records that are no events: each is said, up to a bound, and all are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.api import Batch
    from lanner.service.log import Log

_MAX_SAID = 10


class Skips:
    """Says what was skipped of one source."""

    def __init__(self, log: Log) -> None:
        """Says it in a log."""
        self._log = log
        self._said = 0
        self._unsaid = 0

    def take(self, batch: Batch, place: str = "") -> None:
        """What a batch skipped; `place` is where its data is from, if the batch does not know."""
        for record in batch.skipped():
            if self._said >= _MAX_SAID:
                self._unsaid += 1
                continue
            self._said += 1
            where = place or f"{record.path}:{record.line}"
            # the plugin's words, which people look for in logs
            self._log(
                f"{where}: data not recognized as a k8s audit event: {record.reason}", "error"
            )

    def close(self, total: int | None = None) -> None:
        """How many more there were, of so many in all; batches know of a thousand each, so that
        without a total it can be more.
        """
        unsaid = self._unsaid if total is None else total - self._said
        if unsaid:
            head = "at least " if total is None else ""
            self._log(f"{head}{unsaid} more records were no audit events", "error")
            self._unsaid = 0
