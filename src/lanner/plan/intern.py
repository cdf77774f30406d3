"""Equal things get the same number."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Interner(Generic[T]):
    """Numbers values in the order in which they are first added."""

    def __init__(self) -> None:
        self._index: dict[T, int] = {}
        self._entries: list[T] = []

    def add(self, value: T) -> int:
        """The number of a value; a new one if no equal value was added before."""
        index = self._index.setdefault(value, len(self._entries))
        if index == len(self._entries):
            self._entries.append(value)
        return index

    def __getitem__(self, index: int) -> T:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> tuple[T, ...]:
        """All values, by number."""
        return tuple(self._entries)
