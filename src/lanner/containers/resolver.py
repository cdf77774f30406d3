"""Asks runtimes about containers, in threads of its own."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from lanner.containers.errors import RuntimeFailure
from lanner.containers.runtimes import Sockets, sockets_there

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKERS = 4
TIMEOUT_S = 2.0
"""A runtime has so long for an answer."""
PATIENCE_S = 0.3
"""Events wait so long for the container that they are of, so that rules know its image."""
PATIENCE_PERIOD_S = 10.0
PATIENCE_A_PERIOD_S = 1.0
"""In each period, they wait so long in all: the buffer fills meanwhile."""
PAUSES_S = (0.05, 0.2, 0.5, 1.0)
"""A container that no runtime knows yet is asked for again, after so long each."""

Late = tuple[str, bytes | None, str]
"""An id, and a document or why there is none."""


class _Question:
    """A container that is asked for. `is_through`: known, or nobody knew it at first."""

    def __init__(self, container_id: str, full_id: str) -> None:
        self.container_id = container_id
        self.full_id = full_id
        self.tries = 0
        self.is_through = threading.Event()
        self.is_over = False
        self.is_late = False
        self.document: bytes | None = None
        self.problem = ""


class Resolver:
    """Knows of containers what their runtimes say.

    `tell` is called for each container once, when it is first seen; it waits for a moment. What
    comes later is in `late`.
    """

    def __init__(self, sockets: Sockets | None = None, *, patience_s: float = PATIENCE_S) -> None:
        """Asks the runtimes that listen on these sockets."""
        self._sockets = sockets or Sockets()
        self._patience_s = patience_s
        self._wanted: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._late: queue.SimpleQueue[Late] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._workers = 0
        self._period_began = time.monotonic()
        self._waited_s = 0.0

    def tell(self, container_id: str, full_id: str) -> bytes | str | None:
        """The document of a container; a text that says why there is none; None: it comes late."""
        if not any(True for _ in sockets_there(self._sockets)):
            return "no container runtime listens here"
        question = _Question(container_id, full_id)
        self._start_worker()
        self._wanted.put(question)
        began = time.monotonic()
        question.is_through.wait(self._patience(began))
        self._waited_s += time.monotonic() - began
        with self._lock:
            question.is_late = not question.is_over
            if question.is_late:
                return None
        return question.problem if question.document is None else question.document

    def late(self) -> Iterator[Late]:
        """What has come since the last time."""
        while not self._late.empty():
            yield self._late.get()

    def _patience(self, now: float) -> float:
        if now - self._period_began > PATIENCE_PERIOD_S:
            self._period_began, self._waited_s = now, 0.0
        return max(0.0, min(self._patience_s, PATIENCE_A_PERIOD_S - self._waited_s))

    def _start_worker(self) -> None:
        # none for machines without containers
        if self._workers < WORKERS:
            self._workers += 1
            threading.Thread(target=self._work, daemon=True, name="containers").start()

    def _work(self) -> None:
        while True:
            question = self._wanted.get()
            document, problem = self._ask(question.full_id)
            question.tries += 1
            if document is None and question.tries <= len(PAUSES_S):
                # whoever waits need not wait for the next time
                question.is_through.set()
                pause = PAUSES_S[question.tries - 1]
                again = threading.Timer(pause, self._wanted.put, (question,))
                again.daemon = True
                again.start()
                continue
            with self._lock:
                question.document, question.problem = document, problem
                question.is_over = True
                if question.is_late:
                    self._late.put((question.container_id, document, problem))
            question.is_through.set()

    def _ask(self, full_id: str) -> tuple[bytes | None, str]:
        """Asks all runtimes until one knows the container: a document, or why there is none."""
        problems: dict[str, str] = {}
        for runtime in sockets_there(self._sockets):
            try:
                found = runtime.inspect(full_id, TIMEOUT_S)
            except RuntimeFailure as failure:
                problems[str(runtime)] = str(failure)
            except Exception as error:  # noqa: BLE001 - a worker must not die of an answer
                problems[str(runtime)] = f"answers strangely ({type(error).__name__})"
            else:
                if found is not None:
                    return found.document(), ""
        reasons = "; ".join(f"{name} {problem}" for name, problem in problems.items())
        return None, reasons or "no container runtime knows it"
