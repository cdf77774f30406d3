"""The public API: load rules, build an engine, match events, scan logs.

Everything here is re-exported by the package: `import lanner; lanner.load_rules(...)`.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lanner import _native
from lanner.outputs import Alert, decode_alerts
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.rules.defaults import default_audit_rules
from lanner.rules.loader import Unreadable, decode_source, load, read_source
from lanner.rules.model import parse_priority

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lanner.diagnostics import Diagnostic, Source
    from lanner.rules.model import CheckedRule, LoadResult

SITE_LOCAL_RULES = Path("/etc/lanner/lanner.local.yaml")
"""Loaded after the default rules where it exists: a place to override them."""

MAX_RECORD_BYTES = 64 * 1024 * 1024
"""Larger audit events are skipped and reported."""

_BATCH_BYTES = 8 * 1024 * 1024


class RulesError(ValueError):
    """An engine was asked for with rules that are invalid; see `Ruleset.diagnostics`."""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Rules, and everything that was found while they were loaded.

    `rules` are those that are enabled; `result` has all, with macros, lists and
    the findings of each file.
    """

    rules: tuple[CheckedRule, ...]
    result: LoadResult

    @property
    def ok(self) -> bool:
        """Whether all files are valid."""
        return self.result.ok

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Errors and warnings of all files, in order."""
        return self.result.diagnostics

    def select(
        self,
        *,
        priority: str = "debug",
        tags: Iterable[str] = (),
        rules: Iterable[str] = (),
        source: str | None = None,
    ) -> Ruleset:
        """The rules of at least this priority, with one of the tags, of these names.

        Names may have the wildcards `*` and `?`. Empty means no restriction.

        Raises:
            ValueError: an unknown priority.

        """
        threshold = parse_priority(priority)
        if threshold is None:
            raise ValueError(f"`{priority}` is not a priority; use emergency, alert, … debug")
        wanted_tags, patterns = set(tags), tuple(rules)
        return replace(
            self,
            rules=tuple(
                rule
                for rule in self.rules
                if rule.priority <= threshold
                and (not wanted_tags or not wanted_tags.isdisjoint(rule.tags))
                and (not patterns or any(fnmatchcase(rule.name, name) for name in patterns))
                and (source is None or rule.source == source)
            ),
        )


def load_rules(
    *paths: str | os.PathLike[str],
    texts: Mapping[str, str] | None = None,
    defaults: bool = False,
    local: Iterable[str | os.PathLike[str]] = (),
) -> Ruleset:
    """Loads rule files in order: defaults, `paths`, `texts`, the site's local file, `local`.

    A directory stands for the `.yaml` and `.yml` files in it, sorted by name.
    Never raises for what is in the files: see `Ruleset.ok` and `.diagnostics`.

    Args:
        paths: rule files or directories.
        texts: rule texts by name, for rules that are in no file.
        defaults: begin with the rules that ship with Lanner, and load
            `/etc/lanner/lanner.local.yaml` where it exists.
        local: files that add to or override what came before.

    """
    sources: list[Source | Unreadable] = []
    if defaults:
        sources.append(read_source(default_audit_rules()))
    for path in paths:
        sources += _sources(path)
    for name, text in (texts or {}).items():
        sources.append(decode_source(name, text.encode("utf-8", "surrogatepass")))
    if defaults and SITE_LOCAL_RULES.exists():
        sources.append(read_source(SITE_LOCAL_RULES))
    for path in local:
        sources += _sources(path)
    result = load(sources)
    return Ruleset(tuple(rule for rule in result.rules if rule.enabled), result)


def _sources(path: str | os.PathLike[str]) -> list[Source | Unreadable]:
    directory = Path(path)
    if not directory.is_dir():
        return [read_source(path)]
    files = sorted(file for file in directory.iterdir() if file.suffix in (".yaml", ".yml"))
    # an empty directory is reported as what it is
    return [read_source(file) for file in files] or [read_source(path)]


class Skipped(msgspec.Struct, frozen=True):
    """A record that is no audit event: where it starts, and why it was skipped."""

    path: str
    line: int
    offset: int
    reason: str
    excerpt: str


class InputError(msgspec.Struct, frozen=True):
    """An input that could not be read (further)."""

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
        """Inputs that failed."""
        return msgspec.json.decode(self._native.input_errors(), type=list[InputError])


class Engine:
    """Matches events of one source against rules.

    Example:
        engine = Engine(load_rules(defaults=True))
        for alert in engine.match(b'{"kind":"Event", ...}'):
            print(alert.rule, alert.output_fields.get("ka.user.name"))

    """

    def __init__(
        self, ruleset: Ruleset, *, source: str = "k8s_audit", rule_matching: str = "all"
    ) -> None:
        """Compiles the rules of `source`.

        Args:
            ruleset: rules that are valid.
            source: the event source; only `k8s_audit` has a native reader so far.
            rule_matching: `all` matching rules give an alert, or only the `first`.

        Raises:
            RulesError: the rules are invalid.
            ValueError: an unknown source or rule matching.

        """
        if not ruleset.ok:
            raise RulesError("the rules are invalid; see Ruleset.diagnostics")
        if source != "k8s_audit":
            raise ValueError(f"events of source `{source}` cannot be matched yet")
        if rule_matching not in ("all", "first"):
            raise ValueError("rule_matching is `all` or `first`")
        self.rules = tuple(rule for rule in ruleset.rules if rule.source == source)
        self.plan = build(self.rules, source, rule_matching)
        self.native = _native.Engine(encode(self.plan))
        self.skipped: list[Skipped] = []

    def match(self, data: bytes | str | Mapping[str, Any]) -> list[Alert]:
        """The alerts for one or more audit events: JSON in any framing, or a mapping.

        Records that are no audit events are in `skipped` afterwards.
        """
        if isinstance(data, str):
            data = data.encode()
        elif not isinstance(data, bytes):
            data = msgspec.json.encode(data)
        batch = Batch(self.native.feed(data))
        self.skipped = batch.skipped()
        return batch.alerts()


class _NativeStats(msgspec.Struct, frozen=True):
    events: int
    bytes: int
    read: int
    skipped: int
    truncated: int
    duplicates: int
    out_of_window: int
    dedup_window_exceeded: bool
    input_errors: int
    matches: list[int]


@dataclass(frozen=True, slots=True)
class ScanStats:
    """Counters of a scan. `bytes` is after decompression, `read` before."""

    events: int
    bytes: int
    read: int
    skipped: int
    truncated: int
    duplicates: int
    out_of_window: int
    dedup_window_exceeded: bool
    input_errors: int
    alerts_by_rule: dict[str, int]
    seconds: float


class Scan:
    """Reads audit logs, one after the other and in constant memory, and matches them.

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
    ) -> None:
        """Prepares a scan of files, in the given order; `-` is standard input.

        Args:
            engine: what to match with. One scan at a time.
            paths: files: JSON in any framing, plain, gzip or zstd.
            since_ns: only events from this time on (ns since the epoch).
            until_ns: only events before this time.
            dedup: drop repeats of the same audit ID and stage.
            max_record_bytes: longer records are skipped.

        """
        self._rules = engine.rules
        options = {
            "paths": [None if path == "-" else os.fspath(path) for path in paths],
            "dedup": dedup,
            "since_ns": since_ns,
            "until_ns": until_ns,
            "max_record_bytes": max_record_bytes,
            "batch_bytes": _BATCH_BYTES,
        }
        self._native = _native.Scan(engine.native, msgspec.json.encode(options))
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
        native = msgspec.json.decode(self._native.stats(), type=_NativeStats)
        matches = {
            rule.name: count
            for rule, count in zip(self._rules, native.matches, strict=True)
            if count
        }
        return ScanStats(
            events=native.events,
            bytes=native.bytes,
            read=native.read,
            skipped=native.skipped,
            truncated=native.truncated,
            duplicates=native.duplicates,
            out_of_window=native.out_of_window,
            dedup_window_exceeded=native.dedup_window_exceeded,
            input_errors=native.input_errors,
            alerts_by_rule=matches,
            seconds=self._seconds,
        )


def first_event_time(path: str | os.PathLike[str]) -> int | None:
    """Time (ns since the epoch) of the first audit event in a file, or None if there is none."""
    return _native.first_event_time(os.fspath(path))
