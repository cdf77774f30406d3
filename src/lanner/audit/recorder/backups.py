"""The rotated files of a log: their names, which of them stay, what is in the newest.

Names and order of pruning are those of lumberjack v2 (`gopkg.in/natefinch/lumberjack.v2`), which
kube-apiserver uses.
"""

from __future__ import annotations

import collections
import glob
import gzip
import os
import re
import shutil
import stat
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from pathlib import Path

FILE_MODE = 0o600
STAMP = "%Y-%m-%dT%H-%M-%S"
"""The time in the name of a backup; milliseconds follow."""
_STAMP_PATTERN = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}"
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a compressed file that is damaged raises."""
_CHUNK = 1 << 20


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


def backups(path: Path) -> list[Backup]:
    """The rotated files of a log, the newest first; others in the directory are none."""
    prefix, ending = name_parts(path)
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


def name_parts(path: Path) -> tuple[str, str]:
    """What names of backups begin and end with."""
    ending = os.path.splitext(path.name)[1]  # noqa: PTH122 - as Go has it: `.log` is all ending
    return path.name.removesuffix(ending) + "-", ending


def _moment(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, STAMP + ".%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def mill(path: Path, rotation: Rotation, now: datetime) -> None:
    """Removes rotated files beyond what is to stay, and compresses the others.

    Raises:
        OSError: a file cannot be removed or compressed.

    """
    for part in path.parent.glob(f".{glob.escape(name_parts(path)[0])}*.gz.part"):
        part.unlink(missing_ok=True)  # whoever wrote it died
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
    with path.open("rb") as plain:
        found = os.fstat(plain.fileno())
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with (
            os.fdopen(descriptor, "wb") as raw,
            gzip.GzipFile(path.name, "wb", fileobj=raw, mtime=time.time()) as packed,
        ):
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
            os.fchown(descriptor, found.st_uid, found.st_gid)
            shutil.copyfileobj(plain, packed, _CHUNK)
    sync(part)
    part.rename(target)
    sync(path.parent)
    path.unlink()


def open_log(path: Path) -> BinaryIO:
    """Opens a file of a log for reading, compressed or not."""
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path))
    return path.open("rb")


def last_lines(path: Path, limit: int) -> bytes:
    """The last whole lines of a log and of its backups, as many as fit in `limit` bytes.

    Raises:
        OSError: a file cannot be read.
        DAMAGED: a backup is damaged.

    """
    found: list[bytes] = []
    left = limit
    for file in (path, *(backup.path for backup in backups(path))):
        lines, are_all = _last_lines(file, left)
        found.append(lines)
        left -= len(lines)
        if not are_all or left <= 0:
            break
    return b"".join(reversed(found))


def _last_lines(path: Path, limit: int) -> tuple[bytes, bool]:
    """Last lines of a file, and whether they are all that it has."""
    with open_log(path) as file:
        if path.suffix != ".gz":
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit - 1))
        # a byte more than wanted: whether a line begins behind it
        chunks = collections.deque([b"\n"])
        size, taken = 1, 0
        while chunk := file.read(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            taken += len(chunk)
            while size - len(chunks[0]) > limit:
                size -= len(chunks.popleft())
    data = b"".join(chunks)[-limit - 1 :]
    return data[data.find(b"\n") + 1 : data.rfind(b"\n") + 1], taken <= limit


def sync(path: Path) -> None:
    """What was written to a file or directory is on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
