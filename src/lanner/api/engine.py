"""The engine: rules, ready for events; and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from lanner import _native
from lanner.api.ruleset import RulesError
from lanner.outputs import Alert, decode_alerts
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.rules.additions import SUGGESTED, with_additions
from lanner.rules.model import SOURCES
from lanner.rules.static_fields import with_static_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lanner.api.ruleset import Ruleset
    from lanner.rules.additions import Addition
    from lanner.rules.model import CheckedRule


class Skipped(msgspec.Struct, frozen=True):
    """A record that is no audit event: where it starts, and why it was skipped."""

    path: str
    line: int
    offset: int
    reason: str
    excerpt: str


class InputError(msgspec.Struct, frozen=True):
    """An input that could not be read (further), or an output that could not be written."""

    path: str
    reason: str


class Batch:
    """What one step of a scan found."""

    def __init__(self, native: _native.Batch) -> None:
        self._native = native

    def __len__(self) -> int:
        return len(self._native)

    @property
    def events(self) -> int:
        """Events in this step."""
        return self._native.events

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the input in this step, before decompression."""
        return self._native.bytes_read

    def rows(
        self, hostname: str, *, iso_time: bool = False, utc_offset: int = 0
    ) -> list[tuple[int, int, str, str, str, str]]:
        """The alerts as a store takes them; the options are those of `json_lines`."""
        return self._native.rows(hostname, iso_time, utc_offset)

    def messages(self) -> bytes:
        """The outputs alone, a line each, without time and priority."""
        return self._native.message_lines()

    def fields(self) -> bytes:
        """The output fields alone, as JSON, one object a line."""
        return self._native.fields_lines()

    def alerts(self) -> list[Alert]:
        """The alerts."""
        return decode_alerts(self._native.alerts())

    def text(self, *, iso_time: bool = False, utc_offset: int = 0) -> bytes:
        """The alerts as Falco's text lines.

        The time of day is `utc_offset` seconds ahead of UTC; ISO 8601 times are UTC.
        """
        return self._native.text(iso_time, utc_offset)

    def json_lines(
        self, hostname: str | None = None, *, iso_time: bool = False, utc_offset: int = 0
    ) -> bytes:
        """The alerts as Falco's JSON, one a line; the options are those of `text`."""
        return self._native.json_lines(hostname, iso_time, utc_offset)

    def skipped(self) -> list[Skipped]:
        """Records that were no audit events; at most a bounded number, see `ScanStats.skipped`."""
        return msgspec.json.decode(self._native.skipped(), type=list[Skipped])

    def input_errors(self) -> list[InputError]:
        """Inputs that failed, and an output that did."""
        return msgspec.json.decode(self._native.input_errors(), type=list[InputError])


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """What was counted of a rule.

    Attributes:
        matched: events that it matched.
        evaluated: events for which its condition was evaluated: most are ruled out before, for all
            rules at once.
        cost_ns: nanoseconds that it took to evaluate it and to write its alerts; an estimate: some
            events, chosen at random, are timed. What rules have in common is counted for the first.

    """

    matched: int = 0
    evaluated: int = 0
    cost_ns: int = 0

    def __add__(self, other: RuleCounts) -> RuleCounts:
        """Both together."""
        return RuleCounts(
            self.matched + other.matched,
            self.evaluated + other.evaluated,
            self.cost_ns + other.cost_ns,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of rules.

    Attributes:
        rules: each rule with its counts.
        dispatch_ns: nanoseconds that it took to choose the rules that are evaluated, by source; an
            estimate as well.

    """

    rules: tuple[tuple[CheckedRule, RuleCounts], ...]
    dispatch_ns: dict[str, int]


class Engine:
    """Matches events against rules, each event with the rules of its source.

    Example:
        engine = Engine(load_rules(defaults=True))
        for alert in engine.match(b'{"kind":"Event", ...}'):
            print(alert.rule, alert.output_fields.get("ka.user.name"))

    """

    def __init__(
        self,
        ruleset: Ruleset,
        *,
        rule_matching: str = "all",
        additions: Sequence[Addition] = SUGGESTED,
        static_fields: Mapping[str, str] | None = None,
    ) -> None:
        """Compiles the rules.

        Args:
            ruleset: rules that are valid.
            rule_matching: `all` matching rules give an alert, or only the `first`.
            additions: what is added to outputs; unless said, the container and pod for rules on
                system calls, as in stock Falco.
            static_fields: the values of fields that are the same in every event: `cluster` for
                `static.cluster`.

        Raises:
            RulesError: the rules are invalid.
            AdditionError: an addition does not fit a rule.
            ValueError: an unknown rule matching.

        """
        if not ruleset.ok:
            raise RulesError("the rules are invalid; see Ruleset.diagnostics")
        if rule_matching not in ("all", "first"):
            raise ValueError("rule_matching is `all` or `first`")
        by_source = {
            source: tuple(rule for rule in ruleset.rules if rule.source == source)
            for source in SOURCES
        }
        self.rules = tuple(rule for rules in by_source.values() for rule in rules)
        """Those that can match, in the order of `ScanStats`."""
        if additions:
            by_source = {
                source: tuple(
                    replace(rule, output=with_additions(rule, additions)) for rule in rules
                )
                for source, rules in by_source.items()
            }
        if static_fields:
            by_source = {
                source: tuple(with_static_fields(rule, static_fields) for rule in rules)
                for source, rules in by_source.items()
            }
        plans = {
            source: encode(build(rules, source, rule_matching))
            for source, rules in by_source.items()
        }
        self.native = _native.Engine(plans["syscall"], plans["k8s_audit"])
        self.skipped: list[Skipped] = []

    def adopt(self, other: Engine) -> Counts:
        """Matches with the rules of another engine, from the next event on; whatever is being read
        goes on, and what is known of processes stays. The other engine is not to be used again.

        Returns:
            The rules until now, with what was counted of each.

        """
        self.native.exchange(other.native)
        self.rules, other.rules = other.rules, self.rules
        return other.counts()

    def counts(self) -> Counts:
        """The rules, with what was counted of each."""
        rules, dispatch_ns = self.native.counters()
        counted = zip(self.rules, (RuleCounts(*one) for one in rules), strict=True)
        return Counts(tuple(counted), dict(zip(SOURCES, dispatch_ns, strict=True)))

    def match(self, data: bytes | str | Mapping[str, Any]) -> list[Alert]:
        """The alerts for one or more audit events: JSON in any framing, or a mapping.

        Records that are no audit events are in `skipped` afterwards.
        """
        if isinstance(data, str):
            data = data.encode()
        elif not isinstance(data, bytes):
            data = msgspec.json.encode(data)
        batch = self.batch(data)
        self.skipped = batch.skipped()
        return batch.alerts()

    def batch(self, data: bytes) -> Batch:
        """What is found in audit events: JSON in any framing."""
        return Batch(self.native.feed(data))
