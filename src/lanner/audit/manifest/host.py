"""The node's files, below a root that tests choose."""

from __future__ import annotations

import os
import stat
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath


class Kind(Enum):
    """What is at a path."""

    NOTHING = "nothing"
    FILE = "a file"
    DIRECTORY = "a directory"
    OTHER = "neither a file nor a directory"


class Host:
    """Looks at files of the node."""

    def __init__(self, root: Path) -> None:
        """With `/` at a directory."""
        self._root = root

    def path(self, path: PurePosixPath) -> Path:
        """Where a path of the node is."""
        return self._root / path.relative_to("/")

    def kind(self, path: PurePosixPath) -> Kind:
        """What is there; links are followed, as kubelet does."""
        try:
            mode = self.path(path).stat().st_mode
        except OSError:
            return Kind.NOTHING
        if stat.S_ISREG(mode):
            return Kind.FILE
        return Kind.DIRECTORY if stat.S_ISDIR(mode) else Kind.OTHER

    def allows(self, path: PurePosixPath, user: int, right: int) -> bool:
        """Whether a user (by its mode bits alone; groups are not looked at) may `os.R_OK` or
        `os.W_OK` it. Root may.
        """
        if user == 0:
            return True
        try:
            found = self.path(path).stat()
        except OSError:
            return False
        shift = 6 if found.st_uid == user else 0
        bit = {os.R_OK: 4, os.W_OK: 2}[right]
        return bool(found.st_mode >> shift & bit)
