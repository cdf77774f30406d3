"""A log that grows is followed across rotation, restarts and truncation."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from lanner.audit.recorder.tail import Bookmark, Tail, load_bookmark, save_bookmark
from tests.audit.recorder.running import SECONDS, Recording, event
from tests.cli.run import lanner

if TYPE_CHECKING:
    from pathlib import Path

OLDER, OLD = "audit-2026-11-23T07-00-00.000.log", "audit-2026-11-23T08-00-00.000.log"


def read(path: Path, mark: Bookmark | None = None) -> tuple[bytes, Bookmark | None, list[str]]:
    """All that is there, where to go on, and what was said."""
    told: list[str] = []
    tail = Tail(path, mark, complain=told.append)
    tail.stop()
    lines = b""
    for chunk in tail.chunks():
        lines += chunk.lines
        mark = chunk.bookmark
    return lines, mark, told


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    assert read(path) == (b"", None, [])
    path.write_bytes(b"one\ntwo\nth")
    lines, mark, told = read(path)
    assert (lines, told) == (b"one\ntwo\n", [])
    assert read(path, mark) == (b"", mark, [])
    path.write_bytes(b"one\ntwo\nthree\n")
    lines, mark, told = read(path, mark)
    assert (lines, told) == (b"three\n", [])


@pytest.mark.parametrize("compressed", [False, True])
def test_rotation_meanwhile(tmp_path: Path, *, compressed: bool) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(b"one\n")
    _, mark, _ = read(path)
    for name, text in ((OLDER, b"one\ntwo\n"), (OLD, b"three\nfour")):
        if compressed:
            (tmp_path / (name + ".gz")).write_bytes(gzip.compress(text))
        else:
            (tmp_path / name).write_bytes(text)
    path.write_bytes(b"five\n")
    lines, mark, told = read(path, mark)
    assert (lines, told) == (b"two\nthree\nfour\nfive\n", [])
    assert read(path, mark)[0] == b""


def test_without_a_bookmark_everything_is_new(tmp_path: Path) -> None:
    (tmp_path / OLD).write_bytes(b"two\n")
    (tmp_path / (OLDER + ".gz")).write_bytes(gzip.compress(b"one\n"))
    (tmp_path / "audit.log").write_bytes(b"three\n")
    assert read(tmp_path / "audit.log")[0] == b"one\ntwo\nthree\n"


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_bytes(b"one\n")
    _, mark, _ = read(path)
    path.write_bytes(b"")
    lines, _, told = read(path, mark)
    assert lines == b""
    assert ["may be missing" in line for line in told] == [True]
    path.write_bytes(b"two\n")
    (tmp_path / (OLD + ".gz")).write_bytes(b"no gzip")
    lines, _, told = read(path, mark)
    assert lines == b"two\n"
    assert any("may be missing" in line for line in told)


def test_a_file_that_was_copied_and_cut(tmp_path: Path) -> None:
    """`copytruncate` of logrotate."""
    path = tmp_path / "audit.log"
    head = b"x" * 600 + b"\n"
    path.write_bytes(head + b"one\n")
    _, mark, _ = read(path)
    path.write_bytes(head)  # the same beginning, and shorter
    lines, _, told = read(path, mark)
    assert lines == head
    assert "became shorter" in told[0]


def test_bookmarks(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    assert load_bookmark(path) is None
    save_bookmark(path, Bookmark("d", 1, 2))
    assert load_bookmark(path) == Bookmark("d", 1, 2)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"{")
    with pytest.raises(ValueError, match="is no bookmark"):
        load_bookmark(path)
    done = lanner("audit", "record", "--follow", "x", "--bookmark", path, "--path", "-")
    assert done.returncode == 1
    assert b"is no bookmark" in done.stderr


def test_the_command_follows_and_restarts(tmp_path: Path) -> None:
    source, mark = tmp_path / "audit.log", tmp_path / "mark"
    out = tmp_path / "copy/all.log"

    def lines(*numbers: int) -> str:
        return "".join(json.dumps({"kind": "Event", **event(one)}) + "\n" for one in numbers)

    def ids() -> list[str]:
        text = out.read_text() if out.exists() else ""
        return [json.loads(line)["auditID"] for line in text.splitlines()]

    def wait(*numbers: int) -> None:
        expected = [f"id-{number}" for number in numbers]
        deadline = time.monotonic() + SECONDS
        while ids() != expected and time.monotonic() < deadline:
            time.sleep(0.02)
        assert ids() == expected

    options = ("--follow", source, "--bookmark", mark, "--path", out)
    source.write_text(lines(1))
    with Recording(*options) as recording:
        wait(1)
        with source.open("a") as file:
            file.write(lines(2))
        wait(1, 2)
        source.rename(tmp_path / OLDER)
        source.write_text(lines(3) + "no event\n")
        wait(1, 2, 3)
        assert recording.end() == (0, "")
    source.rename(tmp_path / OLD)
    subprocess.run(["gzip", tmp_path / OLD], check=True)
    source.write_text(lines(4))
    with Recording(*options) as recording:
        wait(1, 2, 3, 4)
        assert recording.end() == (0, "")
