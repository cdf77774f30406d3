"""Which files an audit scan reads, and in which order.

Rotated logs are read oldest first, so that alerts come in the order in which
things happened: files of a directory are ordered by the time of their first
event, and by modification time where a file has none that can be read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

STDIN = "-"


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
        """Size of all files on disk, or None when standard input is among them."""
        if STDIN in self.paths:
            return None
        return sum(_size(Path(path)) for path in self.paths)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


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
    try:
        with Path(path).open("rb"):
            return True
    except OSError as error:
        problems.append(InputProblem(path, error.strerror or str(error)))
        return False


def _order(path: str, first_event_time: Callable[[str], int | None]) -> tuple[int, str]:
    time = first_event_time(path)
    return (Path(path).stat().st_mtime_ns if time is None else time, path)
