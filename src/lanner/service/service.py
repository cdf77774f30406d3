"""The service: what starts, what runs, and what ends it."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import time
from typing import TYPE_CHECKING

from lanner.api.live import LiveUnavailableError
from lanner.config.durations import seconds
from lanner.outputs.alert import hostname
from lanner.outputs.internal import channel_alert, source_alert, store_alert
from lanner.service.ages import Ages
from lanner.service.auditing import audit_sources
from lanner.service.channels import Channels
from lanner.service.drops import Losses
from lanner.service.health import problems
from lanner.service.notify import Notifier
from lanner.service.opening import open_store
from lanner.service.redactions import redactor_of
from lanner.service.reload import Reloader, config_files, describe
from lanner.service.request import ServiceError
from lanner.service.ruleset import load_rules
from lanner.service.sink import Sink
from lanner.service.snapshots import Snapshots
from lanner.service.sources import Source, Watching
from lanner.service.state import State
from lanner.service.syscalls import cannot_watch, open_syscalls
from lanner.service.watching import Watcher, places_of

if TYPE_CHECKING:
    from lanner.config import Loaded
    from lanner.outputs.internal import InternalAlert
    from lanner.service.log import Log
    from lanner.service.request import Request
    from lanner.service.state import EventSource
    from lanner.service.web import Web

_LOOK_EVERY_S = 0.5
_RETAIN_EVERY_S = 60.0
_RETAIN_S = 1.0
"""So long old alerts are removed at a time: what is ordered meanwhile waits."""
_END_S = 30.0
"""So long sources have at the end, for what was seen until then."""

END, RELOAD, REOPEN = "end", "reload", "reopen"


class Service:
    """Runs what a configuration asks for."""

    def __init__(self, request: Request, loaded: Loaded, log: Log) -> None:
        """Prepares everything; nothing is watched yet.

        Raises:
            RulesRefusedError: the rules are invalid.
            QueryError: the filter of a capture that is to be written is wrong.
            ServiceError: something else is not as it must be; the message says what.

        """
        config = loaded.config
        self._request = request
        self._log = log
        self._notifier = Notifier()
        self._orders: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._to_tell: queue.SimpleQueue[InternalAlert] = queue.SimpleQueue()
        self._has_failed = False
        self._store_settings = config.store
        self._retain_problem = ""
        self._is_log_large = False
        self._failed: set[EventSource] = set()
        self._watcher = Watcher()
        self._watcher.watch(places_of(loaded, request))
        self._is_ready = False
        rules = load_rules(config, request.rules)
        store = open_store(config, log, self._on_store_trouble)
        self._ages = Ages(store.last_id)
        channels = Channels(store, self._on_channel_trouble, lambda: self.order(END))
        self._sink = Sink(
            store,
            redactor_of(config),
            hostname(),
            iso_time=config.time_format_iso_8601,
            utc_offset=time.localtime().tm_gmtoff,
        )
        self._sink.repeats.set(seconds(config.aggregate.window), config.aggregate.by)
        self.state = State(
            loaded=loaded,
            config_files=config_files(loaded),
            rules=rules,
            store=store,
            channels=channels,
            engine_kind=config.engine.kind,
        )
        self._reloader = Reloader(request, self.state, self._sink, log, self._watcher)
        self._snapshots = Snapshots(config.metrics, self.state, self._sink)
        try:
            self._prepared = channels.prepare(config)
            # as Falco: what reads a capture to its end is not asked how it is
            has_web = config.webserver.enabled and config.engine.kind != "replay"
            self._web = self._opened_web() if has_web else None
            self.losses = Losses(config.syscall_event_drops, self._sink, log, self._give_up)
            self.state.sources = tuple(self._sources())
        except ValueError as error:
            store.close()
            raise ServiceError(str(error)) from None
        except BaseException:
            store.close()
            raise

    def _sources(self) -> list[EventSource]:
        config, wanted = self.state.loaded.config, self._request.rules.sources
        sources: list[EventSource] = []
        if "syscall" in wanted:
            reading = open_syscalls(
                config,
                self.state.rules,
                self._sink,
                self._log,
                write=self._request.write,
                losses=self.losses,
            )
            source = Source("syscall", reading, self._sink, self._wake)
            sources.append(source)
            if isinstance(reading, Watching):
                self.state.watching = (source, reading.live)
        if "k8s_audit" in wanted:
            sources += audit_sources(
                config, self.state.rules.engine, self._sink, self._log, self._wake
            )
        return sources

    def _opened_web(self) -> Web:
        # a server takes longer to import than all else here
        from lanner.service.web import Web  # noqa: PLC0415

        return Web(self.state, self._log)

    def order(self, what: str) -> None:
        """Asks for the end, for a reload, or for files to be opened again; also in handlers of
        signals.
        """
        self._orders.put(what)

    def _wake(self) -> None:
        self._orders.put("")

    def _give_up(self) -> None:
        self._has_failed = True
        self._orders.put(END)

    def close(self) -> None:
        """Ends one that never ran."""
        self.state.store.close()

    def run(self) -> bool:
        """Runs until it is ended; whether all went well.

        Raises:
            ServiceError: it cannot begin, or a source failed.

        """
        state = self.state
        deadline = None
        if self._request.duration_s is not None:
            deadline = time.monotonic() + self._request.duration_s
        state.channels.adopt(self._prepared)
        for source in state.sources:
            source.start()
        if self._web:
            self._web.start()
        self._log(describe(state.rules))
        next_retention = next_sign = 0.0
        try:
            while not self._is_over():
                orders = self._next_orders(deadline)
                state.looked = now = time.monotonic()
                if END in orders or (deadline is not None and now >= deadline):
                    break
                if REOPEN in orders:
                    state.channels.reopen()
                    for source in state.sources:
                        source.reopen()
                is_wanted = RELOAD in orders
                if is_wanted:
                    self._watcher.forgive()
                elif state.loaded.config.watch_config_files:
                    is_wanted = self._watcher.has_changed()
                if is_wanted:
                    self._reload()
                self._tell()
                self._look()
                is_due = now >= next_retention
                # too many are removed at once: a flood fills a disk in less time
                if self._retain(by_age=is_due) and is_due:
                    next_retention = now + _RETAIN_EVERY_S
                if self._notifier.watchdog_s and now >= next_sign and not problems(state):
                    next_sign = now + self._notifier.watchdog_s / 3
                    self._notifier.alive()
        finally:
            self._end()
        for source in state.sources:
            if isinstance(source.failure, LiveUnavailableError):
                raise cannot_watch(source.failure) from source.failure
            if source.failure is not None:
                raise ServiceError(_failure_of(source)) from source.failure
        return not self._has_failed

    def _is_over(self) -> bool:
        """Whether nothing more comes, or what was to be watched is not from the start: no other
        source goes on then, as if all was well.
        """
        sources = self.state.sources
        is_blind = any(isinstance(source.failure, LiveUnavailableError) for source in sources)
        return is_blind or all(source.is_over for source in sources)

    def _next_orders(self, deadline: float | None) -> set[str]:
        """All that was ordered since, or what comes first: who orders twice wants it once."""
        wait = _LOOK_EVERY_S
        if deadline is not None:
            wait = min(wait, max(0.0, deadline - time.monotonic()))
        orders = set()
        with contextlib.suppress(queue.Empty):
            orders.add(self._orders.get(timeout=wait))
            while True:
                orders.add(self._orders.get_nowait())
        return orders

    def _reload(self) -> None:
        self._notifier.reloading()
        self._log("SIGHUP received, restarting...", "notice")
        if self._web:
            self._web.renew()
        for source in self.state.sources:
            source.renew()
        self._reloader.reload()
        self._is_ready = False

    def _look(self) -> None:
        if not self._is_ready and self.state.has_begun:
            self._is_ready = True
            self._notifier.ready(f"{len(self.state.rules.ruleset.rules)} rules")
        self._sink.repeats.close()
        try:
            self._snapshots.take()
        except OSError as error:
            self._log(f"metrics.output_file: {error.strerror}", "error")
        self.state.store.save()

    def _tell(self) -> None:
        for source in self.state.sources:
            if source.failure is not None and source not in self._failed:
                self._failed.add(source)
                problem = _failure_of(source)
                if not self._is_over():
                    self._log(f"{problem}: nothing is seen of it any more", "critical")
                self._sink.internal(source_alert(time.time_ns(), source.name, problem))
        while not self._to_tell.empty():
            self._sink.internal(self._to_tell.get())

    def _retain(self, *, by_age: bool) -> bool:
        """Removes alerts that are not to be kept; whether no more can be now."""
        section = self._store_settings
        age = seconds(section.max_age) if by_age else 0
        before = time.time_ns() - int(age * 1e9) if age else 0
        store = self.state.store
        aged = self._ages.aged(age, store.last_id) if age else 0
        limit = section.max_size_mb << 20
        was_large, self._is_log_large = self._is_log_large, 0 < limit < store.log_size()
        if store.database and self._is_log_large and not was_large:
            self._log(
                f"{store.database.file.path}-wal is larger than store.max_size_mb: somebody reads"
                " the store, and does not come to an end",
                "warning",
            )
        until = time.monotonic() + _RETAIN_S
        try:
            while store.retain(before, limit, aged=aged):
                if time.monotonic() >= until:
                    return False
        except sqlite3.Error as error:
            # it is tried twice a second
            if self._retain_problem != str(error):
                self._retain_problem = str(error)
                self._log(f"old alerts cannot be removed from the store: {error}", "error")
        else:
            self._retain_problem = ""
        return True

    def _end(self) -> None:
        """All that was seen until now is matched, stored, and sent if that can be."""
        self._notifier.stopping()
        for source in self.state.sources:
            source.stop()
        deadline = time.monotonic() + _END_S
        for source in self.state.sources:
            if not source.join(max(0.0, deadline - time.monotonic())):
                self._log(f"{source.name}: it did not end: what it has seen last is lost", "error")
        self._tell()
        self._sink.repeats.close(everything=True)
        self._tell_of_unsent(self.state.channels.end())
        if self._web:
            self._web.stop()
        self.state.store.close()

    def _tell_of_unsent(self, unsent: dict[str, int]) -> None:
        for name, count in unsent.items():
            if self.state.store.database:
                self._log(f"{name}_output: {count:,} alerts wait for the next start", "notice")
            else:
                self._log(f"{name}_output: {count:,} alerts were not sent, and are lost", "error")

    def _on_store_trouble(self, problem: str | None, lost: int) -> None:
        if problem is None:
            self._log(f"alerts can be stored again; {lost} were lost", "notice")
        else:
            self._log(f"alerts cannot be stored: {problem}", "critical")
        self._to_tell.put(store_alert(time.time_ns(), problem, lost))

    def _on_channel_trouble(self, name: str, problem: str | None) -> None:
        if problem is None:
            self._log(f"{name}_output: alerts are delivered again", "notice")
        else:
            self._log(f"{name}_output: {problem}: alerts wait, and are tried again", "error")
        self._to_tell.put(channel_alert(time.time_ns(), f"{name}_output", problem))


def _failure_of(source: EventSource) -> str:
    """Why a source failed."""
    failure = source.failure
    # what the native part says names the file itself
    is_plain = isinstance(failure, OSError) and failure.errno is None
    said = str(failure) or type(failure).__name__
    return said if is_plain else f"{source.name}: {said}"
