"""Whether files have changed: looked at from time to time, by name.

A look at their attributes costs next to nothing, works on every file system, and sees a ConfigMap
that is exchanged by its symbolic link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MAX_FILES = 10_000

State = tuple[tuple[str, int, int, int, int], ...]


def state_of(paths: Iterable[Path]) -> State:
    """What files, and the files in folders, look like now; what is not there has no part in it."""
    found = []
    for path in paths:
        files = [path]
        if path.is_dir():
            try:
                files += sorted(path.iterdir())[:_MAX_FILES]
            except OSError:
                continue
        for file in files:
            try:
                seen = file.stat()
            except OSError:
                continue
            found.append((str(file), seen.st_dev, seen.st_ino, seen.st_mtime_ns, seen.st_size))
    return tuple(found)


class Watcher:
    """Says when files have changed, and are not being changed any more."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Begins with what they are now."""
        self.watch(paths)

    def watch(self, paths: Iterable[Path]) -> None:
        """Watches these from now on."""
        self._paths = tuple(paths)
        self._known = self._last = state_of(self._paths)

    def has_changed(self) -> bool:
        """Whether they are not what they were, and the same as at the last look."""
        before, self._last = self._last, state_of(self._paths)
        if self._last == self._known or self._last != before:
            return False
        self._known = self._last
        return True
