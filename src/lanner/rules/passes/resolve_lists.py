"""Substitutes lists into a condition, as text.

Falco replaces the name of a list wherever it stands between blanks, parentheses, commas, equal
signs or the ends of the text, also inside quotes (falcosecurity/falco `rule_loader_compiler.cpp`,
`resolve_list`). Lists are tried in the order of their definition, each over the text that the ones
before it made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from lanner.diagnostics import Expansion, Span
from lanner.rules.condition_text import MappedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BLANKS = " \t\n\r"
_DELIMITERS = _BLANKS + "(),="
_WORDS = re.compile(r"[^ \t\n\r(),=]+")

MAX_EXPANDED = 4_000_000
"""Characters that one condition may grow to by substitution."""

MAX_EFFORT = 500_000_000
"""Characters that are looked through, for all conditions of a load together."""

_PIECE_COST = 50


class ExpansionTooLargeError(Exception):
    """Lists that contain each other's names made a condition grow without bound."""


@dataclass(frozen=True, slots=True)
class ResolvedList:
    """A list with its items, references to other lists already replaced."""

    name: str
    items: tuple[MappedText, ...]


def quote_item(item: MappedText) -> MappedText:
    """Puts an item with a blank in double quotes, unless it is quoted already."""
    text = item.text
    if " " not in text or text[0] in "\"'":
        return item
    cause = item.span(0, len(text))
    quote = MappedText.synthetic('"', cause)
    return quote + item + quote


def join_items(items: Sequence[MappedText], site: Span) -> MappedText:
    """The items, quoted where they need it, with commas between them."""
    parts: list[MappedText] = []
    for item in items:
        if parts and (parts[-1].text or len(parts) > 1):
            parts.append(MappedText.synthetic(", ", site))
        parts.append(quote_item(item) if item.text else item)
    return MappedText.join(parts)


class ListResolver:
    """Substitutes a fixed set of lists into many conditions.

    `used` collects the names that were substituted at least once.
    """

    def __init__(self, lists: Iterable[ResolvedList]) -> None:
        self.lists = tuple(lists)
        self._order = {found.name: index for index, found in enumerate(self.lists)}
        # names with a delimiter in them ("my list") never equal a word: they are searched for
        self._odd = [found for found in self.lists if found.name and not _is_word(found.name)]
        self._within: dict[int, set[int]] = {}
        self._effort = 0
        self.used: set[str] = set()

    def resolve(self, condition: MappedText) -> MappedText:
        """The condition with all lists replaced.

        Raises:
            ExpansionTooLargeError: the text passed `MAX_EXPANDED` characters,
                or all texts together took more than `MAX_EFFORT`.

        """
        # Most conditions name a few of some hundred lists. A word of the text that is no list's
        # name cannot become one except by a substitution, which brings the words of its items.
        queue = sorted(self._candidates(condition.text))
        known = set(queue)
        while queue:
            index = heappop(queue)
            self._spend(condition)
            replaced = _substitute(condition, self.lists[index])
            if replaced is condition:
                continue
            condition = replaced
            self.used.add(self.lists[index].name)
            for other in self._brought_in(index, condition) - known:
                if other > index:
                    known.add(other)
                    heappush(queue, other)
        if len(condition.pieces) > 1:
            self._spend(condition)
        return condition

    def _spend(self, condition: MappedText) -> None:
        self._effort += len(condition.text) + _PIECE_COST * len(condition.pieces)
        if self._effort > MAX_EFFORT:
            raise ExpansionTooLargeError

    def _brought_in(self, index: int, condition: MappedText) -> set[int]:
        """The lists whose names stand in the text since a list was substituted."""
        if self._odd:
            return self._candidates(condition.text)
        if index not in self._within:
            items = ", ".join(quote_item(item).text for item in self.lists[index].items)
            self._within[index] = self._candidates(items)
        return self._within[index]

    def _candidates(self, text: str) -> set[int]:
        order = self._order
        found = {order[word] for word in set(_WORDS.findall(text)) if word in order}
        found.update(order[odd.name] for odd in self._odd if odd.name in text)
        return found


def _is_word(name: str) -> bool:
    return _WORDS.fullmatch(name) is not None


def _substitute(condition: MappedText, found: ResolvedList) -> MappedText:
    """Replaces one list's name everywhere; what is put in is not searched for it again."""
    name, text = found.name, condition.text
    parts: list[MappedText] = []
    done = size = 0
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        before = text[start - 1] if start > 0 else " "
        after = text[end] if end < len(text) else " "
        if before not in _DELIMITERS or after not in _DELIMITERS:
            start = text.find(name, start + 1)
            continue
        site = condition.span(start, end)
        while start > done and text[start - 1] in _BLANKS:
            start -= 1
        while end < len(text) and text[end] in _BLANKS:
            end += 1
        items = join_items(found.items, site).expanded(Expansion("list", name, site))
        if not items.text:
            # an empty list takes a neighbouring comma with it
            if start > done and text[start - 1] == ",":
                start -= 1
            elif end < len(text) and text[end] == ",":
                end += 1
        blank = MappedText.synthetic(" ", site)
        parts += [condition.slice(done, start), *([blank] if start > 0 else []), items, blank]
        size += start - done + len(items) + 2
        if size > MAX_EXPANDED:
            raise ExpansionTooLargeError
        done = end
        # Falco goes on one character later when the name stood at the very beginning
        start = text.find(name, end + (1 if start == 0 else 0))
    if not parts:
        return condition
    return MappedText.join([*parts, condition.slice(done, len(text))])
