"""A log file that is rotated as kube-apiserver rotates its own.

That is lumberjack v2 (`gopkg.in/natefinch/lumberjack.v2`): the same names of backups, the same
order of pruning. Other than there, nothing is ever written over: a backup whose name is taken gets
the next free millisecond, and a line that is larger than a file may be gets a file of its own.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import re
import shutil
import stat
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
_STAMP = "%Y-%m-%dT%H-%M-%S"
_STAMP_PATTERN = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}"
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


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a file is rotated, and what becomes of it; the API server's `--audit-log-…` flags.

    Attributes:
        max_size: bytes of a file; 0 for no rotation (as since Kubernetes 1.36).
        max_backups: so many rotated files stay; 0 for all.
        max_age_days: rotated files older than this are removed; 0 for never.
        compress: rotated files are compressed with gzip.

    """

    max_size: int = 100 << 20
    max_backups: int = 100
    max_age_days: int = 366
    compress: bool = False


@dataclass(frozen=True, slots=True)
class Backup:
    """A rotated file, and when it was."""

    path: Path
    time: datetime


class AnotherWriterError(OSError):
    """Somebody else writes this file."""


def backups(path: Path) -> list[Backup]:
    """The rotated files of a log, the newest first; others in the directory are none."""
    prefix, ending = _parts(path)
    form = re.compile(
        re.escape(prefix) + f"(?P<stamp>{_STAMP_PATTERN})" + re.escape(ending) + r"(\.gz)?"
    )
    found = []
    for file in path.parent.iterdir():
        match = form.fullmatch(file.name)
        moment = match and _moment(match["stamp"])
        if moment:
            found.append(Backup(file, moment))
    return sorted(found, key=lambda backup: (backup.time, backup.path.name), reverse=True)


def _parts(path: Path) -> tuple[str, str]:
    """What names of backups begin and end with."""
    ending = os.path.splitext(path.name)[1]  # noqa: PTH122 - as Go has it: `.log` is all ending
    return path.name.removesuffix(ending) + "-", ending


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, _STAMP + ".%f").replace(tzinfo=UTC)
    except ValueError:
        return None


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
        self._path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        self._open()
        self._cut_torn_line()
        self._start_mill()

    def write(self, taken: Lines) -> None:
        """Writes lines. If that fails, no part of a line stays.

        Raises:
            OSError: the file, or the one after it, cannot be written.

        """
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
        """Opens the file under its name again, after others have moved it."""
        os.close(self._file)
        self._open()
        self._cut_torn_line()

    def close(self) -> None:
        """Closes the file, when old files are dealt with."""
        for thread in self._mills:
            thread.join()
        os.close(self._file)

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._path, flags, FILE_MODE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            message = "another process writes this file"
            raise AnotherWriterError(None, message, str(self._path)) from None
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._file)
            raise OSError(None, "is no regular file", str(self._path))
        self._size = found.st_size
        self._sync_directory()

    def _sync_directory(self) -> None:
        directory = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _cut_torn_line(self) -> None:
        end = self._size
        while end:
            begin = max(0, end - _SEARCHED)
            newline = os.pread(self._file, end - begin, begin).rfind(b"\n")
            end = begin if newline < 0 else begin + newline + 1
            if newline >= 0:
                break
        if end < self._size:
            self._complain(
                f"{self._path}: cut off a last line without an end ({self._size - end} bytes):"
                " whoever wrote it did not get to its end"
            )
            os.ftruncate(self._file, end)
            self._size = end

    def _append(self, data: memoryview) -> None:
        before = self._size
        try:
            left = data
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            # a full disk: half a line must not stay
            os.ftruncate(self._file, before)
            raise
        self._size += len(data)

    def _rotate(self) -> None:
        """Gives the file the name of a backup, and begins another one with its owner and mode."""
        os.fdatasync(self._file)
        before, old = self._file, os.fstat(self._file)
        backup = self._free_name()
        self._path.rename(backup)
        try:
            self._open()
        except OSError:
            # the disk has no room for another file: it goes on with this one
            backup.rename(self._path)
            self._file, self._size = before, old.st_size
            raise
        os.close(before)
        os.fchmod(self._file, stat.S_IMODE(old.st_mode))
        os.fchown(self._file, old.st_uid, old.st_gid)
        self._start_mill()

    def _free_name(self) -> Path:
        prefix, ending = _parts(self._path)
        moment = self._now().astimezone(UTC)
        while True:
            stamp = f"{moment:{_STAMP}}.{moment.microsecond // 1000:03}"
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


def mill(path: Path, rotation: Rotation, now: datetime) -> None:
    """Removes rotated files beyond what is to stay, and compresses the others.

    Raises:
        OSError: a file cannot be removed or compressed.

    """
    kept: list[Backup] = []
    names: set[str] = set()
    removed: list[Backup] = []
    oldest = now - timedelta(days=rotation.max_age_days)
    for backup in backups(path):
        # a file and its compressed form count once
        names.add(backup.path.name.removesuffix(".gz"))
        is_beyond = rotation.max_backups and len(names) > rotation.max_backups
        is_old = rotation.max_age_days and backup.time < oldest
        (removed if is_beyond or is_old else kept).append(backup)
    for backup in removed:
        backup.path.unlink(missing_ok=True)
    if rotation.compress:
        for backup in kept:
            if backup.path.suffix != ".gz":
                _compress(backup.path)


def _compress(path: Path) -> None:
    """Compresses a file; it is there in one form or the other, whatever happens."""
    target = path.with_name(path.name + ".gz")
    part = path.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    with path.open("rb") as plain:
        found = os.fstat(plain.fileno())
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with (
            os.fdopen(descriptor, "wb") as raw,
            gzip.GzipFile(path.name, "wb", fileobj=raw, mtime=time.time()) as packed,
        ):
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
            os.fchown(descriptor, found.st_uid, found.st_gid)
            shutil.copyfileobj(plain, packed, _SEARCHED)
        _sync(part)
    part.rename(target)
    path.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
