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
        self._known: dict[Path, State] = {}
        self.watch(paths)

    def watch(self, paths: Iterable[Path]) -> None:
        """Watches these from now on. A change that has not been told yet of those that were watched
        before is not forgotten: it may have come after they were read.
        """
        self._last = {path: state_of([path]) for path in paths}
        self._known = {path: self._known.get(path, now) for path, now in self._last.items()}

    def has_changed(self) -> bool:
        """Whether they are not what they were, and the same as at the last look."""
        before, self._last = self._last, {path: state_of([path]) for path in self._last}
        if self._last == self._known or self._last != before:
            return False
        self._known = self._last
        return True
