"""From collected items to checked rules: lists, macros, exceptions, types, outputs.

Order and messages follow falcosecurity/falco 0.44.1 `rule_loader_compiler.cpp`. Where Falco stops
at the first error, this goes on with the other macros and rules; those that depend on a broken
macro are not reported again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lanner.diagnostics import Diagnostic, Item, Severity
from lanner.diagnostics.suggest import did_you_mean
from lanner.rules import exceptions
from lanner.rules.decode import ItemError
from lanner.rules.model import MAX_ERRORS, CheckedList, CheckedMacro, CheckedRule
from lanner.rules.output_format import parse_output
from lanner.rules.parser import parse_condition
from lanner.rules.passes.check_types import check_condition
from lanner.rules.passes.event_types import MANY, event_codes
from lanner.rules.passes.resolve_lists import ExpansionTooLargeError, ListResolver, ResolvedList
from lanner.rules.passes.resolve_macros import MacroProblem, Resolution, macro_names, resolve
from lanner.rules.passes.warnings import condition_warnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lanner.rules.ast import Condition
    from lanner.rules.collector import Collector
    from lanner.rules.condition_text import MappedText
    from lanner.rules.memo import Memo
    from lanner.rules.model import Context, MacroInfo, RuleInfo
    from lanner.rules.typed import Output

_CONTAINER_INFO = "%container.info"
_CONTAINER_INFO_DEPRECATED = (
    "%container.info is deprecated and no more useful, and will be dropped by Falco 1.0.0. The"
    " container plugin will automatically add required fields to the output message."
)


class Compiler:
    """Compiles everything collected so far; findings go to `diagnostics`."""

    def __init__(self, collector: Collector, memo: Memo) -> None:
        self.collector = collector
        self.memo = memo
        self.reported: set[tuple[str, int, str]] = set()
        self.diagnostics: list[Diagnostic] = []
        self._errors = self._counted = 0
        self.macros: dict[str, Condition] = {}
        self.broken: set[str] = set()
        self.used_macros: set[str] = set()
        self.resolver = ListResolver(self._lists())
        self.rules: list[CheckedRule] = []

    def compile(self) -> None:
        """Checks macros, then rules; then says which macros and lists are unused."""
        self._macros()
        for info in sorted(self.collector.rules.values(), key=lambda rule: rule.index):
            if self._too_many():
                break
            if not info.unknown_source:
                self._rule(info)
        if not any(found.is_error for found in self.diagnostics):
            self._unused()

    # lists

    def _lists(self) -> list[ResolvedList]:
        """Lists with the lists in them replaced, one level deep, as Falco does."""
        lists = self.collector.lists
        self.used_lists: set[str] = set()
        resolved = []
        for info in sorted(lists.values(), key=lambda entry: entry.index):
            items: list[MappedText] = []
            for item in info.items:
                inner = lists.get(item.text)
                if inner is not None and inner.index < info.visibility:
                    self.used_lists.add(inner.name)
                    items += inner.items
                else:
                    items.append(item)
            resolved.append(ResolvedList(info.name, tuple(items)))
        return resolved

    def _parse(
        self, key: tuple[str, str], whole: MappedText, text: MappedText, context: Context
    ) -> Condition | None:
        """Parses a condition; `whole` is it with exceptions, `text` without."""
        try:
            resolved = self.resolver.resolve(whole)
        except ExpansionTooLargeError:
            message = "the lists in this condition expand to more than it can hold"
            self._add("LOAD_ERR_COMPILE_CONDITION", message, context)
            return None
        condition, found = self.memo.get(
            ("parse", *key), (text, resolved.text), lambda: parse_condition(resolved)
        )
        self._extend(found, context)
        return condition

    # macros

    def _macros(self) -> None:
        infos = sorted(self.collector.macros.values(), key=lambda macro: macro.index)
        for info in infos:
            if self._too_many():
                return
            text = info.condition
            parsed = self._parse(("macro", info.name), text, text, info.condition_context)
            if parsed is None:
                self.broken.add(info.name)
            else:
                self.macros[info.name] = parsed
        by_name = self.collector.macros
        for info in infos:
            condition = self.macros.get(info.name)
            if condition is None:
                continue
            if self._too_many():
                return

            def lookup(name: str, limit: int = info.visibility) -> Condition | None:
                other = by_name.get(name)
                return self.macros.get(name) if other and other.index < limit else None

            self._resolve_macro(info, condition, lookup)

    def _resolve_macro(
        self, info: MacroInfo, condition: Condition, lookup: Callable[[str], Condition | None]
    ) -> None:
        resolution = self._resolve(("macro", info.name), condition, lookup)
        self.used_macros |= resolution.used
        if not resolution.problems:
            self.macros[info.name] = resolution.condition
            return
        self._macro_problems(resolution.problems, info.context)
        self.broken.add(info.name)
        del self.macros[info.name]

    def _resolve(
        self,
        key: tuple[str, str],
        condition: Condition,
        lookup: Callable[[str], Condition | None],
    ) -> Resolution:
        # the names in a tree do not change: what they stand for tells whether the result does
        names = self.memo.get(("names", *key), (condition,), lambda: macro_names(condition))
        bodies = tuple(lookup(name) for name in names)
        return self.memo.get(
            ("resolve", *key), (condition, *bodies), lambda: resolve(condition, lookup)
        )

    def _macro_problems(self, problems: Iterable[MacroProblem], context: Context) -> None:
        # Falco reports loops before undefined names
        for problem in sorted(problems, key=lambda found: found.kind != "loop"):
            name = problem.macro.name
            if name in self.broken:
                continue
            help_text = None
            if problem.kind == "loop":
                falco = f"reference loop in macro '{name}'"
                message = f"the macro `{name}` uses itself"
            elif problem.kind == "size":
                falco = message = "the macros in this condition expand to too many checks"
            elif problem.kind == "depth":
                falco = message = "the macros in this condition nest too deeply"
            else:
                falco = f"Undefined macro '{name}' used in filter."
                message = f"no macro is named `{name}`"
                if name in self.collector.macros:
                    message = f"the macro `{name}` is defined only after this use"
                    help_text = "move its definition up: macros see only those before them"
                else:
                    help_text = did_you_mean(name, self.collector.macros)
            expression = (*context, Item("condition expression", "", problem.macro.span))
            self.diagnostics.append(
                Diagnostic(
                    "LOAD_ERR_VALIDATE",
                    Severity.ERROR,
                    message,
                    problem.macro.span,
                    items=expression,
                    help=help_text,
                    falco_message=falco,
                )
            )

    # rules

    def _rule(self, info: RuleInfo) -> None:
        text = info.condition
        if info.exceptions:
            try:
                text = exceptions.apply(text, info.exceptions, info.span)
            except ItemError as error:
                self.diagnostics.append(error.diagnostic)
                return
        output, skip = self._output(info)
        if skip:
            return
        parsed = self._parse(("rule", info.name), text, info.condition, info.condition_context)
        if parsed is None:
            return
        resolution = self._resolve(("rule", info.name), parsed, self.macros.get)
        self.used_macros |= resolution.used
        self._macro_problems(resolution.problems, info.context)
        syntax, scope = resolution.condition, self.collector.scope_of(info)
        warnings, checked = self.memo.get(
            ("check", info.name),
            (syntax, info.source),
            lambda: (condition_warnings(syntax), check_condition(syntax, scope)),
        )
        self._extend(warnings, info.condition_context)
        unknown = checked.unknown_name
        if unknown is not None and info.skip_if_unknown_filter:
            warning = replace(unknown, code="LOAD_UNKNOWN_FILTER", severity=Severity.WARNING)
            self._extend([warning], info.condition_context)
            return
        self._extend(checked.diagnostics, info.condition_context)
        if checked.typed is None or output is None:
            return
        if info.source == "syscall" and info.warn_evttypes:
            codes = event_codes(checked.typed)
            if not codes or len(codes) > MANY:
                message = (
                    "Rule matches too many evt.type values. This has a significant performance"
                    " penalty."
                )
                self._add("LOAD_NO_EVTTYPE", message, info.context, warning=True)
        self.rules.append(
            CheckedRule(
                name=info.name,
                source=info.source,
                scope=scope,
                priority=info.priority,
                desc=info.desc,
                condition=checked.typed,
                condition_text=text.text,
                syntax=syntax,
                output_text=info.output.text.replace(_CONTAINER_INFO, ""),
                output=output,
                tags=tuple(sorted(info.tags)),
                enabled=info.enabled,
                capture=info.capture,
                capture_duration=info.capture_duration,
                index=info.index,
                span=info.span,
            )
        )

    def _output(self, info: RuleInfo) -> tuple[Output | None, bool]:
        """The parsed output, and whether the rule is to be left out because of it."""
        text = info.output
        while (index := text.text.find(_CONTAINER_INFO)) >= 0:
            if text is info.output:
                self._add(
                    "LOAD_DEPRECATED_ITEM", _CONTAINER_INFO_DEPRECATED, info.context, warning=True
                )
            rest = text.slice(index + len(_CONTAINER_INFO), len(text))
            text = text.slice(0, index) + rest
        output, found = self.memo.get(
            ("output", info.name),
            (info.output, info.source),
            lambda: parse_output(text, self.collector.scope_of(info)),
        )
        error = next((one for one in found if one.is_error), None)
        if error is not None and info.skip_if_unknown_filter:
            falco = error.falco_message or ""
            if "unknown filter:" in falco or "nonexistent field" in falco:
                warning = replace(error, code="LOAD_UNKNOWN_FILTER", severity=Severity.WARNING)
                self._extend([warning], info.output_context)
                return None, True
        self._extend(found, info.output_context)
        return output, False

    # the rest

    def _too_many(self) -> bool:
        self._errors += sum(found.is_error for found in self.diagnostics[self._counted :])
        self._counted = len(self.diagnostics)
        return self._errors >= MAX_ERRORS

    def _unused(self) -> None:
        for macro in sorted(self.collector.macros.values(), key=lambda entry: entry.index):
            if macro.name not in self.used_macros:
                message = "Macro not referred to by any other rule/macro"
                self._add("LOAD_UNUSED_MACRO", message, macro.context, warning=True)
        used = self.resolver.used | self.used_lists
        for entry in sorted(self.collector.lists.values(), key=lambda entry: entry.index):
            if entry.name not in used:
                message = "List not referred to by any other rule/macro"
                self._add("LOAD_UNUSED_LIST", message, entry.context, warning=True)

    def checked_macros(self) -> tuple[CheckedMacro, ...]:
        """All macros, for listings."""
        return tuple(
            CheckedMacro(
                info.name,
                self.macros.get(info.name),
                info.condition.text,
                info.span,
                info.name in self.used_macros,
            )
            for info in sorted(self.collector.macros.values(), key=lambda entry: entry.index)
        )

    def checked_lists(self) -> tuple[CheckedList, ...]:
        """All lists, for listings."""
        used = self.resolver.used | self.used_lists
        spans = {info.name: info.span for info in self.collector.lists.values()}
        return tuple(
            CheckedList(
                found.name,
                tuple(item.text for item in found.items),
                spans[found.name],
                found.name in used,
            )
            for found in self.resolver.lists
        )

    def _add(self, code: str, message: str, context: Context, *, warning: bool = False) -> None:
        severity = Severity.WARNING if warning else Severity.ERROR
        self.diagnostics.append(
            Diagnostic(code, severity, message, context[-1].span, items=context)
        )

    def _extend(self, found: Iterable[Diagnostic], context: Context) -> None:
        for diagnostic in found:
            if diagnostic.is_error and diagnostic.span and diagnostic.span.via:
                # an error in a macro belongs to the macro, however many rules use it
                span = diagnostic.span
                error = (span.source.name, span.start, diagnostic.message)
                if error in self.reported:
                    continue
                self.reported.add(error)
            place = Item("condition expression", "", diagnostic.span)
            expression = (*context, place) if context[-1].kind != "rule output" else context
            self.diagnostics.append(replace(diagnostic, items=expression))
