"""Where events come from: the kernel, or a file. Each source has a thread."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from lanner.service.skips import Skips

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lanner.api import Batch, Scan
    from lanner.api.live import Live
    from lanner.service.log import Log
    from lanner.service.sink import Sink


_WAIT_S = 0.5


class Reading(Protocol):
    """What a source reads: batch after batch, until it is stopped or at its end."""

    def batches(self) -> Iterator[Batch | None]:
        """The batches; empty ones or None, too, every second while nothing comes."""

    def stop(self) -> None:
        """Lets `batches` come to its end."""

    def after_batch(self) -> None:
        """What is to be looked at from time to time."""

    def close(self) -> None:
        """Completes what is written."""


class SourceError(Exception):
    """A source ended, because it could not go on; the message says why."""


class Source:
    """Reads, and hands alerts to a sink, in a thread of its own."""

    def __init__(self, name: str, reading: Reading, sink: Sink, on_end: Callable[[], None]) -> None:
        """`on_end` is called when nothing more comes; if that is an error, `failure` is set."""
        self.name = name
        self.failure: BaseException | None = None
        self._events = 0
        self._reading = reading
        self._sink = sink
        self._on_end = on_end
        self._alive = time.monotonic()
        self._commands: queue.SimpleQueue[tuple[Callable[[], None], Future[None]]] = (
            queue.SimpleQueue()
        )
        self._is_ending = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source-{name}", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it, once all that was seen until now is matched."""
        self._is_ending.set()
        self._reading.stop()

    def join(self, timeout: float | None = None) -> bool:
        """Waits for the end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def silent_s(self) -> float:
        """How long it has done nothing, not even look whether there is something; seconds."""
        return 0.0 if self._is_over.is_set() else time.monotonic() - self._alive

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self._is_over.is_set()

    @property
    def events(self) -> int:
        """Events that were matched."""
        return self._events

    def reopen(self) -> None:
        """Nothing that it has open can be moved."""

    def renew(self) -> None:
        """It has no certificate."""

    def between(self, do: Callable[[], None]) -> Future[None]:
        """Does something between two batches: no event is being matched meanwhile."""
        future: Future[None] = Future()
        self._commands.put((do, future))
        if self._is_over.is_set():
            self._obey()
        return future

    def _run(self) -> None:
        try:
            for batch in self._reading.batches():
                self._note_life()
                if batch is not None:
                    self._events += batch.events
                    while len(batch) and not self._has_room():
                        self._note_life()
                    self._sink.take(batch)
                self._reading.after_batch()
            self._reading.close()
        except BaseException as error:  # noqa: BLE001 - what the native part throws is no Exception
            self.failure = error
            with contextlib.suppress(Exception):
                self._reading.close()
        self._is_over.set()
        self._obey()
        self._on_end()

    def _note_life(self) -> None:
        self._alive = time.monotonic()
        self._obey()

    def _has_room(self) -> bool:
        """Whether alerts can be taken now; waits for it. At the end they are: the store has them,
        and channels get them from there after the next start.
        """
        return self._is_ending.is_set() or self._sink.wait_for_room(_WAIT_S)

    def _obey(self) -> None:
        while True:
            try:
                do, future = self._commands.get_nowait()
            except queue.Empty:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                do()
            except Exception as error:  # noqa: BLE001 - it is the asker's
                future.set_exception(error)
            else:
                future.set_result(None)


class Watching:
    """The system calls of this machine."""

    def __init__(
        self, live: Live, look: Callable[[bool], None], on_start: Callable[[], None]
    ) -> None:
        """`on_start` is called when it watches, `look` after each batch, and with
        True at the end.
        """
        self.live = live
        self._look = look
        self._on_start = on_start

    def batches(self) -> Iterator[Batch]:
        """What is seen."""
        with self.live:
            self._on_start()
            yield from self.live.batches()

    def stop(self) -> None:
        """Ends it."""
        self.live.stop()

    def after_batch(self) -> None:
        """Looks whether events were lost, and captures ended."""
        self._look(False)

    def close(self) -> None:
        """Captures that were cut off by the end have ended now, too."""
        self._look(True)


class Replaying:
    """Recorded events: a capture, or an audit log."""

    def __init__(self, scan: Scan, log: Log) -> None:
        """Reads what the scan reads."""
        self.scan = scan
        self._skips = Skips(log)
        self._is_over = False

    def batches(self) -> Iterator[Batch]:
        """What is read, until the end, or an error.

        Raises:
            SourceError: it cannot be read further.

        """
        for batch in self.scan.batches():
            self._skips.take(batch)
            yield batch
            problems = batch.input_errors()
            if problems:
                raise SourceError(f"{problems[0].path}: {problems[0].reason}")
            if self._is_over:
                return

    def stop(self) -> None:
        """Ends it."""
        self._is_over = True

    def after_batch(self) -> None:
        """There is nothing to look at."""

    def close(self) -> None:
        """Says what was skipped."""
        self._skips.close(self.scan.stats().skipped)


class Idling:
    """No events at all (`engine.kind: nodriver`)."""

    def __init__(self) -> None:
        """Waits until it is stopped."""
        self._is_over = threading.Event()

    def batches(self) -> Iterator[Batch | None]:
        """None."""
        while not self._is_over.wait(1.0):
            yield None

    def stop(self) -> None:
        """Ends it."""
        self._is_over.set()

    def after_batch(self) -> None:
        """There is nothing to look at."""

    def close(self) -> None:
        """There is nothing to complete."""
