"""Live detection: the system calls of the running kernel, matched as they come."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

from lanner import _native
from lanner.api.captures import EndedCapture
from lanner.api.engine import Batch
from lanner.plan.syscalls import interest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from lanner.api.captures import RuleCaptures
    from lanner.api.engine import Counts, Engine
    from lanner.api.writing import OutputCapture

RING_BYTES = 8 << 20
"""The ring between kernel and Lanner, unless said otherwise."""


class LiveUnavailableError(OSError):
    """This machine, or this user, cannot watch system calls; the message says why."""


class Resolver(Protocol):
    """Knows of containers: what their runtimes tell."""

    def tell(self, container_id: str, full_id: str) -> bytes | str | None:
        """The document of a container, as Falco's container plugin writes it; a text that says why
        there is none; or None when it is not known yet: then `late` has it. May wait for a moment.
        """

    def late(self) -> Iterable[tuple[str, bytes | None, str]]:
        """What came since the last call: ids, with a document or why there is none."""


class _NoRuntimes:
    """Where no container runtime is asked."""

    def tell(self, _container_id: str, _full_id: str) -> str:
        return "no container runtime is asked"

    def late(self) -> tuple[()]:
        return ()


class KnownDescriptor(msgspec.Struct, frozen=True):
    """A descriptor, as rules see it: its number, `fd.type` and `fd.name`."""

    fd: int
    type: str
    name: str


class KnownThread(msgspec.Struct, frozen=True):
    """A thread, as rules see it. Threads that are not the first of their process have its
    descriptors. `container` is the id, `host` for none.
    """

    tid: int
    pid: int
    ptid: int
    comm: str
    exepath: str
    container: str
    descriptors: tuple[KnownDescriptor, ...]


class LiveStats(msgspec.Struct, frozen=True):
    """Counters of live detection.

    `dropped` counts the events for which there was no room, by their type; `malformed` the records
    that were not understood; `unreadable` and `truncated` the events with a parameter that could
    not be read, or was cut. `threads` are known now; of those there at the beginning,
    `unreadable_processes` could not be read, and `left_out_at_start` counts threads and descriptors
    beyond the bounds. Of threads that came unseen, `found_threads` were found in /proc,
    `unknown_threads` are known only by their number. `dropped_threads` did not fit into the table.
    """

    events: int
    dropped: dict[str, int]
    malformed: int
    unreadable: int
    truncated: int
    threads: int
    unreadable_processes: int
    left_out_at_start: int
    found_threads: int
    unknown_threads: int
    dropped_threads: int
    written: int
    written_for_state: int
    alerts_by_rule: dict[str, int]

    @property
    def lost(self) -> int:
        """How many events no rule has seen."""
        return self.malformed + sum(self.dropped.values())


@contextlib.contextmanager
def _unavailable() -> Iterator[None]:
    """What the kernel refuses; of files there is a number."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise LiveUnavailableError(str(error)) from None


class Live:
    """Watches the running kernel and matches what happens. Linux on x86-64, as root.

    Example:
        with Live(Engine(rules)) as live:
            for batch in live.batches(): ...

    """

    def __init__(
        self,
        engine: Engine,
        calls: Iterable[str] | None = None,
        *,
        resolver: Resolver | None = None,
        ring_bytes: int = RING_BYTES,
        write: OutputCapture | None = None,
        captures: RuleCaptures | None = None,
    ) -> None:
        """Loads the probe; `with` begins to watch.

        Args:
            engine: what to match with.
            calls: names of the system calls to watch; those that the rules need unless said.
            resolver: who is asked about containers.
            ring_bytes: size of the ring: a power of two.
            write: a capture of all that is seen.
            captures: what is captured when rules fire.

        Raises:
            LiveUnavailableError: the kernel cannot run the probe, or does not let this user.
            QueryError: the filter of `write` is wrong.
            OSError: what is to be written cannot be.

        """
        rules = [rule for rule in engine.rules if rule.source == "syscall"]
        options = {
            "calls": sorted(interest(engine.rules).names if calls is None else calls),
            "ring_bytes": ring_bytes,
            "utc_offset": time.localtime().tm_gmtoff,
            "write": None if write is None else write.options(),
            "captures": None if captures is None else captures.options(rules),
        }
        self._engine = engine
        self._resolver = resolver or _NoRuntimes()
        native = getattr(_native, "Live", None)
        if native is None:
            raise LiveUnavailableError("system calls can be watched on Linux (x86-64) only")
        with _unavailable():
            self._native: _native.Live = native(
                engine.native, msgspec.json.encode(options), self._resolver
            )
        self._is_over = False
        self.has_begun = False
        """Whether it watches, or did."""

    def __enter__(self) -> Self:
        """Begins to watch.

        Raises:
            LiveUnavailableError: the kernel does not let the probe begin.

        """
        with _unavailable():
            self._begin = Batch(self._native.start())
        self.has_begun = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops watching, and completes the captures that were written."""
        self._native.stop()
        self._native.finish()

    def batches(self, timeout_ms: int = 100) -> Iterator[Batch]:
        """What is found, as it is found, and empty batches at least so often. After `stop`, what
        had been seen by then; then it ends.
        """
        yield self._begin
        while not self._is_over:
            yield Batch(self._native.next(timeout_ms))
            for container_id, document, problem in self._resolver.late():
                yield Batch(self._native.tell(container_id, document, problem))
        self._native.stop()
        while (batch := self._native.drain()) is not None:
            yield Batch(batch)

    def adopt(self, engine: Engine, calls: Iterable[str], captures: RuleCaptures | None) -> Counts:
        """Matches with the rules of another engine, as `Engine.adopt` does; watches and captures
        as is said now. To be called between two batches, by who takes them.

        Raises:
            OSError: the kernel does not take the table of system calls; nothing is changed then.

        """
        rules = [rule for rule in engine.rules if rule.source == "syscall"]
        options = None if captures is None else msgspec.json.encode(captures.options(rules))
        self._native.change(sorted(calls), options)
        return self._engine.adopt(engine)

    def stop(self) -> None:
        """Lets `batches` come to its end; may be called by a signal handler."""
        self._is_over = True

    def ended_captures(self) -> list[EndedCapture]:
        """Captures of what followed alerts that ended since the last call."""
        return msgspec.json.decode(self._native.ended_captures(), type=list[EndedCapture])

    def threads(self) -> list[KnownThread]:
        """What is known now of all threads, by id."""
        return msgspec.json.decode(self._native.threads(), type=list[KnownThread])

    def stats(self) -> LiveStats:
        """Counters so far."""
        counters: dict[str, Any] = msgspec.json.decode(self._native.stats())
        matches = zip(self._engine.rules, counters["matches"], strict=True)
        by_rule = {rule.name: count for rule, count in matches if count}
        return msgspec.convert({**counters, "alerts_by_rule": by_rule}, LiveStats)
