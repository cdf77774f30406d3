"""Putting a manifest in place of another, so that kubelet sees the one or the other."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DIRECTORY_MODE, _FILE_MODE = 0o700, 0o600


class ChangedError(OSError):
    """The file is not what was looked at: somebody else changes it, too."""


def replace_file(path: Path, before: bytes, after: bytes, backups: Path) -> Path:
    """Replaces a file's content in one step; its owner and mode stay. The copy of the one before.

    kubelet reads every file in the manifest's folder whose name has no dot at its beginning: the
    copy must be elsewhere, and what is written meanwhile is hidden from it.

    Raises:
        ChangedError: the file does not hold `before` any more, or is a link.
        OSError: something cannot be written; the file is as it was.

    """
    if backups.resolve() == path.parent.resolve():
        raise OSError(None, "kubelet would start what is copied here", str(backups))
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise ChangedError(None, "is a link, or no regular file: name the file itself", str(path))
    backups.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}"
    copy = backups / f"{path.stem}-{stamp}{path.suffix}"
    _write(copy, before, _FILE_MODE)
    part = path.with_name(f".{path.name}.lanner")
    part.unlink(missing_ok=True)
    try:
        _write(part, after, _FILE_MODE)
        os.chown(part, found.st_uid, found.st_gid)
        part.chmod(stat.S_IMODE(found.st_mode))
        if path.read_bytes() != before:
            raise ChangedError(None, "was changed by somebody else meanwhile", str(path))
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)
    return copy


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
