"""From bodies to lines on the disk: one thread, which makes what waits durable together."""

from __future__ import annotations

import os
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
"""Bytes of all bodies that are being received, and again of those that wait to be written; more are
turned away until there is room."""
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

    @property
    def first_reason(self) -> str:
        """Why the first record was skipped."""
        return self.reasons[0] if self.reasons else "it is no JSON"


class Taken(Lines, Protocol):
    """Lines with their counts."""

    def counts(self) -> bytes:
        """`Counts` as JSON."""


class Intake(Protocol):
    """Makes lines of bodies (`lanner._native.AuditIntake`)."""

    def take(self, body: bytes) -> Taken:
        """The lines of a body."""

    def forget(self, taken: Any) -> None:
        """The lines could not be stored: their events may come again."""


class Store(Protocol):
    """Where lines go (`RotatingFile`)."""

    def write(self, taken: Lines) -> None:
        """Writes lines.

        Raises:
            OSError: they cannot be written, and no part of a line was.
            OutputGoneError: nothing can be written any more.

        """

    def sync(self) -> None:
        """Makes durable what was written.

        Raises:
            OSError: it may not be durable.

        """

    def reopen(self) -> None:
        """Opens the file under its name again."""

    def close(self) -> None:
        """Ends it."""


class OutputGoneError(Exception):
    """Nothing can be written any more."""


class StandardOutput:
    """Lines for a pipe; they are durable when whoever reads them says so."""

    def write(self, taken: Lines) -> None:
        """Writes lines.

        Raises:
            OutputGoneError: nobody reads any more, or part of a line is out.

        """
        left = memoryview(taken.lines)
        try:
            while left:
                left = left[os.write(sys.stdout.fileno(), left) :]
        except OSError as error:
            raise OutputGoneError(f"standard output: {error.strerror}") from None

    def sync(self) -> None:
        """What was written is out."""

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


@dataclass(frozen=True, slots=True)
class _Batch:
    """A job, and what was made of it."""

    job: _Job
    taken: Taken
    counts: Counts


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
        on_end: Callable[[], None] = lambda: None,
        complain: Callable[[str], None] = lambda _message: None,
    ) -> None:
        """Starts its thread.

        `on_recorded` gets the lines, once they are durable. When nothing can be written any more,
        nothing more is taken, and `on_end` is called; `close` raises what it was.
        """
        self._intake = intake
        self._store = store
        self._metrics = metrics
        self._mode = mode
        self._on_recorded = on_recorded
        self._on_end = on_end
        self._complain = complain
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._is_over = False
        self._failure: BaseException | None = None
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
            return Outcome(Fate.FAILED, "nothing more can be taken now")
        return found.get()

    def reopen(self) -> None:
        """Opens the file under its name again; a signal handler may call this."""
        self._wants_reopening.set()

    def close(self) -> None:
        """Records what waits, and ends.

        Raises:
            BaseException: what ended it before.

        """
        with self._lock:
            self._is_over = True
            self._jobs.put(None)
        self._thread.join()
        self._store.close()
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        group: list[_Job] = []
        try:
            while group := self._next_group():
                recorded = self._record(group)
                with self._lock:
                    self._waiting_bytes -= sum(len(job.body) for job in group)
                group = []
                for taken in recorded:
                    self._tell(taken.lines)
        except BaseException as error:  # noqa: BLE001 - whatever it is, senders wait for an answer
            self._fail(error, group)

    def _next_group(self) -> list[_Job]:
        """The jobs that wait, at least one; none at the end."""
        group: list[_Job] = []
        while not group or (len(group) < _MAX_GROUP and not self._jobs.empty()):
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)  # for the next time
                break
            group.append(job)
        return group

    def _fail(self, error: BaseException, group: list[_Job]) -> None:
        """Nothing more is taken, and nobody waits for an answer."""
        with self._lock:
            self._is_over = True
            self._failure = error
        while not self._jobs.empty():
            job = self._jobs.get()
            group += [job] if job else []
        for job in group:
            self._answer(job, Outcome(Fate.FAILED, str(error)))
        self._on_end()

    def _record(self, group: list[_Job]) -> list[Taken]:
        """Records jobs, and answers them: what is on the disk now."""
        if self._wants_reopening.is_set():
            self._wants_reopening.clear()
            try:
                self._store.reopen()
            except OSError as error:
                self._complain(f"{_reason(error)}: the file that is open stays in use")
        written: list[_Batch] = []
        for job in group:
            taken = self._intake.take(job.body)
            counts = msgspec.json.decode(taken.counts(), type=Counts)
            batch = _Batch(job, taken, counts)
            if counts.skipped and not counts.events:
                self._metrics.refused()
                self._answer(job, Outcome(Fate.REFUSED, f"no audit event: {counts.first_reason}"))
            elif self._attempt(partial(self._store.write, taken), [batch]):
                written.append(batch)
                if self._mode is Mode.BLOCKING:
                    job.done(RECORDED)
        if not self._attempt(self._store.sync, written):
            return []
        for batch in written:
            self._metrics.recorded(batch.counts)
            if batch.counts.skipped:
                reason = batch.counts.first_reason
                self._complain(f"{batch.counts.skipped} records were no audit events: {reason}")
            if self._mode is Mode.BLOCKING_STRICT:
                batch.job.done(RECORDED)
        return [batch.taken for batch in written]

    def _tell(self, lines: bytes) -> None:
        """Hands lines on; that nobody takes what comes of them does not stop the recording."""
        if self._on_recorded is None or not lines:
            return
        try:
            self._on_recorded(lines)
        except OSError as error:
            self._complain(f"alerts cannot be printed any more: {error.strerror or error}")
            self._on_recorded = None

    def _attempt(self, do: Callable[[], None], batches: list[_Batch]) -> bool:
        """Does something with the file; whether it worked. If not, the batches have failed."""
        try:
            do()
        except OSError as error:
            reason = _reason(error)
            self._complain(f"{reason}: nothing is recorded")
            for batch in batches:
                self._intake.forget(batch.taken)
                self._metrics.failed(batch.counts.events)
                self._answer(batch.job, Outcome(Fate.FAILED, reason))
            return False
        return True

    def _answer(self, job: _Job, outcome: Outcome) -> None:
        """Tells a sender that was not told that all is well."""
        if self._mode is Mode.BATCH:
            self._complain(f"a batch that was taken is lost: {outcome.problem}")
        else:
            job.done(outcome)


def _reason(error: OSError) -> str:
    return f"{error.filename or 'the log'}: {error.strerror or error}"
