"""Text assembled from several places, which still knows where each character came from.

Falco builds the text of a condition before it parses it: lists are substituted by name, exceptions
are appended as text, `append` joins two conditions. A `MappedText` does the same and keeps, for
every run of characters, the place in the user's file and the expansion that brought it in.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Protocol

from lanner.diagnostics import Expansion, Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterable


class OffsetMap(Protocol):
    """Tells the file offset of each character of a value."""

    def __getitem__(self, index: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters from one place.

    Without a `map` the characters stand next to each other in the file from
    `start` on; with one, character `i` stands at `map[start + i]`. A synthetic
    piece (a parenthesis that an expansion adds) has no characters of its own:
    all of them point at `[start, synthetic_end)`, the text that caused them.
    """

    text: str
    source: Source
    start: int
    via: Expansion | None = None
    synthetic_end: int | None = None
    map: OffsetMap | None = None

    def slice(self, start: int, end: int) -> Piece:
        """The characters `[start, end)` of the piece."""
        first = self.start if self.synthetic_end is not None else self.start + start
        return Piece(
            self.text[start:end], self.source, first, self.via, self.synthetic_end, self.map
        )

    def file_range(self, start: int, end: int) -> tuple[int, int]:
        """File offsets that cover the characters `[start, end)` of the piece."""
        if self.synthetic_end is not None:
            return self.start, self.synthetic_end
        if self.map is None:
            return self.start + start, self.start + end
        first = self.map[self.start + start]
        last = self.map[self.start + end - 1] + 1 if end > start else first
        return first, max(first, last)


class MappedText:
    """An immutable text made of pieces."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces: tuple[Piece, ...] = tuple(piece for piece in pieces if piece.text)

    @classmethod
    def of(cls, source: Source, start: int = 0, end: int | None = None) -> MappedText:
        """A slice of a source, taken as it stands."""
        return cls([Piece(source.text[start:end], source, start)])

    @classmethod
    def synthetic(cls, text: str, cause: Span) -> MappedText:
        """Text that stands in no file, attributed to the span that caused it."""
        return cls([Piece(text, cause.source, cause.start, cause.via, cause.end)])

    @cached_property
    def text(self) -> str:
        """The characters."""
        if len(self.pieces) == 1:
            return self.pieces[0].text
        return "".join(piece.text for piece in self.pieces)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(piece.text) for piece in self.pieces)]

    def __len__(self) -> int:
        return len(self.text)

    def __add__(self, other: MappedText) -> MappedText:
        return MappedText.join((self, other))

    @classmethod
    def join(cls, texts: Iterable[MappedText]) -> MappedText:
        """All texts, one after the other."""
        # conditions are appended to by the thousand: no piece is looked at
        joined = cls(())
        joined.pieces = tuple(chain.from_iterable(text.pieces for text in texts))
        return joined

    def slice(self, start: int, end: int) -> MappedText:
        """The characters `[start, end)`."""
        pieces = []
        for index in range(max(0, bisect_right(self._starts, start) - 1), len(self.pieces)):
            first = self._starts[index]
            if first >= end:
                break
            piece = self.pieces[index]
            low, high = max(0, start - first), min(len(piece.text), end - first)
            whole = low == 0 and high == len(piece.text)
            pieces.append(piece if whole else piece.slice(low, high))
        return MappedText(pieces)

    def expanded(self, expansion: Expansion) -> MappedText:
        """The same text, as brought in by `expansion`."""
        return MappedText(
            Piece(piece.text, piece.source, piece.start, expansion, piece.synthetic_end, piece.map)
            for piece in self.pieces
        )

    def span(self, start: int, end: int) -> Span:
        """Where the characters `[start, end)` came from.

        A range over several pieces is shown from its first character on, as far
        as the text stays in the same file and expansion.
        """
        if not self.pieces:
            raise ValueError("an empty text has no span")
        index = min(bisect_right(self._starts, start), len(self.pieces)) - 1
        piece = self.pieces[index]
        first = self._starts[index]
        size = len(piece.text)
        if start < end <= first + size:
            # almost always: a token within one piece
            low, high = piece.file_range(start - first, end - first)
            return Span(piece.source, low, max(low, high), piece.via)
        low, high = piece.file_range(min(start - first, size), max(0, min(end - first, size)))
        for later in range(index + 1, len(self.pieces)):
            begin = self._starts[later]
            if begin >= end:
                break
            other = self.pieces[later]
            if other.source is not piece.source or other.via is not piece.via:
                break
            other_low, other_high = other.file_range(0, min(end - begin, len(other.text)))
            if other_low < low:
                break
            high = max(high, other_high)
        return Span(piece.source, low, max(low, high), piece.via)
