"""Replaces the names of macros by their conditions.

Macros are resolved in the order of their definition, so that a macro's own tree holds no macro
any more when a rule uses it (falcosecurity/falco `filter_macro_resolver.cpp`). Trees are shared,
not copied: an `Expanded` node stands where the macro was named, the spans below it keep pointing at
the macro's own text, and a diagnostic adds the expansion when there is one to report.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lanner.rules.ast import And, Check, Condition, Expanded, Macro, Not, Or

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_CHECKS = 100_000
"""Checks that one condition may have after expansion."""

MAX_DEPTH = 2000
"""Levels that one condition may have after expansion. Later passes walk them recursively."""


@dataclass(frozen=True, slots=True)
class MacroProblem:
    """A macro name that cannot be resolved: `kind` is `undefined`, `loop`, `size` or `depth`."""

    kind: str
    macro: Macro


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of a condition: without macros but for those named in `problems`."""

    condition: Condition
    used: frozenset[str]
    problems: tuple[MacroProblem, ...]


def resolve(condition: Condition, lookup: Callable[[str], Condition | None]) -> Resolution:
    """Replaces every macro in `condition` by what `lookup` gives for its name.

    `lookup` returns conditions that may contain macros themselves; a macro that
    leads back to itself is a `loop`.
    """
    resolver = _Resolver(lookup)
    result = resolver.visit(condition, (), 0)
    return Resolution(result, frozenset(resolver.used), tuple(resolver.problems))


class _Resolver:
    def __init__(self, lookup: Callable[[str], Condition | None]) -> None:
        self.lookup = lookup
        self.used: set[str] = set()
        self.problems: list[MacroProblem] = []
        self.checks = 0
        self.deepest = 0
        self.exceeded = False

    def visit(self, node: Condition, path: tuple[Macro, ...], level: int) -> Condition:
        if isinstance(node, Macro):
            return self._macro(node, path, level)
        self._descend(level + (node.depth if isinstance(node, Expanded) else 0), path)
        if self.exceeded:
            return node
        if isinstance(node, (Check, Expanded)):
            self.checks += 1
            return node
        if isinstance(node, Not):
            child = self.visit(node.child, path, level + 1)
            return node if child is node.child else replace(node, child=child)
        # a list, not a generator: recursion must not pass through C
        children = tuple([self.visit(child, path, level + 1) for child in node.children])
        if all(new is old for new, old in zip(children, node.children, strict=True)):
            return node
        return replace(node, children=children)

    def _descend(self, level: int, path: tuple[Macro, ...]) -> None:
        self.deepest = max(self.deepest, level)
        # without macros the parser's own limit holds
        if level > MAX_DEPTH and path and not self.exceeded:
            self.exceeded = True
            self.problems.append(MacroProblem("depth", path[0]))

    def _macro(self, node: Macro, path: tuple[Macro, ...], level: int) -> Condition:
        if self.exceeded:
            return node
        if self.checks > MAX_CHECKS:
            self.exceeded = True
            self.problems.append(MacroProblem("size", node))
            return node
        body = self.lookup(node.name)
        if body is None:
            self.problems.append(MacroProblem("undefined", node))
            return node
        if any(node.name == above.name for above in path):
            self.problems.append(MacroProblem("loop", node))
            return node
        above, self.deepest = self.deepest, level
        resolved = self.visit(body, (*path, node), level + 1)
        depth = self.deepest - level
        self.deepest = max(above, self.deepest)
        self.used.add(node.name)
        return Expanded(node.name, resolved, node.span, depth)


def macro_names(condition: Condition) -> tuple[str, ...]:
    """Names of the macros in a condition that were not replaced yet, each once."""
    return tuple(dict.fromkeys(node.name for node in _nodes(condition) if isinstance(node, Macro)))


def macro_uses(condition: Condition) -> frozenset[str]:
    """Names of the macros that were replaced in a condition, at any depth."""
    return frozenset(node.name for node in _nodes(condition) if isinstance(node, Expanded))


def unresolved(condition: Condition) -> list[Macro]:
    """The uses of macros that were not replaced."""
    return [node for node in _nodes(condition) if isinstance(node, Macro)]


def _nodes(condition: Condition) -> Iterator[Condition]:
    """Every node of a tree, a shared one once."""
    seen: set[int] = set()
    stack: list[Condition] = [condition]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, (Not, Expanded)):
            stack.append(node.child)
        elif isinstance(node, (And, Or)):
            stack.extend(node.children)
