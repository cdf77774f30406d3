"""An audit log that grows, as a source: matched as lines come, across rotation and restarts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lanner.audit.recorder.tail import (
    POLL_S,
    Tail,
    bookmark_at_end,
    load_bookmark,
    save_bookmark,
)
from lanner.service.skips import Skips

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lanner.api import Batch, Engine
    from lanner.audit.recorder.tail import Bookmark
    from lanner.service.log import Log


class Following:
    """Reads what is appended to a log.

    It begins at the log's end, and where a bookmark is kept, goes on from there the next time: an
    alert is stored before the bookmark is, so lines can be matched again after a kill, and none is
    left out.
    """

    def __init__(self, engine: Engine, path: Path, log: Log, *, keep_in: Path | None) -> None:
        """`keep_in` is the folder of the bookmark.

        Raises:
            OSError: the log or the bookmark cannot be read.
            ValueError: the bookmark is none.

        """
        self._engine = engine
        self._path = path.absolute()
        self._log = log
        self._skips = Skips(log)
        self._bookmark_path = None
        self._has_complained = False
        marked = None
        if keep_in:
            name = hashlib.sha256(str(self._path).encode("utf-8", "surrogateescape")).hexdigest()
            self._bookmark_path = keep_in / f"k8saudit-{name[:16]}.bookmark"
            marked = load_bookmark(self._bookmark_path)
        if marked is None:
            marked = bookmark_at_end(self._path)
            self._keep(marked)
        self._tail = Tail(self._path, marked, complain=lambda said: log(f"audit: {said}", "error"))

    def batches(self) -> Iterator[Batch | None]:
        """What comes; None while nothing does.

        Raises:
            OSError: the log cannot be read.

        """
        while True:
            is_last = self._tail.wait(0)
            for chunk in self._tail.available():
                batch = self._engine.batch(chunk.lines)
                self._skips.take(batch, str(self._path))
                yield batch
                self._keep(chunk.bookmark)
            yield None
            if is_last:
                return
            self._tail.wait(POLL_S)

    def _keep(self, bookmark: Bookmark | None) -> None:
        if not (self._bookmark_path and bookmark):
            return
        try:
            save_bookmark(self._bookmark_path, bookmark)
        except OSError as error:
            # detection goes on: what a full disk costs is that lines are matched again
            if not self._has_complained:
                self._has_complained = True
                self._log(
                    f"{self._bookmark_path}: {error.strerror}: after a restart, lines of"
                    f" {self._path} are matched again",
                    "error",
                )
        else:
            self._has_complained = False

    def stop(self) -> None:
        """Ends it, once what is there is read."""
        self._tail.stop()

    def after_batch(self) -> None:
        """There is nothing to look at."""

    def close(self) -> None:
        """Says what was skipped."""
        self._tail.close()
        self._skips.close()
