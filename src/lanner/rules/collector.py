"""Keeps lists, macros and rules by name while files are read: define, append, replace.

A redefinition keeps its place in the order but sees what was defined before it by the time of
the redefinition (falcosecurity/falco `rule_loader_collector.cpp`, engine 0.62.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from lanner import catalog
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules import exceptions
from lanner.rules.condition_text import MappedText
from lanner.rules.decode import fail
from lanner.rules.model import ENGINE_VERSION, SOURCES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from lanner.diagnostics import Span
    from lanner.rules.model import (
        Context,
        ExceptionInfo,
        ListInfo,
        MacroInfo,
        PluginRequirement,
        RuleInfo,
        RuleUpdate,
    )


def _version_text(version: tuple[int, int, int]) -> str:
    return ".".join(str(part) for part in version)


class Collector:
    """The definitions of all files so far. `diagnostics` are those of the current file.

    `plugins` are the names of those that are loaded, `static` those of static fields.
    """

    def __init__(self, plugins: Collection[str] = (), static: Collection[str] = ()) -> None:
        self._plugins = plugins
        self._static = static
        self.lists: dict[str, ListInfo] = {}
        self.macros: dict[str, MacroInfo] = {}
        self.rules: dict[str, RuleInfo] = {}
        self.required_engine_version: tuple[int, int, int] | None = None
        self.required_plugins: list[tuple[PluginRequirement, ...]] = []
        self.diagnostics: list[Diagnostic] = []
        self._next = 0

    def scope_of(self, rule: RuleInfo) -> str:
        """Which fields a rule can use."""
        return catalog.scope_of(rule.source, self._plugins, self._static)

    def _known_scope(self, rule: RuleInfo) -> str | None:
        return None if rule.unknown_source else self.scope_of(rule)

    # reporting

    def report(self, diagnostic: Diagnostic) -> None:
        """Adds a finding about the current file."""
        self.diagnostics.append(diagnostic)

    def warn(
        self,
        code: str,
        message: str,
        context: Context,
        span: Span | None = None,
        help_text: str | None = None,
    ) -> None:
        """Adds a warning about the current file."""
        place = span or context[-1].span
        self.report(
            Diagnostic(code, Severity.WARNING, message, place, items=context, help=help_text)
        )

    def _place(self, info: ListInfo | MacroInfo | RuleInfo, index: int | None) -> None:
        info.index = self._next if index is None else index
        info.visibility = self._next
        self._next += 1

    # versions

    def require_engine(self, version: tuple[int, int, int], context: Context, span: Span) -> None:
        """Notes a `required_engine_version`.

        Compatible is the same major version and not a newer minor or patch.
        """
        if version[0] != ENGINE_VERSION[0] or version > ENGINE_VERSION:
            wanted, have = _version_text(version), _version_text(ENGINE_VERSION)
            message = f"Rules require engine version {wanted}, but engine version is {have}"
            fail(message, context, code="LOAD_ERR_VALIDATE", span=span)
        if self.required_engine_version is None or self.required_engine_version < version:
            self.required_engine_version = version

    # lists

    def define_list(self, info: ListInfo) -> None:
        """Defines or redefines a list."""
        before = self.lists.get(info.name)
        self._place(info, before.index if before else None)
        self.lists[info.name] = info

    def append_list(self, info: ListInfo) -> None:
        """Appends items to a list that must exist."""
        before = self.lists.get(info.name)
        if before is None:
            message = (
                "List uses 'append' or 'override.items: append' but no list by that name already"
                " exists"
            )
            _missing(message, info.context, info.name, self.lists)
        before.items = [*before.items, *info.items]
        self._place(before, before.index)

    # macros

    def define_macro(self, info: MacroInfo) -> None:
        """Defines or redefines a macro."""
        before = self.macros.get(info.name)
        self._place(info, before.index if before else None)
        self.macros[info.name] = info

    def append_macro(self, info: MacroInfo) -> None:
        """Appends text to the condition of a macro that must exist."""
        before = self.macros.get(info.name)
        if before is None:
            message = (
                "Macro uses 'append' or 'override.condition: append' but no macro by that name"
                " already exists"
            )
            _missing(message, info.context, info.name, self.macros)
        before.condition = _joined(before.condition, info.condition)
        self._place(before, before.index)

    # rules

    def define_rule(self, info: RuleInfo) -> None:
        """Defines or redefines a rule."""
        before = self._same_source(info.name, info.source, info.context)
        if info.source not in SOURCES:
            info.unknown_source = True
            self.warn(
                "LOAD_UNKNOWN_SOURCE",
                f"Unknown source {info.source}, skipping",
                info.context,
                None,
                did_you_mean(info.source, SOURCES),
            )
        for exception in info.exceptions:
            if not exception.fields.is_set:
                fail(
                    "Rule exception item must have fields property with a list of fields",
                    exception.context,
                    code="LOAD_ERR_VALIDATE",
                )
            exceptions.validate(exception, self._known_scope(info))
        self._place(info, before.index if before else None)
        self.rules[info.name] = info

    def append_rule(self, update: RuleUpdate) -> None:
        """Appends to a rule that must exist."""
        before = self._same_source(update.name, update.source, update.context)
        if before is None:
            message = (
                "Rule uses 'append' or 'override.<key>: append' but no rule by that name already"
                " exists"
            )
            _missing(message, update.context, update.name, self.rules)
        if not update.has_any_value():
            fail(
                "Appended rule must have exceptions or condition property",
                update.context,
                code="LOAD_ERR_VALIDATE",
            )
        if update.condition is not None and update.condition.text:
            before.condition = _joined(before.condition, update.condition)
        if update.output is not None and update.output.text:
            before.output = _joined(before.output, update.output)
        if update.desc:
            before.desc = f"{before.desc} {update.desc}"
        if update.tags is not None:
            before.tags |= update.tags
        for exception in update.exceptions or ():
            self._append_exception(before, exception)
        self._place(before, before.index)

    def _append_exception(self, rule: RuleInfo, exception: ExceptionInfo) -> None:
        known = next((other for other in rule.exceptions if other.name == exception.name), None)
        problem = None
        if known is None:
            if not exception.fields.is_set:
                problem = "Rule exception must have fields property with a list of fields"
            elif not exception.values:
                problem = "Rule exception must have values property with a list of values"
        elif exception.fields.is_set:
            problem = "Can not append exception fields to existing exception, only values"
        elif exception.comps.is_set:
            problem = "Can not append exception comps to existing exception, only values"
        if problem is not None:
            near = did_you_mean(exception.name, (other.name for other in rule.exceptions))
            fail(problem, exception.context, code="LOAD_ERR_VALIDATE", help=near)
        if known is None:
            exceptions.validate(exception, self._known_scope(rule))
            rule.exceptions = [*rule.exceptions, exception]
        else:
            known.values = [*known.values, *exception.values]

    def replace_rule(self, update: RuleUpdate) -> None:
        """Replaces keys of a rule that must exist."""
        before = self._same_source(update.name, update.source, update.context)
        if before is None:
            message = (
                "An 'override.<key>: replace' to a rule was requested but no rule by that name"
                " already exists"
            )
            _missing(message, update.context, update.name, self.rules)
        for name in (
            "condition",
            "output",
            "desc",
            "tags",
            "exceptions",
            "priority",
            "capture",
            "capture_duration",
            "enabled",
            "warn_evttypes",
            "skip_if_unknown_filter",
        ):
            value = getattr(update, name)
            if value is not None:
                setattr(before, name, value)
        for exception in update.exceptions or ():
            # Falco takes replaced exceptions unchecked and fails later; the check says it better
            if exception.fields.is_set:
                exceptions.validate(exception, self._known_scope(before))
        self._place(before, before.index)

    def enable_rule(self, name: str, context: Context, *, enabled: bool) -> None:
        """Switches a rule on or off that must exist."""
        before = self.rules.get(name)
        if before is None:
            message = "Rule has 'enabled' key but no rule by that name already exists"
            _missing(message, context, name, self.rules)
        before.enabled = enabled

    def _same_source(self, name: str, source: str, context: Context) -> RuleInfo | None:
        before = self.rules.get(name)
        if before is not None and before.source and source and before.source != source:
            fail(
                "Rule has been re-defined with a different source",
                context,
                code="LOAD_ERR_VALIDATE",
                help=f"the rule's source is `{before.source}`",
            )
        return before


def _joined(first: MappedText, second: MappedText) -> MappedText:
    blank = MappedText.synthetic(" ", second.span(0, 1))
    return MappedText.join([first, blank, second])


def _missing(message: str, context: Context, name: str, known: Iterable[str]) -> NoReturn:
    near = did_you_mean(name, known)
    fail(message, context, code="LOAD_ERR_VALIDATE", help=near)
