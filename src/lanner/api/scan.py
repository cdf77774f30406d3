"""Scanning recorded input: audit logs and captures."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import msgspec

from lanner import _native
from lanner.api.engine import Batch
from lanner.api.reading import MAX_RECORD_BYTES, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lanner.api.engine import Engine
    from lanner.api.writing import OutputCapture
    from lanner.outputs import Alert


class ScanStats(msgspec.Struct, frozen=True):
    """Counters of a scan. `bytes` is after decompression, `read` before; `syscall_events` are those
    of `events` that captures held. `written` counts the events chosen for an `OutputCapture`,
    `written_for_state` those that are hidden in it; `has_written`: it is there and complete.
    """

    events: int
    syscall_events: int
    bytes: int
    read: int
    skipped: int
    truncated: int
    duplicates: int
    out_of_window: int
    dedup_window_exceeded: bool
    input_errors: int
    has_written: bool
    written: int
    written_for_state: int
    alerts_by_rule: dict[str, int]
    seconds: float


class Scan:
    """Reads audit logs and captures, one after the other and in constant memory, and matches them.

    Example:
        scan = Scan(Engine(rules), ["audit.log.gz"])
        for alert in scan:
            print(alert.output)
        print(scan.stats().events)

    """

    def __init__(
        self,
        engine: Engine,
        paths: Iterable[str | os.PathLike[str]],
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        dedup: bool = False,
        max_record_bytes: int = MAX_RECORD_BYTES,
        write: OutputCapture | None = None,
        captures_only: bool = False,
    ) -> None:
        """Prepares a scan of files, in the given order; `-` is standard input.

        Args:
            engine: what to match with. One scan at a time.
            paths: files: captures, or audit events as JSON in any framing; plain, gzip or zstd.
            since_ns: only events from this time on (ns since the epoch).
            until_ns: only events before this time.
            dedup: drop repeats of the same audit ID and stage.
            max_record_bytes: longer records are skipped.
            write: a capture to write while scanning. Then files that are no captures are errors.
            captures_only: files that are no captures are errors in any case.

        Raises:
            QueryError: the filter of `write` is wrong.
            OSError: what is to be written cannot be, or is one of the inputs.

        """
        self._engine = engine
        self._native = read(
            engine.native,
            paths,
            captures_only=captures_only,
            since_ns=since_ns,
            until_ns=until_ns,
            dedup=dedup,
            max_record_bytes=max_record_bytes,
            write=write,
        )
        self._started = time.perf_counter()
        self._seconds = 0.0

    def batches(self) -> Iterator[Batch]:
        """Steps of some megabytes each, with or without alerts."""
        while (batch := self._native.next()) is not None:
            self._seconds = time.perf_counter() - self._started
            yield Batch(batch)
        self._seconds = time.perf_counter() - self._started

    def __iter__(self) -> Iterator[Alert]:
        for batch in self.batches():
            if len(batch):
                yield from batch.alerts()

    def stats(self) -> ScanStats:
        """Counters so far."""
        counters: dict[str, Any] = msgspec.json.decode(self._native.stats())
        matches = zip(self._engine.rules, counters["matches"], strict=True)
        by_rule = {rule.name: count for rule, count in matches if count}
        own = {"alerts_by_rule": by_rule, "seconds": self._seconds}
        return msgspec.convert({**counters, **own}, ScanStats)


def first_event_time(path: str | os.PathLike[str]) -> int | None:
    """Time (ns since the epoch) of the first audit event in a file, or None if there is none."""
    return _native.first_event_time(os.fspath(path))
