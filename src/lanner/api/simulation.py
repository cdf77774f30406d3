"""What audit policies keep of recorded logs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from lanner import _native
from lanner.api.engine import Batch
from lanner.api.reading import log_options
from lanner.audit.policy import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lanner.audit.policy import Policy

_NS_A_DAY = 86_400 * 10**9


class RuleCounts(msgspec.Struct, frozen=True):
    """What one rule decided.

    Attributes:
        events: those that it decided about.
        kept: those that it keeps; the others are of level None, or of a stage that is omitted.
        bytes: what those take in a log.
        levels: how many are kept at each level, from None to RequestResponse.
        lacking: those of which the log has no bodies, and the policy wants them.

    """

    events: int
    kept: int
    bytes: int
    levels: tuple[int, int, int, int]
    lacking: int


@dataclass(frozen=True, slots=True)
class PolicyCounts:
    """What a policy decided: rule by rule, and where none matched."""

    policy: Policy
    rules: tuple[RuleCounts, ...]
    unmatched: RuleCounts

    @property
    def total(self) -> RuleCounts:
        """All together."""
        every = (*self.rules, self.unmatched)
        a, b, c, d = (sum(one.levels[level] for one in every) for level in range(4))
        return RuleCounts(
            events=sum(one.events for one in every),
            kept=sum(one.kept for one in every),
            bytes=sum(one.bytes for one in every),
            levels=(a, b, c, d),
            lacking=sum(one.lacking for one in every),
        )


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What policies keep of logs.

    Attributes:
        events: in the logs.
        bytes: of the logs, decompressed.
        skipped: records that are no audit events.
        duplicates: events that were dropped as repeats.
        out_of_window: events outside the wanted time.
        period_ns: from the first event to the last.
        policies: in the order in which they were given.

    """

    events: int
    bytes: int
    skipped: int
    duplicates: int
    out_of_window: int
    period_ns: int
    policies: tuple[PolicyCounts, ...]

    def per_day(self, number: int) -> float | None:
        """A count of the whole period as one a day; None when there is no period."""
        return number * _NS_A_DAY / self.period_ns if self.period_ns else None


class Simulation:
    """Asks policies about every event of logs.

    What a log does not have, no policy brings back: simulate with one that was recorded at a high
    level (`RuleCounts.lacking` counts what is missing).

    Example:
        simulation = Simulation([load_policy("policy.yaml").policy], ["audit.log"])
        for batch in simulation.batches(): ...
        print(simulation.result().policies[0].total)

    """

    def __init__(
        self,
        policies: Sequence[Policy],
        paths: Iterable[str | os.PathLike[str]],
        *,
        since_ns: int | None = None,
        until_ns: int | None = None,
        dedup: bool = False,
        write: str | os.PathLike[str] | None = None,
    ) -> None:
        """Prepares to read audit logs, in the given order; `-` is standard input.

        Args:
            policies: who is asked.
            paths: audit events as JSON in any framing; plain, gzip or zstd.
            since_ns: only events from this time on (ns since the epoch).
            until_ns: only events before this time.
            dedup: drop repeats of the same audit ID and stage.
            write: where the events go as the first policy would have recorded them, a JSON object
                a line; `-` is standard output.

        Raises:
            OSError: what is to be written cannot be, or is one of the inputs.

        """
        self._policies = tuple(policies)
        path = None if write is None or os.fspath(write) == "-" else os.fspath(write)
        options = {
            "logs": log_options(paths, since_ns=since_ns, until_ns=until_ns, dedup=dedup),
            "write": None if write is None else {"path": path},
        }
        plans = [encode(policy) for policy in self._policies]
        self._native = _native.Simulation(plans, msgspec.json.encode(options))

    def batches(self) -> Iterator[Batch]:
        """Steps of some megabytes each, without alerts. At their end, what is written is there.

        Raises:
            OSError: what is written cannot be.

        """
        while (batch := self._native.next()) is not None:
            yield Batch(batch)
        self._native.finish()

    def result(self) -> SimulationResult:
        """What was found so far."""
        stats: dict[str, Any] = msgspec.json.decode(self._native.stats())
        counts = msgspec.convert(stats["policies"], list[list[RuleCounts]])
        first, last = stats["period"] or (0, 0)
        return SimulationResult(
            **{
                name: stats["logs"][name]
                for name in ("events", "bytes", "skipped", "duplicates", "out_of_window")
            },
            period_ns=last - first,
            policies=tuple(
                PolicyCounts(policy, tuple(rules[:-1]), rules[-1])
                for policy, rules in zip(self._policies, counts, strict=True)
            ),
        )
