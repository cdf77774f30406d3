"""Loading and choosing rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lanner.api.wildcards import matches
from lanner.rules.defaults import default_rules
from lanner.rules.loader import decode_source, load, read_source
from lanner.rules.model import parse_priority

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Mapping

    from lanner.diagnostics import Diagnostic
    from lanner.rules.model import CheckedRule, LoadResult

_SITE = Path("/etc/lanner")
SITE_RULES = _SITE / "lanner_rules.yaml"
"""Loaded in place of the rules that ship with Lanner where it exists."""
SITE_ADDITIONS = tuple(
    _SITE / name for name in ("lanner.local.yaml", "lanner_rules.local.yaml", "rules.d")
)
"""Loaded after the default rules where they exist: places to override them."""


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
                and (not patterns or any(matches(rule.name, name) for name in patterns))
                and (source is None or rule.source == source)
            ),
        )


def load_rules(
    *paths: str | os.PathLike[str],
    texts: Mapping[str, str] | None = None,
    defaults: bool = False,
    local: Iterable[str | os.PathLike[str]] = (),
    plugins: Collection[str] = (),
    static: Collection[str] = (),
) -> Ruleset:
    """Loads rule files in order: defaults, `paths`, `texts`, the site's local files, `local`.

    A directory stands for the `.yaml` and `.yml` files in it, sorted by name.
    Never raises for what is in the files: see `Ruleset.ok` and `.diagnostics`.

    Args:
        paths: rule files or directories.
        texts: rule texts by name, for rules that are in no file.
        defaults: begin with the rules that ship with Lanner, or `SITE_RULES`, and load
            `SITE_ADDITIONS` but for those that are in `local`.
        local: files that add to or override what came before.
        plugins: names of Falco's plugins that are loaded: with `json`, rules on system calls can
            use its fields, too (they have no value there).
        static: names of static fields, which `Engine` is to have the values of.

    """
    first: tuple[str | os.PathLike[str], ...] = ()
    if defaults:
        first = (SITE_RULES,) if _is_there(SITE_RULES) else default_rules()
    sources = [read_source(file) for file in files_of((*first, *paths))]
    for name, text in (texts or {}).items():
        sources.append(decode_source(name, text.encode("utf-8", "surrogatepass")))
    last = files_of(local)
    if defaults:
        again = {Path(file).resolve() for file in last}
        there = [place for place in SITE_ADDITIONS if _is_there(place)]
        added = files_of(there, may_be_empty=True)
        sources += [read_source(file) for file in added if Path(file).resolve() not in again]
    sources += [read_source(file) for file in last]
    result = load(sources, plugins, static)
    return Ruleset(tuple(rule for rule in result.rules if rule.enabled), result)


def _is_there(path: Path) -> bool:
    """Whether there is something; also what may not be looked at, which is an error when read."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def rule_files(directory: Path) -> list[Path]:
    """The files of a directory that are taken for rule files, sorted by name.

    Raises:
        OSError: it cannot be read.

    """
    return sorted(file for file in directory.iterdir() if file.suffix in {".yaml", ".yml"})


def files_of(
    paths: Iterable[str | os.PathLike[str]], *, may_be_empty: bool = False
) -> list[str | os.PathLike[str]]:
    """The files that paths stand for, those of a folder sorted by name. What is no rule file, such
    as a folder without any unless it may be empty, is among them: it is reported when it is read.
    """
    found: list[str | os.PathLike[str]] = []
    for path in paths:
        try:
            inside = rule_files(Path(path))
        except OSError:
            found.append(path)
        else:
            found += inside or ([] if may_be_empty else [path])
    return found
