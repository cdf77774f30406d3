"""Reading a log that grows, across its rotation, from where the last reader stopped."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from lanner.audit.recorder.backups import DAMAGED, FILE_MODE, backups, open_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from pathlib import Path

POLL_S = 0.2
_CHUNK = 1 << 20
_MAX_LINE = 64 << 20
"""Of a longer line nothing is read: it is no event."""
_KNOWN_BY = 4096
"""A file is known by so many bytes before the place that was reached: inodes are used again, and
compressing changes them; and files can begin alike, since clients choose much of an event."""


class Bookmark(msgspec.Struct, frozen=True):
    """How far a log was read.

    Attributes:
        offset: bytes of the file that were read.
        digest: of the last ones of these.
        after: the newest rotated file (without `.gz`) when reading the file began: it and those
            before it were read, or passed over.

    """

    offset: int
    digest: str
    after: str


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


def bookmark_at_end(path: Path) -> Bookmark | None:
    """Behind the last whole line that a log has now; None where there is no log yet.

    Raises:
        OSError: it cannot be read.

    """
    try:
        opened = path.open("rb", buffering=0)
    except FileNotFoundError:
        return None
    with opened:
        before = _rotated(path)
        offset = _end_of_lines(opened)
        return Bookmark(offset, _digest(_known(opened, offset)), before[-1].name if before else "")


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
        self._is_over = threading.Event()
        # the log as it was opened last: it may get a name that says nothing
        self._held: FileIO | None = None

    def stop(self) -> None:
        """Lets `chunks` end with what is there; a signal handler may call this."""
        self._is_over.set()

    def chunks(self) -> Iterator[Chunk]:
        """Chunks of lines, and waits for more. Ends after `stop`.

        Raises:
            OSError: a file cannot be read.

        """
        with contextlib.closing(self):
            while True:
                is_last = self._is_over.is_set()
                yield from self.available()
                if is_last:
                    return
                self.wait(POLL_S)

    def wait(self, seconds: float) -> bool:
        """Waits, but no longer than until `stop`: whether that was called."""
        return self._is_over.wait(seconds)

    def available(self) -> Iterator[Chunk]:
        """Chunks of the lines that are there now; when the log was rotated, first those of the
        files before it.

        Raises:
            OSError: a file cannot be read.

        """
        try:
            opened = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            if self._held and self._bookmark and _reaches(self._held, self._bookmark):
                yield from self._read(self._held, self._bookmark, at_end=False)
            return
        with contextlib.ExitStack() as unless_held:
            unless_held.enter_context(opened)
            old = _rotated(self._path)
            if not self._is_current(opened):
                return  # rotated meanwhile: the next time finds it
            marked = self._bookmark
            unread = [file for file in old if marked is None or file.name > marked.after]
            if marked and not unread and _reaches(opened, marked):
                start = marked
            else:
                if marked and not unread:
                    yield from self._renamed(opened, marked)
                yield from self._old(unread)
                self._bookmark = start = _beginning(old)
            yield from self._read(opened, start, at_end=False)
            unless_held.pop_all()
            self.close()
            self._held = opened

    def _renamed(self, opened: FileIO, marked: Bookmark) -> Iterator[Chunk]:
        """What was not read of the log when another file has taken its name."""
        held = self._held
        is_another = held and not os.path.samestat(_stat(held), _stat(opened))
        if held and is_another and _reaches(held, marked):
            yield from self._read(held, marked, at_end=True)
            return
        self._complain(
            f"{self._path}: was cut or replaced: it is read from its beginning, and events"
            " before may be missing"
        )

    def close(self) -> None:
        """Closes the log; `available` opens it again."""
        if self._held:
            self._held.close()
            self._held = None

    def _is_current(self, opened: FileIO) -> bool:
        try:
            return os.path.samestat(_stat(opened), self._path.stat())
        except FileNotFoundError:
            return False

    def _old(self, unread: list[Path]) -> Iterator[Chunk]:
        """What was not read of rotated files, the oldest first."""
        for place, file in enumerate(unread):
            try:
                with _open_rotated(file) as opened:
                    marked = self._bookmark if place == 0 else None
                    if marked and not _reaches(opened, marked):
                        self._complain(
                            f"{self._path}: the file that was read last is gone: events between"
                            " may be missing"
                        )
                        marked = None
                    before = [path for path in _rotated(self._path) if path.name < file.name]
                    start = marked or _beginning(before)
                    yield from self._read(opened, start, at_end=True)
            except FileNotFoundError:
                self._complain(f"{file}: was removed before it was read")
            except DAMAGED as error:
                self._complain(f"{file}: is damaged: {error}")

    def _read(self, file: BinaryIO | FileIO, start: Bookmark, *, at_end: bool) -> Iterator[Chunk]:
        """Whole lines from a place on; of a file that will not grow, the rest, too."""
        offset, known = start.offset, _known(file, start.offset)

        def advance(data: bytes) -> Bookmark:
            nonlocal offset, known
            offset += len(data)
            known = (known + data[-_KNOWN_BY:])[-_KNOWN_BY:]
            self._bookmark = Bookmark(offset, _digest(known), start.after)
            return self._bookmark

        pending = b""
        while data := file.read(_CHUNK):
            end = data.rfind(b"\n") + 1
            if end:
                lines, pending = pending + data[:end], data[end:]
                yield Chunk(lines, advance(lines))
                continue
            pending += data
            if len(pending) > _MAX_LINE:
                self._complain(f"{self._path}: a line of over {_MAX_LINE} bytes is passed over")
                advance(pending)
                pending = b""
        if at_end and pending:
            yield Chunk(pending + b"\n", advance(pending))


def _stat(file: FileIO) -> os.stat_result:
    return os.fstat(file.fileno())


def _rotated(path: Path) -> list[Path]:
    """What a log was rotated to, the oldest first, whether it is compressed by now or not."""
    found = (backup.path for backup in reversed(backups(path)))
    return list(dict.fromkeys(file.with_name(file.name.removesuffix(".gz")) for file in found))


def _open_rotated(file: Path) -> BinaryIO:
    try:
        return open_log(file)
    except FileNotFoundError:
        return open_log(file.with_name(file.name + ".gz"))


def _beginning(before: list[Path]) -> Bookmark:
    """Where a file begins, from those that were rotated before it."""
    return Bookmark(0, _digest(b""), before[-1].name if before else "")


def _reaches(file: BinaryIO | FileIO, marked: Bookmark) -> bool:
    """Whether this is the file that was read up to there."""
    known = _known(file, marked.offset)
    return len(known) == min(marked.offset, _KNOWN_BY) and _digest(known) == marked.digest


def _end_of_lines(file: FileIO) -> int:
    """Where the line begins that is still being written."""
    place = file.seek(0, os.SEEK_END)
    while place > 0:
        start = max(0, place - _CHUNK)
        file.seek(start)
        found = file.read(place - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        place = start
    return 0


def _known(file: BinaryIO | FileIO, offset: int) -> bytes:
    """What a place is known by; reading goes on behind it."""
    file.seek(max(0, offset - _KNOWN_BY))
    return file.read(min(offset, _KNOWN_BY))


def _digest(known: bytes) -> str:
    return hashlib.sha256(known).hexdigest()
