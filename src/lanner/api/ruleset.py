"""Loading and choosing rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from lanner.rules.defaults import default_audit_rules, default_syscall_rules
from lanner.rules.loader import Unreadable, decode_source, load, read_source
from lanner.rules.model import parse_priority

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Mapping

    from lanner.diagnostics import Diagnostic, Source
    from lanner.rules.model import CheckedRule, LoadResult

SITE_LOCAL_RULES = Path("/etc/lanner/lanner.local.yaml")
"""Loaded after the default rules where it exists: a place to override them."""


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
    plugins: Collection[str] = (),
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
        plugins: names of Falco's plugins that are loaded: with `json`, rules on system calls can
            use its fields, too (they have no value there).

    """
    sources: list[Source | Unreadable] = []
    if defaults:
        defaults_in_order = (default_audit_rules(), *default_syscall_rules())
        sources += [read_source(path) for path in defaults_in_order]
    for path in paths:
        sources += _sources(path)
    for name, text in (texts or {}).items():
        sources.append(decode_source(name, text.encode("utf-8", "surrogatepass")))
    if defaults and SITE_LOCAL_RULES.exists():
        sources.append(read_source(SITE_LOCAL_RULES))
    for path in local:
        sources += _sources(path)
    result = load(sources, plugins)
    return Ruleset(tuple(rule for rule in result.rules if rule.enabled), result)


def rule_files(directory: Path) -> list[Path]:
    """The files of a directory that are taken for rule files, sorted by name."""
    return sorted(file for file in directory.iterdir() if file.suffix in {".yaml", ".yml"})


def _sources(path: str | os.PathLike[str]) -> list[Source | Unreadable]:
    directory = Path(path)
    if not directory.is_dir():
        return [read_source(path)]
    # an empty directory is reported as what it is
    return [read_source(file) for file in rule_files(directory)] or [read_source(path)]
