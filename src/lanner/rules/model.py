"""What rule files say, item by item, and what comes out of checking them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lanner.diagnostics import Severity

if TYPE_CHECKING:
    from lanner.diagnostics import Diagnostic, Item, Source, Span
    from lanner.rules.ast import Condition
    from lanner.rules.collector import Collector
    from lanner.rules.condition_text import MappedText
    from lanner.rules.typed import Output, TCondition

ENGINE_VERSION = (0, 62, 0)
"""The Falco engine that rule files may require at most."""

MAX_ERRORS = 1_000
"""With so many errors, the rest of a file is not looked at."""

PRIORITY_NAMES = (
    "EMERGENCY",
    "ALERT",
    "CRITICAL",
    "ERROR",
    "WARNING",
    "NOTICE",
    "INFORMATIONAL",
    "DEBUG",
)

SOURCES = ("syscall", "k8s_audit")
"""Event sources whose rules are checked and loaded."""

Context = tuple["Item", ...]
"""The path to an item, outermost first, as Falco reports it."""


def parse_priority(text: str) -> int | None:
    """Falco's priorities in any case; INFO is INFORMATIONAL. 0 is the most severe."""
    name = text.upper()
    if name == "INFO":
        name = "INFORMATIONAL"
    return PRIORITY_NAMES.index(name) if name in PRIORITY_NAMES else None


@dataclass(slots=True)
class ListInfo:
    """A list as collected: later items may have appended to it or replaced it."""

    name: str
    items: list[MappedText]
    context: Context
    span: Span
    index: int = 0
    visibility: int = 0


@dataclass(slots=True)
class MacroInfo:
    """A macro as collected."""

    name: str
    condition: MappedText
    context: Context
    condition_context: Context
    span: Span
    index: int = 0
    visibility: int = 0


@dataclass(slots=True)
class Entry:
    """A value of an exception: a text, or a list of entries. Unset when `is_set` is false."""

    is_set: bool = False
    is_list: bool = False
    item: MappedText | None = None
    items: list[Entry] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of a scalar entry."""
        return self.item.text if self.item else ""


@dataclass(slots=True)
class ExceptionInfo:
    """An exception of a rule."""

    name: str
    context: Context
    span: Span
    fields: Entry = field(default_factory=Entry)
    comps: Entry = field(default_factory=Entry)
    values: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class RuleInfo:
    """A rule as collected."""

    name: str
    context: Context
    span: Span
    condition: MappedText
    condition_context: Context
    output: MappedText
    output_context: Context
    desc: str
    priority: int
    source: str = "syscall"
    enabled: bool = True
    capture: bool = False
    capture_duration: int = 0
    warn_evttypes: bool = True
    skip_if_unknown_filter: bool = False
    tags: set[str] = field(default_factory=set)
    exceptions: list[ExceptionInfo] = field(default_factory=list)
    unknown_source: bool = False
    index: int = 0
    visibility: int = 0


@dataclass(slots=True)
class RuleUpdate:
    """An append to, or a replacement of some keys of, a rule. None means untouched."""

    name: str
    context: Context
    source: str = ""
    condition: MappedText | None = None
    output: MappedText | None = None
    desc: str | None = None
    tags: set[str] | None = None
    exceptions: list[ExceptionInfo] | None = None
    priority: int | None = None
    enabled: bool | None = None
    capture: bool | None = None
    capture_duration: int | None = None
    warn_evttypes: bool | None = None
    skip_if_unknown_filter: bool | None = None

    def has_any_value(self) -> bool:
        """Whether the update changes anything."""
        return any(
            value is not None
            for value in (
                self.condition,
                self.output,
                self.desc,
                self.tags,
                self.exceptions,
                self.priority,
                self.enabled,
                self.capture,
                self.capture_duration,
                self.warn_evttypes,
                self.skip_if_unknown_filter,
            )
        )


@dataclass(frozen=True, slots=True)
class PluginRequirement:
    """A plugin that a rule file requires, or one of several alternatives."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class CheckedMacro:
    """A macro that was checked: `condition` is its own text, parsed, macros not replaced."""

    name: str
    condition: Condition | None
    text: str
    span: Span
    used: bool


@dataclass(frozen=True, slots=True)
class CheckedList:
    """A list with its items, lists in it replaced."""

    name: str
    items: tuple[str, ...]
    span: Span
    used: bool


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule that can be matched.

    `priority` counts from 0 (EMERGENCY) to 7 (DEBUG); `condition_text` is the
    user's condition with exceptions; `expanded_condition` has lists and macros
    replaced. `index` is the order in which rules are matched.
    """

    name: str
    source: str
    scope: str
    priority: int
    desc: str
    condition: TCondition
    condition_text: str
    syntax: Condition
    output_text: str
    output: Output
    tags: tuple[str, ...]
    enabled: bool
    capture: bool
    capture_duration: int
    index: int
    span: Span


@dataclass(frozen=True, slots=True)
class FileResult:
    """What loading one file found, in the order in which Falco would find it.

    All files so far are compiled again after each one, so `diagnostics` repeats what is still
    wrong with earlier files; `fresh` does not.
    """

    source: Source | None
    name: str
    diagnostics: tuple[Diagnostic, ...]
    fresh: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether the file is valid."""
        return not any(found.is_error for found in self.diagnostics)

    def falco_view(self) -> tuple[Diagnostic, ...]:
        """What Falco reports, too: up to the first error, where it stops."""
        known = tuple(found for found in self.diagnostics if found.severity is not Severity.ADVICE)
        for index, found in enumerate(known):
            if found.is_error:
                return known[: index + 1]
        return known


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Files, what was found in them, and the rules; the rules are complete only if `ok`.
    `collected` is what the files say, as it is written.
    """

    files: tuple[FileResult, ...]
    rules: tuple[CheckedRule, ...]
    macros: tuple[CheckedMacro, ...]
    lists: tuple[CheckedList, ...]
    required_engine_version: tuple[int, int, int] | None
    required_plugins: tuple[tuple[PluginRequirement, ...], ...]
    collected: Collector

    @property
    def ok(self) -> bool:
        """Whether all files are valid."""
        return all(file.ok for file in self.files)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found in all files, once."""
        return tuple(found for file in self.files for found in file.fresh)
