"""Which files an audit scan reads, and in which order.

Rotated logs are read oldest first, so that alerts come in the order in which
things happened: files of a directory are ordered by the time of their first
event, and by modification time where a file has none that can be read.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

STDIN = "-"
NO_NAME = "the name is not UTF-8: give it another, or read it from standard input (-)"


@dataclass(frozen=True, slots=True)
class InputProblem:
    """A path that cannot be read, with the system's reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Paths in reading order (`-` is standard input), and what could not be used."""

    paths: tuple[str, ...]
    problems: tuple[InputProblem, ...]

    @property
    def total_bytes(self) -> int | None:
        """Size of all files on disk, or None when one of the inputs is a stream."""
        files = [Path(path) for path in self.paths]
        if not all(file.is_file() for file in files):
            return None
        return sum(file.stat().st_size for file in files)


def is_readable_name(path: str) -> bool:
    """Whether the readers can be told of a file: names are text for them."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def find_inputs(arguments: Iterable[str], first_event_time: Callable[[str], int | None]) -> Inputs:
    """Expands directories and checks that files can be read.

    Files that are named keep the order in which they were named; a directory
    stands for all regular files below it that are not hidden.
    `first_event_time` tells the time (ns) of the first event in a file.
    """
    paths: list[str] = []
    problems: list[InputProblem] = []
    for argument in arguments:
        path = Path(argument)
        if argument == STDIN:
            paths.append(STDIN)
        elif path.is_dir():
            found = list(_files_below(path, problems))
            readable = [file for file in found if _check(file, problems)]
            paths.extend(sorted(readable, key=lambda file: _order(file, first_event_time)))
            if not found:
                problems.append(InputProblem(argument, "the directory holds no files"))
        elif _check(argument, problems):
            paths.append(argument)
    return Inputs(tuple(paths), tuple(problems))


def _files_below(directory: Path, problems: list[InputProblem]) -> Iterator[str]:
    def failed(error: OSError) -> None:
        problems.append(InputProblem(str(error.filename), error.strerror or str(error)))

    for root, directories, files in os.walk(directory, onerror=failed):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        for name in sorted(files):
            file = Path(root, name)
            if not name.startswith(".") and file.is_file():
                yield str(file)


def _check(path: str, problems: list[InputProblem]) -> bool:
    if not is_readable_name(path):
        problems.append(InputProblem(path, NO_NAME))
        return False
    try:
        if stat.S_ISREG(Path(path).stat().st_mode):
            with Path(path).open("rb"):
                return True
        # opening a pipe and closing it again would end the one who writes into it
        if os.access(path, os.R_OK):
            return True
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    except OSError as error:
        problems.append(InputProblem(path, error.strerror or str(error)))
        return False


def _order(path: str, first_event_time: Callable[[str], int | None]) -> tuple[int, str]:
    time = first_event_time(path)
    return (Path(path).stat().st_mtime_ns if time is None else time, path)
