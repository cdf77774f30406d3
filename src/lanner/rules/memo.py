"""What a compile can take over from the one before it.

After every file all rules are compiled again; most of them are as they were. Results are reused
when everything that they were made of is the same object as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")
Inputs = tuple[object, ...]


def _same(left: object, right: object) -> bool:
    return left is right or (isinstance(left, str) and left == right)


class Memo:
    """Results by key, each with the objects that it depends on.

    The inputs are kept alive, so that identity means what it says.
    """

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[Inputs, object]] = {}

    def get(self, key: Hashable, inputs: Inputs, make: Callable[[], T]) -> T:
        """The result of `make`, or the one made before from the same inputs.

        Strings are compared by value, other inputs by identity. A key stands for
        results of one type.
        """
        known = self._entries.get(key)
        if (
            known is not None
            and len(known[0]) == len(inputs)
            and all(_same(old, new) for old, new in zip(known[0], inputs, strict=True))
        ):
            return known[1]  # type: ignore[return-value]
        result = make()
        self._entries[key] = (inputs, result)
        return result
