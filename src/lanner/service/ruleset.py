"""The rules of a configuration: loaded, chosen, compiled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from lanner import api
from lanner.api.ruleset import SITE_ADDITIONS, SITE_RULES, files_of
from lanner.config.plugins import plugins_there
from lanner.rules.additions import Addition, AdditionError
from lanner.rules.requirements import unmet_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.config import Config
    from lanner.config.sections import AppendOutput, RuleSelection
    from lanner.diagnostics import Diagnostic, Source
    from lanner.rules.model import CheckedRule, LoadResult


class RulesRefusedError(Exception):
    """The rules of a configuration cannot be used; `diagnostics` say why, if it is the files, and
    `result` is what was found in these.
    """

    def __init__(
        self,
        message: str,
        diagnostics: Iterable[Diagnostic] = (),
        result: LoadResult | None = None,
    ) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)
        self.result = result


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """Rules that are named elsewhere than in a configuration.

    Attributes:
        paths: files and folders in place of those of the configuration.
        local: files that add to them.
        tags: only rules with one of these.
        names: only rules of these names (`*`, `?`).
        sources: only rules of these event sources.
        has_defaults: where no file is named, the rules that ship with Lanner are meant.
        checks_plugins: the plugins that files require must be loaded.

    """

    paths: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset(("syscall", "k8s_audit"))
    has_defaults: bool = True
    checks_plugins: bool = False


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A file that was loaded, and the SHA-256 of its text."""

    path: str
    sha256: str

    @staticmethod
    def of(source: Source) -> LoadedFile:
        """That of a text that was read."""
        return LoadedFile(source.name, hashlib.sha256(source.text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class LoadedRules:
    """Rules that are in force, or could be."""

    ruleset: api.Ruleset
    engine: api.Engine
    files: tuple[LoadedFile, ...]


def rule_paths(config: Config, choice: RuleChoice) -> tuple[Path, ...]:
    """Files and folders whose change may change the rules, whether they are there or not."""
    named = _named(config, choice)
    has_usual = choice.has_defaults and not named
    usual = (SITE_RULES, *SITE_ADDITIONS) if has_usual else ()
    return (*map(Path, named), *usual, *map(Path, choice.local))


def load_rules(config: Config, choice: RuleChoice) -> LoadedRules:
    """Loads the rules of a configuration.

    Raises:
        RulesRefusedError: they are invalid, or none are named.

    """
    ruleset = _read(config, choice)
    # first of all, as in Falco: that a plugin is missing explains other errors
    missing = missing_plugin(config, ruleset.result) if choice.checks_plugins else None
    if missing:
        raise RulesRefusedError(missing)
    if not ruleset.ok:
        raise RulesRefusedError("the rules are invalid", ruleset.diagnostics, ruleset.result)
    rules = tuple(
        rule for rule, enabled in _switched(ruleset.result.rules, config.rules) if enabled
    )
    chosen = replace(ruleset, rules=rules).select(
        priority=config.priority, tags=choice.tags, rules=choice.names
    )
    rules = tuple(rule for rule in chosen.rules if rule.source in choice.sources)
    chosen = replace(chosen, rules=rules)
    try:
        engine = api.Engine(
            chosen,
            rule_matching=config.rule_matching,
            additions=[_addition(one) for one in config.append_output],
            static_fields=config.static_fields,
        )
    except AdditionError as error:
        raise RulesRefusedError(str(error)) from None
    files = tuple(LoadedFile.of(file.source) for file in ruleset.result.files if file.source)
    return LoadedRules(chosen, engine, files)


def missing_plugin(config: Config, result: LoadResult) -> str | None:
    """What is said of a plugin that rule files require, where there is none such."""
    return unmet_requirement(result.required_plugins, plugins_there(config))


def _named(config: Config, choice: RuleChoice) -> tuple[str, ...]:
    return choice.paths or config.named_rules


def _read(config: Config, choice: RuleChoice) -> api.Ruleset:
    plugins = [plugin.name for plugin in config.loaded_plugins]
    named = _named(config, choice)
    if named or not choice.has_defaults:
        # as in Falco: what is named on the command line must be there, the rest may be
        paths = [path for path in map(Path, named) if choice.paths or path.exists()]
        if not paths:
            raise RulesRefusedError(
                "You must specify at least one rules file/directory via -r or a rules_files entry"
            )
        return api.load_rules(
            *files_of(paths, may_be_empty=True),
            local=choice.local,
            plugins=plugins,
            static=config.static_fields,
        )
    return api.load_rules(
        defaults=True, local=choice.local, plugins=plugins, static=config.static_fields
    )


def _switched(
    rules: Iterable[CheckedRule], selections: Iterable[RuleSelection]
) -> Iterable[tuple[CheckedRule, bool]]:
    """Rules, and whether they are enabled after all selections; later ones win."""
    for rule in rules:
        enabled = rule.enabled
        for selection in selections:
            selector = selection.enable or selection.disable
            if selector is None:
                continue
            is_meant = (selector.rule and fnmatchcase(rule.name, _star_only(selector.rule))) or (
                selector.tag and selector.tag in rule.tags
            )
            if is_meant:
                enabled = selection.enable is not None
        yield rule, enabled


def _star_only(pattern: str) -> str:
    """Falco's wildcard is `*`; `?` and `[` stand for themselves."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _addition(section: AppendOutput) -> Addition:
    fields: dict[str, str] = {}
    for one in section.extra_fields:
        fields |= {one: f"%{one}"} if isinstance(one, str) else one
    return Addition(
        source=section.match.source,
        rule=section.match.rule,
        tags=frozenset(section.match.tags),
        text=section.extra_output,
        fields=tuple(fields.items()),
        is_suggested=section.suggested_output,
    )
