"""The compiled half of Lanner. Private: use the `lanner` package."""

from typing import final

def catalog() -> bytes:
    """The field catalogue and the event types, as JSON."""

def watchable_calls() -> bytes:
    """The system calls that can be watched, as JSON: names, with the event type of each or null."""

def parse_only(path: str) -> int:
    """Parses every line of a file and does nothing else; how many were valid. For benchmarks."""

def first_event_time(path: str) -> int | None:
    """Time (ns since the epoch) of the first audit event in a file."""

@final
class Engine:
    """Runs a plan (JSON bytes, `plan.model.Plan`) for system calls and one for audit events."""

    def __new__(cls, syscall_plan: bytes, audit_plan: bytes) -> Engine: ...
    def feed(self, data: bytes) -> Batch:
        """Matches complete audit JSON in any framing; never raises on bad records."""
    def exchange(self, other: Engine) -> None:
        """Changes rules with another engine, between two events of whatever is being read."""
    def counters(self) -> tuple[list[tuple[int, int, int]], tuple[int, int]]:
        """What was counted of each rule, first of those for system calls, then for audit events:
        (matched, evaluated, nanoseconds). And the nanoseconds of dispatch, for both.
        """

@final
class Pattern:
    """A regular expression whose search takes time in proportion to the text (Rust's `regex`)."""

    def __new__(cls, text: str) -> Pattern:
        """Raises ValueError, with the reason in a line."""
    def hide(self, text: str, replacement: str) -> str:
        """The text with something else in place of all that matches; of a pattern with a group
        named `secret`, in place of what that matches.
        """

@final
class Scan:
    """Reads inputs one after the other in constant memory, and matches them.

    `options` is JSON: {"paths": [str | null for stdin], "dedup": bool, "since_ns": int | null,
    "until_ns": int | null, "max_record_bytes": int, "batch_bytes": int, "utc_offset": int,
    "captures_only": bool, "write": {"path": str | null for stdout, "compress": bool,
    "filter": the JSON of a plan | null, "alerts_only": bool, "limit": int | null} | null}.
    """

    def __new__(cls, engine: Engine, options: bytes) -> Scan: ...
    def next(self) -> Batch | None:
        """The next batch (bounded in bytes read), or None at the end. Releases the GIL."""
    def stats(self) -> bytes:
        """Counters so far, as JSON."""

@final
class Tally:
    """Reads audit logs in constant memory, and counts what the rules of a plan match.

    `options` is JSON: {"logs": as for `Simulation`, "tables": one of {"bucket_ns": int | null,
    "ids": int} for each rule, "max_groups": int, "max_bytes": int}.
    """

    def __new__(cls, plan: bytes, options: bytes) -> Tally: ...
    def next(self) -> Batch | None:
        """Reads on: what there is to tell, or None at the end. Releases the GIL."""
    def tables(self) -> bytes:
        """The tables so far, one for each rule: JSON array of {left_out, groups}; a group is
        {values, count, first_ns, last_ns, ids}, its values are those of the output fields.
        """
    def stats(self) -> bytes:
        """Counters so far, as JSON; `census` has {level, stage, events, first_ns, last_ns}."""

def check_probe() -> str | None:
    """Loads the probe and takes it out again: None when the kernel takes it, else why not."""

@final
class Live:
    """Watches the system calls of the running kernel (Linux on x86-64).

    `options` is JSON: {"calls": names of system calls, "ring_bytes": int, "utc_offset": int,
    "write": as for `Scan` | null, "captures": {"path_prefix": str, "all_rules": bool,
    "default_duration_ns": int, "max_bytes": int, "rules": [{"capture": bool, "duration_ns": int}],
    one for each rule of the plan} | null}.
    """

    def __new__(cls, engine: Engine, options: bytes, resolver: object) -> Live:
        """Loads the probe. Raises OSError when the kernel cannot run it or does not want to.

        `resolver` has a method `tell(id, full_id)`, which gives the document of a container as
        bytes, a text that says why there is none, or None when it is not known yet.
        """
    def start(self) -> Batch:
        """Begins to watch; takes what is there already."""
    def next(self, timeout_ms: int) -> Batch:
        """Alerts, as soon as there are any; none after so long. Releases the GIL."""
    def tell(self, container_id: str, document: bytes | None, problem: str) -> Batch:
        """Takes what came late of a container: its document, or why there is none."""
    def threads(self) -> bytes:
        """The threads that are known, as JSON (`lanner.api.live.KnownThread`)."""
    def change(self, calls: list[str], captures: bytes | None) -> None:
        """Watches other system calls, and captures otherwise, from now on; as in `options`."""
    def stop(self) -> None:
        """Stops watching."""
    def drain(self) -> Batch | None:
        """A part of what was seen before `stop`; None when there is nothing more."""
    def finish(self) -> None:
        """Completes the captures that are written."""
    def ended_captures(self) -> bytes:
        """Captures of what followed alerts that ended since the last call, as JSON
        (`lanner.api.live.EndedCapture`).
        """
    def stats(self) -> bytes:
        """Counters so far, as JSON."""

@final
class Simulation:
    """Asks audit policies what they keep of audit logs.

    `policies` are JSON (`lanner.audit.policy.encode`); `options` is JSON: {"logs": {"paths":
    [str | null for stdin], "dedup": bool, "since_ns": int | null, "until_ns": int | null,
    "max_record_bytes": int, "batch_bytes": int}, "write": {"path": str | null for stdout} | null}.
    """

    def __new__(cls, policies: list[bytes], options: bytes) -> Simulation: ...
    def next(self) -> Batch | None:
        """The next batch, without alerts, or None at the end. Releases the GIL."""
    def finish(self) -> None:
        """Completes what is written."""
    def stats(self) -> bytes:
        """Counts so far, as JSON."""

@final
class AuditIntake:
    """Makes lines of a log of what a webhook is sent.

    `policy` is JSON (`lanner.audit.policy.encode`); None keeps all that comes. The bodies of events
    with more than `max_event_bytes` are left out.
    """

    def __new__(cls, policy: bytes | None, max_event_bytes: int | None) -> AuditIntake: ...
    def take(self, body: bytes) -> Taken:
        """The lines of a body (JSON, uncompressed); never raises. Events that come again are
        duplicates from now on. Releases the GIL.
        """
    def forget(self, taken: Taken) -> None:
        """The lines could not be stored: their events may come again."""
    def remember(self, lines: bytes) -> None:
        """Lines that were stored before: their events are duplicates, too. Releases the GIL."""

@final
class Taken:
    """Lines, to be written."""

    @property
    def lines(self) -> bytes:
        """Each ended by a newline."""
    def end_within(self, start: int, limit: int) -> int | None:
        """Where the last line ends that ends within `limit` bytes and behind `start`; or None."""
    def end_of_line(self, start: int) -> int | None:
        """Where the line ends that begins at `start`."""
    def counts(self) -> bytes:
        """JSON: {events, duplicates, dropped, truncated, discarded, skipped, levels: [[name,
        lines]], reasons: why records were skipped}.
        """

@final
class Batch:
    """Alerts and findings of one step."""

    @property
    def events(self) -> int: ...
    @property
    def bytes_read(self) -> int: ...
    def __len__(self) -> int: ...
    def text(self, iso_time: bool, utc_offset: int) -> bytes:
        """Falco's text lines."""
    def json_lines(self, hostname: str | None, iso_time: bool, utc_offset: int) -> bytes:
        """Falco's JSON, one alert a line."""
    def rows(
        self, hostname: str | None, iso_time: bool, utc_offset: int
    ) -> list[tuple[int, int, str, str, str, str]]:
        """The alerts as they are stored: time (ns), priority, rule, source, JSON, text."""
    def message_lines(self) -> bytes:
        """The messages alone, a line each."""
    def fields_lines(self) -> bytes:
        """The output fields alone, a JSON object a line."""
    def alerts(self) -> bytes:
        """The alerts as a JSON array, for Alert objects."""
    def skipped(self) -> bytes:
        """Malformed records: JSON array of {path, line, offset, reason, excerpt}."""
    def input_errors(self) -> bytes:
        """Inputs that failed: JSON array of {path, reason}."""

@final
class MapEngine:
    """Runs a plan on events given as JSON maps of field to values; for tests of rules."""

    def __new__(cls, plan: bytes) -> MapEngine: ...
    def match(self, event: bytes) -> list[int]:
        """Ids of the matching rules. Event: {"fields": {"proc.name": [{"s": "bash"}]}}."""
    def match_many(self, events: bytes) -> list[list[int]]:
        """The same for a JSON array of events, one list per event."""
    def outputs(self, event: bytes) -> list[str]:
        """The formatted outputs of the matching rules."""
    def alerts(self, event: bytes) -> bytes:
        """The alerts of the event as a JSON array, for Alert objects."""
