"""What is in force now, and what has happened since the start."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lanner.api.engine import Counts

if TYPE_CHECKING:
    from lanner.api.engine import RuleCounts
    from lanner.api.live import Live, LiveStats
    from lanner.config import Loaded
    from lanner.outputs.store import Store
    from lanner.rules.model import CheckedRule
    from lanner.service.channels import Channels
    from lanner.service.ruleset import LoadedFile, LoadedRules
    from lanner.service.sources import Source


class EventSource(Protocol):
    """Where events come from (`Source`, `AuditSource`)."""

    name: str
    failure: BaseException | None

    @property
    def events(self) -> int:
        """Events that were matched."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""

    def start(self) -> None:
        """Begins."""

    def stop(self) -> None:
        """Ends it, once all that was seen until now is matched."""

    def join(self, timeout: float | None = None) -> bool:
        """Waits for the end; whether it came."""

    def silent_s(self) -> float:
        """How long it has done nothing, not even look whether there is something; seconds."""

    def reopen(self) -> None:
        """Files are opened under their names again."""

    def renew(self) -> None:
        """Certificates are read again."""


@dataclass(slots=True)
class State:
    """The state of a service; changed by its main thread alone.

    Attributes:
        loaded: the configuration.
        config_files: the files that it came from, with their SHA-256.
        rules: the rules.
        store: keeps alerts.
        channels: where they go.
        sources: where events come from.
        engine_kind: where system calls come from: `engine.kind`.
        watching: live detection, and its source.
        looked: when the main thread looked at all this last; monotonic seconds.
        started_ns: when it began, in nanoseconds since the epoch.
        reloaded_ns: when the rules were read last.
        reloads: how often they were read again.
        failed_reloads: how often what was read could not be used.

    """

    loaded: Loaded
    config_files: tuple[LoadedFile, ...]
    rules: LoadedRules
    store: Store
    channels: Channels
    sources: tuple[EventSource, ...] = ()
    engine_kind: str = "nodriver"
    watching: tuple[Source, Live] | None = None
    looked: float = field(default_factory=time.monotonic)
    started_ns: int = field(default_factory=time.time_ns)
    reloaded_ns: int = field(default_factory=time.time_ns)
    reloads: int = 0
    failed_reloads: int = 0
    _retired: dict[str, tuple[CheckedRule, RuleCounts]] = field(default_factory=dict)
    _retired_dispatch_ns: Counter[str] = field(default_factory=Counter)

    def retire(self, counts: Counts) -> None:
        """Rules are no longer in force: what was counted of them is kept."""
        self._retired = {
            name: (rule, counted)
            for name, (rule, counted) in self._with_retired(counts).items()
            if counted.evaluated
        }
        self._retired_dispatch_ns.update(counts.dispatch_ns)

    def _with_retired(self, counts: Counts) -> dict[str, tuple[CheckedRule, RuleCounts]]:
        found = dict(self._retired)
        for rule, counted in counts.rules:
            earlier = found.get(rule.name)
            found[rule.name] = (rule, counted + earlier[1] if earlier else counted)
        return found

    def counts(self) -> Counts:
        """What was counted of each rule since the start; those in force are all there, and those of
        before that were evaluated.
        """
        counts = self.rules.engine.counts()
        dispatch_ns = {
            source: ns + self._retired_dispatch_ns[source]
            for source, ns in counts.dispatch_ns.items()
        }
        return Counts(tuple(self._with_retired(counts).values()), dispatch_ns)

    def matched(self) -> dict[str, int]:
        """How often each rule matched, of those that did."""
        rules = self.counts().rules
        return {rule.name: counted.matched for rule, counted in rules if counted.matched}

    def live(self) -> LiveStats | None:
        """The counters of live detection, where there is one; waits for the end of a batch."""
        return self.watching[1].stats() if self.watching else None

    def events_by_source(self) -> Counter[str]:
        """Events by the name of their source; audit events can come from several places."""
        found: Counter[str] = Counter()
        for source in self.sources:
            found[source.name] += source.events
        return found

    @property
    def has_begun(self) -> bool:
        """Whether system calls are watched, if that is wanted."""
        return self.watching is None or self.watching[1].has_begun

    @property
    def events(self) -> int:
        """Events of all sources."""
        return sum(source.events for source in self.sources)
