"""Runs patterns in time linear in the text, whatever the pattern: a lazily built automaton.

The plain counterpart of what the native engine does; no backtracking, so that a hostile rule does
not hang `explain`.
"""

from __future__ import annotations

from functools import lru_cache

from lanner.rules.regexes import (
    Alternatives,
    Characters,
    LineEdge,
    Node,
    Ranges,
    Repeat,
    Sequence,
    parse_regex,
)

_MAX_REMEMBERED = 10_000


class Regex:
    """A pattern, ready to be matched against whole texts."""

    def __init__(self, pattern: str) -> None:
        """Raises `PatternError` if RE2 does not take the pattern."""
        # state: characters that lead to the next; or an edge of a line; or branches
        self._characters: dict[int, tuple[Ranges, int]] = {}
        self._edges: dict[int, tuple[bool, int]] = {}
        self._branches: dict[int, tuple[int, ...]] = {}
        self._count = 1
        self._start = self._build(parse_regex(pattern), 0)
        self._closures: dict[tuple[frozenset[int], bool, bool], frozenset[int]] = {}
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text, decoded with surrogateescape."""
        current = frozenset((self._start,))
        at_start = True
        for character in text:
            closed = self._closure(current, at_start, character == "\n")
            current = self._step(closed, character)
            if not current:
                return False
            at_start = character == "\n"
        return 0 in self._closure(current, at_start, at_end=True)

    # the automaton: state 0 accepts

    def _new(self) -> int:
        self._count += 1
        return self._count - 1

    def _build(self, node: Node, following: int) -> int:
        """The state that matches `node` and goes on with `following`."""
        if isinstance(node, Characters):
            state = self._new()
            self._characters[state] = (node.ranges, following)
            return state
        if isinstance(node, LineEdge):
            state = self._new()
            self._edges[state] = (node.end, following)
            return state
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                following = self._build(part, following)
            return following
        if isinstance(node, Alternatives):
            state = self._new()
            self._branches[state] = tuple([self._build(part, following) for part in node.parts])
            return state
        return self._build_repeat(node, following)

    def _build_repeat(self, node: Repeat, following: int) -> int:
        after = following
        if node.high is None:
            loop = self._new()
            self._branches[loop] = (self._build(node.node, loop), after)
            following = loop
        else:
            for _ in range(node.high - node.low):
                state = self._new()
                self._branches[state] = (self._build(node.node, following), after)
                following = state
        for _ in range(node.low):
            following = self._build(node.node, following)
        return following

    def _closure(self, states: frozenset[int], at_start: bool, at_end: bool) -> frozenset[int]:
        key = states, at_start, at_end
        known = self._closures.get(key)
        if known is not None:
            return known
        seen = set(states)
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            branches = self._branches.get(state, ())
            edge = self._edges.get(state)
            if edge is not None and (at_end if edge[0] else at_start):
                branches = (edge[1],)
            for branch in branches:
                if branch not in seen:
                    seen.add(branch)
                    waiting.append(branch)
        if len(self._closures) > _MAX_REMEMBERED:
            self._closures.clear()
        found = self._closures[key] = frozenset(
            [state for state in seen if state == 0 or state in self._characters]
        )
        return found

    def _step(self, states: frozenset[int], character: str) -> frozenset[int]:
        key = states, character
        known = self._steps.get(key)
        if known is not None:
            return known
        code = ord(character)
        found = set()
        if not 0xD800 <= code <= 0xDFFF:  # bytes that are not UTF-8 match nothing
            for state in states:
                if state in self._characters:
                    ranges, following = self._characters[state]
                    if any(low <= code <= high for low, high in ranges):
                        found.add(following)
        if len(self._steps) > _MAX_REMEMBERED:
            self._steps.clear()
        result = self._steps[key] = frozenset(found)
        return result


@lru_cache(maxsize=256)
def compile_regex(pattern: str) -> Regex:
    """The pattern, compiled once.

    Raises:
        PatternError: RE2 does not take the pattern.

    """
    return Regex(pattern)
