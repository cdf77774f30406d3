"""A log file that is rotated as kube-apiserver rotates its own.

That is lumberjack v2 (`gopkg.in/natefinch/lumberjack.v2`): the same names of backups, the same
order of pruning. Other than there, nothing is ever written over: a backup whose name is taken gets
the next free millisecond, and a line that is larger than a file may be gets a file of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from lanner.audit.recorder.backups import FILE_MODE, STAMP, mill, name_parts, sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lanner.audit.recorder.backups import Rotation

DIRECTORY_MODE = 0o700
_SEARCHED = 1 << 20


class Lines(Protocol):
    """Lines to be written (`lanner._native.Taken`)."""

    @property
    def lines(self) -> bytes:
        """Each ended by a newline."""

    def end_within(self, start: int, limit: int) -> int | None:
        """Where the last line ends that ends within `limit` bytes and behind `start`."""

    def end_of_line(self, start: int) -> int | None:
        """Where the line ends that begins at `start`."""


class AnotherWriterError(OSError):
    """Somebody else writes this file."""


class RotatingFile:
    """The file, open for appending. Only one process may have it.

    `write` and `sync` are called by one thread; old files are compressed and removed by another.
    """

    def __init__(
        self,
        path: Path,
        rotation: Rotation,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        complain: Callable[[str], None] = lambda _message: None,
    ) -> None:
        """Opens the file, and creates it and its directory if they are not there.

        A last line without an end was torn when whoever wrote it died: it is cut off, and said.

        Raises:
            AnotherWriterError: it is being written.
            OSError: it cannot be opened.

        """
        self._path = path.absolute()
        self._rotation = rotation
        self._now = now
        self._complain = complain
        self._milling = threading.Lock()
        self._mills: list[threading.Thread] = []
        self._is_torn = False
        _make_directory(self._path.parent)
        self._adopt(self._opened_whole())
        self._start_mill()

    def write(self, taken: Lines) -> None:
        """Writes lines. If that fails, no part of a line stays.

        Raises:
            OSError: the file, or the one after it, cannot be written.

        """
        self._mend()
        if not os.fstat(self._file).st_nlink:
            self.reopen()  # it was removed: nobody would ever read that
        self._size = os.fstat(self._file).st_size  # others may have cut it (copytruncate)
        lines = memoryview(taken.lines)
        limit = self._rotation.max_size
        start = 0
        while start < len(lines):
            end: int | None = len(lines)
            if limit and self._size + len(lines) - start > limit:
                end = taken.end_within(start, start + limit - self._size)
                if end is None and self._size:
                    self._rotate()
                    continue
                # alone in a file, it may be larger
                end = end or taken.end_of_line(start) or len(lines)
            self._append(lines[start:end])
            start = end or len(lines)

    def sync(self) -> None:
        """What was written is on the disk when this returns."""
        os.fdatasync(self._file)

    def reopen(self) -> None:
        """Opens the file under its name again, after others have moved it.

        Raises:
            OSError: it cannot be opened; the one that is open stays in use.

        """
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(self._path.lstat(), os.fstat(self._file)):
                return
        file = self._opened_whole()
        # Not before: its number would go to the next connection, and so would the lines.
        os.close(self._file)
        self._adopt(file)

    def close(self) -> None:
        """Closes the file, when old files are dealt with."""
        for thread in self._mills:
            thread.join()
        os.close(self._file)

    def _opened(self) -> int:
        """A descriptor of the file with the name, which nobody else writes."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(self._path, flags, FILE_MODE)
        with contextlib.ExitStack() as failed:
            failed.callback(os.close, file)
            self._claim(file)
            sync(self._path.parent)
            failed.pop_all()
        return file

    def _opened_whole(self) -> int:
        """The same, without a torn line at its end."""
        file = self._opened()
        try:
            self._cut_torn_line(file)
        except OSError:
            os.close(file)
            raise
        return file

    def _claim(self, file: int) -> None:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(None, "is no regular file", str(self._path))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = "another process writes this file"
            raise AnotherWriterError(None, message, str(self._path)) from None

    def _adopt(self, file: int) -> None:
        self._file, self._size = file, os.fstat(file).st_size

    def _cut_torn_line(self, file: int) -> None:
        size = end = os.fstat(file).st_size
        while end:
            begin = max(0, end - _SEARCHED)
            newline = os.pread(file, end - begin, begin).rfind(b"\n")
            end = begin if newline < 0 else begin + newline + 1
            if newline >= 0:
                break
        if end < size:
            self._complain(
                f"{self._path}: cut off a last line without an end ({size - end} bytes):"
                " whoever wrote it did not get to its end"
            )
            os.ftruncate(file, end)

    def _append(self, data: memoryview) -> None:
        try:
            left = data
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            # a full disk: half a line must not stay
            self._is_torn = True
            self._mend()
            raise
        self._size += len(data)

    def _mend(self) -> None:
        """Takes back what was written in part."""
        if self._is_torn:
            if self._size < os.fstat(self._file).st_size:
                os.ftruncate(self._file, self._size)
            self._is_torn = False

    def _rotate(self) -> None:
        """Gives the file the name of a backup, and begins another one with its owner and mode."""
        os.fdatasync(self._file)
        old = os.fstat(self._file)
        backup = self._free_name()
        self._path.rename(backup)
        try:
            file = self._opened()
        except OSError:
            # the disk has no room for another file: it goes on with this one
            backup.rename(self._path)
            raise
        os.close(self._file)
        self._adopt(file)
        try:
            os.fchown(file, old.st_uid, old.st_gid)
            os.fchmod(file, stat.S_IMODE(old.st_mode))
        except OSError as error:
            self._complain(f"{self._path}: does not get its owner and mode back: {error.strerror}")
        self._start_mill()

    def _free_name(self) -> Path:
        prefix, ending = name_parts(self._path)
        moment = self._now().astimezone(UTC)
        while True:
            stamp = f"{moment:{STAMP}}.{moment.microsecond // 1000:03}"
            path = self._path.with_name(f"{prefix}{stamp}{ending}")
            if not path.exists() and not path.with_name(path.name + ".gz").exists():
                return path
            moment += timedelta(milliseconds=1)

    def _start_mill(self) -> None:
        self._mills = [thread for thread in self._mills if thread.is_alive()]
        thread = threading.Thread(target=self._mill, name="rotation")
        self._mills.append(thread)
        thread.start()

    def _mill(self) -> None:
        with self._milling:
            try:
                mill(self._path, self._rotation, self._now())
            except OSError as error:
                self._complain(f"{error.filename or self._path}: {error.strerror}: it stays")


def _make_directory(path: Path) -> None:
    """Makes a directory and those it is in; they are there after a crash, too."""
    if path.is_dir():
        return
    _make_directory(path.parent)
    path.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    sync(path.parent)
