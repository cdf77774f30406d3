"""Alerts in the logs of Falco and Lanner, and in systemd's journal."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from lanner.api.alert_lines import KeptAlert, parse_line
from lanner.api.alerts import AlertFilter, AlertsError
from lanner.audit.inputs import STDIN, find_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_LINE = 16 << 20
_LATE_S = 60
_CRI = re.compile(rb"\d{4}-\S{1,40} (stdout|stderr) ([PF]) ")
"""What container runtimes write before a line, or before a part of one."""
_UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)


@dataclass(slots=True)
class LoggedAlerts:
    """The alerts of logs, one a line, as Falco and Lanner write them (JSON or text, also through
    syslog, kubectl and container runtimes), and as `journalctl -o json` prints them.

    Attributes:
        passed_over: lines that are no alerts.
        undated: alerts with a time of day alone, which were left out because a time was asked for.
        problems: files that cannot be read, or not to their ends, and why.

    """

    paths: tuple[str, ...]
    passed_over: int = field(default=0, init=False)
    undated: int = field(default=0, init=False)
    problems: list[str] = field(default_factory=list, init=False)

    def read(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts of all files, those of the oldest first; a directory stands for the files in
        it, `-` is standard input.
        """
        found = find_inputs(self.paths, lambda _path: None)
        self.problems += [f"{one.path}: {one.reason}" for one in found.problems]
        for path in _oldest_first(found.paths):
            try:
                with _opened(path) as file:
                    yield from self.parsed(file, chosen)
            except _UNREADABLE as error:
                self.problems.append(f"{path}: {getattr(error, 'strerror', None) or error}")

    def parsed(self, lines: IO[bytes], chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts among lines."""
        has_window = chosen.since_ns is not None or chosen.until_ns is not None
        for line in self._whole(lines):
            kept = parse_line(line)
            if kept is None:
                self.passed_over += 1
            elif has_window and not kept.time_ns:
                self.undated += 1
            elif chosen.takes(kept):
                yield kept

    def _whole(self, lines: IO[bytes]) -> Iterator[bytes]:
        """Lines with something in them; put together again where a runtime cut them."""
        parts: dict[bytes, bytes] = {}
        while line := lines.readline(_MAX_LINE + 2):
            if len(line) > _MAX_LINE:
                self.passed_over += 1
                while line and not line.endswith(b"\n"):
                    line = lines.readline(_MAX_LINE)
                continue
            if found := _CRI.match(line):
                before = parts.pop(found[1], found[0])
                line = before + line[found.end() :]
                if found[2] == b"P" and len(line) <= _MAX_LINE:
                    parts[found[1]] = line.rstrip(b"\r\n")
                    continue
            if line.strip():
                yield line
        yield from parts.values()


class JournalAlerts(LoggedAlerts):
    """The alerts in systemd's journal: those of `journal_output`, and of programs of some names."""

    def __init__(
        self, identifiers: Iterable[str] = ("lanner", "falco"), *, follows: bool = False
    ) -> None:
        """`follows` goes on with what comes, from now on, until `stop`."""
        super().__init__(())
        words = [word for name in identifiers for word in ("-t", name)]
        self._command = ["journalctl", "--output=json", "--no-pager", "--quiet", "--all", *words]
        if follows:
            self._command += ["--follow", "--lines=0"]
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, chosen: AlertFilter) -> Iterator[KeptAlert]:
        """The alerts, the oldest first.

        Raises:
            AlertsError: the journal cannot be read.

        """
        command = list(self._command)
        for option, time_ns in (("since", chosen.since_ns), ("until", chosen.until_ns)):
            if time_ns is not None:
                # entries come a moment after their alerts
                seconds = time_ns // 1_000_000_000 + (_LATE_S if option == "until" else 0)
                command.append(f"--{option}=@{seconds}")
        try:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise AlertsError(f"journalctl: {error.strerror}") from None
        with self._process as process:
            yield from self.parsed(cast("IO[bytes]", process.stdout), chosen)
            said = cast("IO[bytes]", process.stderr).read().decode("utf-8", "replace").strip()
        if process.returncode > 0:
            raise AlertsError(f"journalctl: {said or f'exit code {process.returncode}'}")

    def stop(self) -> None:
        """Ends it; a signal handler may call this."""
        if self._process:
            self._process.terminate()


def _opened(path: str) -> IO[bytes]:
    """A file, decompressed: what it is compressed with is told by its content."""
    file = cast("IO[bytes]", sys.stdin.buffer if path == STDIN else Path(path).open("rb"))  # noqa: SIM115
    start = file.peek(6)  # type: ignore[attr-defined]
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.open(file))
    if start.startswith(b"BZh"):
        return bz2.open(file)
    if start.startswith(b"\xfd7zXZ\0"):
        return lzma.open(file)
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        raise OSError("it is compressed with zstd: `zstd -dc FILE | lanner alerts -` reads it")
    return file


def _oldest_first(paths: tuple[str, ...]) -> Iterable[str]:
    """As the times of the first alerts say, or of changes; streams keep their places."""
    if len(paths) < 2 or not all(Path(path).is_file() for path in paths):
        return paths
    return sorted(paths, key=lambda path: _first_time(path) or Path(path).stat().st_mtime_ns)


def _first_time(path: str) -> int | None:
    """When the first alert of a file was, where that is known."""
    try:
        with _opened(path) as file:
            first = next(LoggedAlerts(()).parsed(file, AlertFilter()), None)
    except _UNREADABLE:
        return None
    return first.time_ns or None if first else None
