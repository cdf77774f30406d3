"""Reading a log that grows, across its rotation, from where the last reader stopped."""

from __future__ import annotations

import gzip
import hashlib
import os
import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from lanner.audit.recorder.rotation import FILE_MODE, backups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from pathlib import Path

POLL_S = 0.2
_CHUNK = 1 << 20
_MAX_LINE = 64 << 20
"""Of a longer line nothing is read: it is no event."""
_HEAD = 512
"""A file is known by so many of its first bytes: inodes are used again, and compressing changes
them."""


class Bookmark(msgspec.Struct, frozen=True):
    """How far a log was read: which file (a digest of its first `head` bytes), and how far."""

    digest: str
    head: int
    offset: int


def load_bookmark(path: Path) -> Bookmark | None:
    """The bookmark in a file; None where there is none yet.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no bookmark.

    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Bookmark)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: is no bookmark: {error}") from None


def save_bookmark(path: Path, bookmark: Bookmark) -> None:
    """Writes a bookmark; the old or the new one is there whatever happens.

    Raises:
        OSError: it cannot be written.

    """
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(bookmark))
        file.flush()
        os.fsync(descriptor)
    part.rename(path)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines, and where reading goes on behind them."""

    lines: bytes
    bookmark: Bookmark


class Tail:
    """The lines of a log and of what it was rotated to, as they come."""

    def __init__(
        self,
        path: Path,
        bookmark: Bookmark | None = None,
        *,
        complain: Callable[[str], None] = lambda _message: None,
    ) -> None:
        """Goes on behind a bookmark; without one, at the beginning of the oldest file."""
        self._path = path.absolute()
        self._bookmark = bookmark
        self._complain = complain
        self._missed: Bookmark | None = None
        self._is_over = threading.Event()

    def stop(self) -> None:
        """Lets `chunks` end with what is there; a signal handler may call this."""
        self._is_over.set()

    def chunks(self) -> Iterator[Chunk]:
        """Chunks of lines, and waits for more. Ends after `stop`.

        Raises:
            OSError: a file cannot be read.

        """
        for file in self._old_files():
            yield from self._old(file)
        while True:
            is_last = self._is_over.is_set()
            yield from self._current()
            if is_last:
                return
            self._is_over.wait(POLL_S)

    def _old_files(self) -> list[Path]:
        """Rotated files that were not read to their end, the oldest first."""
        old = [backup.path for backup in reversed(backups(self._path))]
        if self._bookmark is None:
            return old
        for place, file in enumerate(old):
            if self._is_marked(file):
                return old[place:]
        if not self._is_marked(self._path) and self._missed != self._bookmark:
            self._missed = self._bookmark
            self._complain(
                f"{self._path}: the file that was read last is gone: events between may be missing"
            )
            return old
        return []

    def _is_marked(self, file: Path) -> bool:
        marked = self._bookmark
        try:
            with _open(file) as opened:
                return marked is not None and _digest(opened.read(marked.head)) == marked.digest
        except (OSError, EOFError, zlib.error):  # gone, or damaged
            return False

    def _old(self, file: Path) -> Iterator[Chunk]:
        """The rest of a rotated file."""
        offset = self._bookmark.offset if self._bookmark and self._is_marked(file) else 0
        try:
            with _open(file) as opened:
                yield from self._read(opened, offset, at_end=True)
        except FileNotFoundError:
            self._complain(f"{file}: was removed before it was read")
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            self._complain(f"{file}: is damaged: {error}")

    def _current(self) -> Iterator[Chunk]:
        """What there is in the file, and when it is rotated meanwhile, in those after it."""
        try:
            opened = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return
        with opened:
            marked = self._bookmark
            head = opened.read(marked.head) if marked else b""
            offset = 0
            if marked and _digest(head) == marked.digest:
                offset = marked.offset
                if os.fstat(opened.fileno()).st_size < offset:
                    self._complain(f"{self._path}: became shorter: it is read from its beginning")
                    offset = 0
            elif marked:
                # Another file has the name: what is left of the one before comes first.
                for file in self._old_files():
                    yield from self._old(file)
                self._bookmark = Bookmark(_digest(b""), 0, 0)
            yield from self._read(opened, offset, at_end=False)

    def _read(self, file: BinaryIO | FileIO, offset: int, *, at_end: bool) -> Iterator[Chunk]:
        """Whole lines from a place on; of a file that will not grow, the rest, too."""
        file.seek(0)
        head = file.read(_HEAD)
        digest, length = _digest(head), len(head)
        file.seek(offset)
        pending = b""
        while data := file.read(_CHUNK):
            pending += data
            end = pending.rfind(b"\n") + 1
            if not end and len(pending) > _MAX_LINE:
                self._complain(f"{self._path}: a line of over {_MAX_LINE} bytes is passed over")
                offset, pending = offset + len(pending), b""
                continue
            if end:
                offset += end
                yield self._chunk(pending[:end], Bookmark(digest, length, offset))
                pending = pending[end:]
        if at_end and pending:
            offset += len(pending)
            yield self._chunk(pending + b"\n", Bookmark(digest, length, offset))

    def _chunk(self, lines: bytes, bookmark: Bookmark) -> Chunk:
        self._bookmark = bookmark
        return Chunk(lines, bookmark)


def _open(file: Path) -> BinaryIO:
    if file.suffix == ".gz":
        return cast("BinaryIO", gzip.open(file))
    return file.open("rb")


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()
