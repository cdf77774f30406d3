"""Files are rotated as kube-apiserver's library does it; nothing is torn or written over."""

from __future__ import annotations

import errno
import gzip
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.audit.recorder.backups import Rotation, backups, last_lines, mill
from lanner.audit.recorder.rotation import AnotherWriterError, RotatingFile

START = datetime(2026, 11, 23, 7, 18, 46, 704000, tzinfo=UTC)


class Taken:
    """Lines, as the native intake gives them."""

    def __init__(self, *lines: bytes) -> None:
        self.lines = b"".join(lines)
        self._ends = [sum(map(len, lines[: count + 1])) for count in range(len(lines))]

    def end_within(self, start: int, limit: int) -> int | None:
        return max((end for end in self._ends if start < end <= limit), default=None)

    def end_of_line(self, start: int) -> int | None:
        return min((end for end in self._ends if end > start), default=None)


class Clock:
    """A second later each time."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        now, self.now = self.now, self.now + timedelta(seconds=1)
        return now


def contents(directory: Path) -> dict[str, bytes]:
    found = {}
    for file in directory.iterdir():
        data = file.read_bytes()
        found[file.name] = gzip.decompress(data) if file.suffix == ".gz" else data
    return found


def line(letter: str, length: int) -> bytes:
    return letter.encode() * (length - 1) + b"\n"


@pytest.mark.parametrize(
    ("sizes", "files"),
    [
        ([4, 6], ["aaaa|bbbbbb"]),  # just full
        ([4, 7], ["aaaa", "bbbbbbb"]),
        ([10, 1], ["aaaaaaaaaa", "b"]),
        ([11, 2], ["aaaaaaaaaaa", "bb"]),  # larger than a file may be: alone
        ([2, 30, 3], ["aa", "b" * 30, "ccc"]),
        ([5, 5, 5, 5, 1], ["aaaaa|bbbbb", "ccccc|ddddd", "e"]),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_sizes(tmp_path: Path, sizes: list[int], files: list[str], *, together: bool) -> None:
    path = tmp_path / "audit.log"
    file = RotatingFile(path, Rotation(max_size=10), now=Clock())
    lines = [line("abcdef"[place], size) for place, size in enumerate(sizes)]
    for taken in [Taken(*lines)] if together else [Taken(one) for one in lines]:
        file.write(taken)
    file.sync()
    file.close()
    in_order = [backup.path for backup in reversed(backups(path))] + [path]
    written = [one.read_bytes() for one in in_order]
    expected = [b"".join(line(part[0], len(part)) for part in text.split("|")) for text in files]
    assert written == expected


def test_names_modes_and_owners(tmp_path: Path) -> None:
    path = tmp_path / "deep/audit.log"
    file = RotatingFile(path, Rotation(max_size=4), now=lambda: START)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    for _ in range(3):  # within the same millisecond
        file.write(Taken(b"abc\n"))
    file.close()
    assert sorted(contents(path.parent)) == [
        "audit-2026-11-23T07-18-46.704.log",
        "audit-2026-11-23T07-18-46.705.log",
        "audit.log",
    ]
    assert {one.stat().st_mode & 0o777 for one in path.parent.iterdir()} == {0o640}


@pytest.mark.parametrize(
    ("rotation", "kept"),
    [
        (Rotation(max_backups=0, max_age_days=0), [0, 1, 2, 10, 40]),
        (Rotation(max_backups=2, max_age_days=0), [0, 1]),
        (Rotation(max_backups=0, max_age_days=7), [0, 1, 2]),
        (Rotation(max_backups=4, max_age_days=30), [0, 1, 2, 10]),
    ],
)
@pytest.mark.parametrize("compress", [True, False])
def test_pruning(tmp_path: Path, rotation: Rotation, kept: list[int], *, compress: bool) -> None:
    path, now = tmp_path / "audit.log", START + timedelta(hours=1)
    names = {
        days: f"audit-{START - timedelta(days=days):%Y-%m-%dT%H-%M-%S}.704.log"
        for days in (0, 1, 2, 10, 40)
    }
    for name in names.values():
        (tmp_path / name).write_bytes(name.encode())
    others = ["audit.log", "audit-2026.log", "audit-2026-13-40T00-00-00.000.log", "other.log.gz"]
    for name in others:
        (tmp_path / name).write_bytes(gzip.compress(b"x") if name.endswith("gz") else b"x")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub").rmdir()
    rules = Rotation(rotation.max_size, rotation.max_backups, rotation.max_age_days, compress)
    mill(path, rules, now)
    mill(path, rules, now)
    ending = ".gz" if compress else ""
    found = contents(tmp_path)
    assert set(found) == {*(names[days] + ending for days in kept), *others}
    assert all(found[names[days] + ending] == names[days].encode() for days in kept)


def test_a_torn_line_is_cut_off_and_told(tmp_path: Path) -> None:
    path, told = tmp_path / "audit.log", list[str]()
    path.write_bytes(b'{"a":1}\n{"b"')
    file = RotatingFile(path, Rotation(), complain=told.append)
    file.write(Taken(b'{"c":2}\n'))
    file.close()
    assert path.read_bytes() == b'{"a":1}\n{"c":2}\n'
    assert len(told) == 1
    assert "(4 bytes)" in told[0]
    path.write_bytes(b"no line at all")
    RotatingFile(path, Rotation()).close()
    assert path.read_bytes() == b""


def test_two_writers_are_one_too_many(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    file = RotatingFile(path, Rotation())
    with pytest.raises(AnotherWriterError):
        RotatingFile(path, Rotation())
    file.close()
    RotatingFile(path, Rotation()).close()


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "audit.log"
    file = RotatingFile(path, Rotation())
    file.write(Taken(b"first\n"))
    write, room = os.write, [3]

    def limited(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        count, room[0] = min(room[0], len(data)), 0
        return write(descriptor, data[:count])

    monkeypatch.setattr(os, "write", limited)
    with pytest.raises(OSError, match="No space"):
        file.write(Taken(b"second\n"))
    monkeypatch.undo()
    assert path.read_bytes() == b"first\n"
    file.write(Taken(b"third\n"))
    file.close()
    assert path.read_bytes() == b"first\nthird\n"


def test_what_is_torn_and_cannot_be_mended_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.log"
    file = RotatingFile(path, Rotation())
    write = os.write

    def half(descriptor: int, data: bytes) -> int:
        write(descriptor, data[:2])
        raise OSError(5, "Input/output error")

    def fail(_descriptor: int, _size: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "write", half)
    monkeypatch.setattr(os, "ftruncate", fail)
    for _ in range(2):  # it must not go on behind half a line
        with pytest.raises(OSError, match="Input/output"):
            file.write(Taken(b"lost\n"))
    monkeypatch.undo()
    file.write(Taken(b"line\n"))
    file.close()
    assert path.read_bytes() == b"line\n"


def test_what_a_dead_process_left(tmp_path: Path) -> None:
    name = "audit-2026-11-23T07-18-46.704.log"
    (tmp_path / name).write_bytes(b"old\n")
    (tmp_path / f".{name}.gz.part").write_bytes(b"half")
    (tmp_path / ".audit-2020-01-01T00-00-00.000.log.gz.part").write_bytes(b"half")
    (tmp_path / ".other.log.gz.part").write_bytes(b"of somebody else")
    (tmp_path / (name + ".gz")).write_bytes(b"not known to be whole")
    mill(tmp_path / "audit.log", Rotation(compress=True), START)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".other.log.gz.part", name + ".gz"]
    assert gzip.decompress((tmp_path / (name + ".gz")).read_bytes()) == b"old\n"


@pytest.mark.parametrize("compressed", [True, False])
@given(
    files=st.lists(st.lists(st.integers(1, 8), max_size=5), min_size=1, max_size=4),
    limit=st.integers(0, 80),
    torn=st.booleans(),
)
@settings(deadline=None)
def test_last_lines(files: list[list[int]], limit: int, *, torn: bool, compressed: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "audit.log"
        lines: list[bytes] = []
        for number, sizes in enumerate(files):
            own = [line(chr(97 + len(lines) + place), size) for place, size in enumerate(sizes)]
            lines += own
            name = f"audit-2026-11-23T07-18-4{number}.704.log"
            if number == len(files) - 1:
                path.write_bytes(b"".join(own))
            elif compressed:
                path.with_name(name + ".gz").write_bytes(gzip.compress(b"".join(own)))
            else:
                path.with_name(name).write_bytes(b"".join(own))
        candidates = [b"".join(lines[first:]) for first in range(len(lines) + 1)]
        fitting = next(text for text in candidates if len(text) <= limit)
        if torn:
            with path.open("ab") as file:
                file.write(b"torn")
            assert last_lines(path, limit + 4) in candidates
            assert len(last_lines(path, limit + 4)) <= limit + 4
        else:
            assert last_lines(path, limit) == fitting


def test_reopening(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    file = RotatingFile(path, Rotation())
    file.write(Taken(b"first\n"))
    path.rename(tmp_path / "moved")
    file.reopen()
    file.write(Taken(b"second\n"))
    file.close()
    assert (tmp_path / "moved").read_bytes() == b"first\n"
    assert path.read_bytes() == b"second\n"


def test_reopening_what_cannot_be_mended_keeps_the_file_that_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, moved = tmp_path / "audit.log", tmp_path / "moved"
    file = RotatingFile(path, Rotation())
    file.write(Taken(b"first\n"))
    path.rename(moved)
    path.write_bytes(b"whole\ntor")
    with monkeypatch.context() as broken:

        def ftruncate(_file: int, _size: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        broken.setattr(os, "ftruncate", ftruncate)
        with pytest.raises(OSError, match="Input/output error"):
            file.reopen()
    file.write(Taken(b"second\n"))
    assert moved.read_bytes() == b"first\nsecond\n"
    file.reopen()
    file.write(Taken(b"third\n"))
    file.close()
    assert path.read_bytes() == b"whole\nthird\n"


@settings(max_examples=150, deadline=None)
@given(
    batches=st.lists(st.lists(st.integers(1, 25), max_size=6), max_size=8),
    limit=st.integers(0, 30),
    compress=st.booleans(),
)
def test_nothing_is_lost_and_sizes_hold(
    batches: list[list[int]], limit: int, *, compress: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "audit.log"
        rotation = Rotation(max_size=limit, max_backups=0, max_age_days=0, compress=compress)
        file = RotatingFile(path, rotation, now=Clock())
        everything = b""
        for sizes in batches:
            lines = [line(chr(97 + len(everything) % 26), size) for size in sizes]
            file.write(Taken(*lines))
            everything += b"".join(lines)
        file.close()
        found = contents(Path(directory))
        in_order = [found[backup.path.name] for backup in reversed(backups(path))]
        in_order.append(found["audit.log"])
        assert b"".join(in_order) == everything
        for data in in_order:
            assert not limit or len(data) <= limit or data.count(b"\n") == 1
