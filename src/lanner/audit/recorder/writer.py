"""From bodies to lines on the disk: one thread, which makes what waits durable together."""

from __future__ import annotations

import queue
import sys
import threading
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from lanner.audit.recorder.rotation import Lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.audit.recorder.metrics import Metrics

MAX_WAITING_BYTES = 256 << 20
"""Bodies that may wait, in bytes; further ones are refused until there is room."""
_MAX_GROUP = 64
"""So many bodies share one fsync at most."""


class Mode(Enum):
    """When a sender is told that its events are recorded; the words are kube-apiserver's."""

    BATCH = "batch"
    """Once they wait in memory: what waits is lost with the process."""
    BLOCKING = "blocking"
    """Once they are written: what is not on the disk yet is lost with the machine."""
    BLOCKING_STRICT = "blocking-strict"
    """Once they are on the disk."""


class Counts(msgspec.Struct, frozen=True):
    """What became of the events of a body (`lanner._native.Taken.counts`).

    `dropped` by the policy; `truncated` lost their bodies, `discarded` were too large without them;
    `skipped` records were no events, for these `reasons`.
    """

    events: int
    duplicates: int
    dropped: int
    truncated: int
    discarded: int
    skipped: int
    levels: tuple[tuple[str, int], ...]
    reasons: tuple[str, ...]


class Taken(Lines, Protocol):
    """Lines with their counts."""

    def counts(self) -> bytes:
        """`Counts` as JSON."""


class Intake(Protocol):
    """Makes lines of bodies (`lanner._native.AuditIntake`)."""

    def take(self, body: bytes) -> Taken:
        """The lines of a body."""

    def commit(self, taken: Any) -> None:
        """The lines are stored."""


class Store(Protocol):
    """Where lines go (`RotatingFile`)."""

    def write(self, taken: Lines) -> None:
        """Writes lines."""

    def sync(self) -> None:
        """Makes durable what was written."""

    def reopen(self) -> None:
        """Opens the file under its name again."""

    def close(self) -> None:
        """Ends it."""


class StandardOutput:
    """Lines for a pipe; they are durable when whoever reads them says so."""

    def write(self, taken: Lines) -> None:
        """Writes lines."""
        sys.stdout.buffer.write(taken.lines)

    def sync(self) -> None:
        """Hands them over."""
        sys.stdout.buffer.flush()

    def reopen(self) -> None:
        """There is nothing to open."""

    def close(self) -> None:
        """It stays open."""


class Fate(Enum):
    """What became of a body."""

    RECORDED = "recorded"
    REFUSED = "refused"
    """There is no event in it."""
    FAILED = "failed"
    """It could not be written; it may be sent again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a body, and if it was not recorded, why."""

    fate: Fate
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Job:
    body: bytes
    done: Callable[[Outcome], None]


RECORDED = Outcome(Fate.RECORDED)


class Recorder:
    """Records bodies in the order in which they were submitted."""

    def __init__(
        self,
        intake: Intake,
        store: Store,
        metrics: Metrics,
        *,
        mode: Mode = Mode.BLOCKING_STRICT,
        on_recorded: Callable[[bytes], None] | None = None,
        complain: Callable[[str], None] = lambda _message: None,
    ) -> None:
        """Starts its thread. `on_recorded` gets the lines, once they are durable."""
        self._intake = intake
        self._store = store
        self._metrics = metrics
        self._mode = mode
        self._on_recorded = on_recorded
        self._complain = complain
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._is_over = False
        self._wants_reopening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder")
        self._thread.start()

    def submit(self, body: bytes, done: Callable[[Outcome], None]) -> bool:
        """Takes a body; `done` is called by another thread when there is something to say. False
        when too much waits already, or nothing is taken any more.
        """
        with self._lock:
            is_full = self._waiting_bytes and self._waiting_bytes + len(body) > MAX_WAITING_BYTES
            if is_full or self._is_over:
                return False
            self._waiting_bytes += len(body)
            self._jobs.put(_Job(body, done))
        if self._mode is Mode.BATCH:
            done(RECORDED)
        return True

    def record(self, body: bytes) -> Outcome:
        """Takes a body, and waits until it is recorded."""
        found: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        if not self.submit(body, found.put):
            return Outcome(Fate.FAILED, "too much is waiting to be written")
        return found.get()

    def reopen(self) -> None:
        """Opens the file under its name again; a signal handler may call this."""
        self._wants_reopening.set()

    def close(self) -> None:
        """Records what waits, and ends."""
        with self._lock:
            self._is_over = True
            self._jobs.put(None)
        self._thread.join()
        self._store.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            is_last = False
            while len(group) < _MAX_GROUP and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    is_last = True
                    break
                group.append(more)
            try:
                self._record(group)
            except Exception as error:  # noqa: BLE001 - whoever waits must not wait for ever
                self._complain(f"a batch was not recorded: {error!r}")
                self._metrics.failed(len(group))
                for one in group:
                    self._answer(one, Outcome(Fate.FAILED, "internal error"))
            with self._lock:
                self._waiting_bytes -= sum(len(one.body) for one in group)
            if is_last:
                return

    def _record(self, group: list[_Job]) -> None:
        if self._wants_reopening.is_set():
            self._wants_reopening.clear()
            self._attempt(self._store.reopen, [])
        written: list[tuple[_Job, Taken, Counts]] = []
        for job in group:
            taken = self._intake.take(job.body)
            counts = msgspec.json.decode(taken.counts(), type=Counts)
            if counts.skipped and not counts.events:
                reason = counts.reasons[0] if counts.reasons else "it is no JSON"
                self._metrics.refused()
                self._answer(job, Outcome(Fate.REFUSED, f"no audit event: {reason}"))
            elif self._attempt(partial(self._store.write, taken), [job]):
                written.append((job, taken, counts))
                if self._mode is Mode.BLOCKING:
                    job.done(RECORDED)
        if not self._attempt(self._store.sync, [job for job, _, _ in written]):
            return
        for job, taken, counts in written:
            self._intake.commit(taken)
            self._metrics.recorded(counts)
            if counts.skipped:
                problem = f"{counts.skipped} records were no audit events: {counts.reasons[0]}"
                self._complain(problem)
            if self._mode is Mode.BLOCKING_STRICT:
                job.done(RECORDED)
            self._tell(taken.lines)

    def _tell(self, lines: bytes) -> None:
        """Hands lines on; what is wrong there does not stop the recording."""
        if self._on_recorded is None or not lines:
            return
        try:
            self._on_recorded(lines)
        except OSError as error:
            self._complain(f"alerts cannot be printed any more: {error.strerror or error}")
            self._on_recorded = None

    def _attempt(self, do: Callable[[], None], jobs: list[_Job]) -> bool:
        """Does something with the file; whether it worked. If not, the jobs have failed."""
        try:
            do()
        except OSError as error:
            reason = f"{error.filename or 'the log'}: {error.strerror or error}"
            self._metrics.failed(len(jobs))
            self._complain(f"{reason}: nothing is recorded")
            for job in jobs:
                self._answer(job, Outcome(Fate.FAILED, reason))
            return False
        return True

    def _answer(self, job: _Job, outcome: Outcome) -> None:
        """Tells a sender that was not told that all is well."""
        if self._mode is Mode.BATCH:
            self._complain(f"a batch that was taken is lost: {outcome.problem}")
        else:
            job.done(outcome)
