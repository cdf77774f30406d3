"""A log that grows is followed across rotation, restarts and truncation."""

from __future__ import annotations

import gzip
import json
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.audit.recorder.tail import Bookmark, Tail, load_bookmark, save_bookmark
from tests.audit.recorder.running import SECONDS, Recording, event
from tests.cli.run import lanner

START = datetime(2026, 11, 23, tzinfo=UTC)
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
    assert ["is damaged" in line for line in told] == [True]
    (tmp_path / (OLD + ".gz")).unlink()
    (tmp_path / OLD).write_bytes(b"three\n")
    lines, _, told = read(path, mark)
    assert lines == b"three\ntwo\n"
    assert ["may be missing" in line for line in told] == [True]


def test_a_log_that_gets_a_name_which_says_nothing(tmp_path: Path) -> None:
    """As logrotate gives: what was written before is read to its end, from the open file."""
    path, renamed = tmp_path / "audit.log", tmp_path / "audit.log.1"
    told: list[str] = []
    tail = Tail(path, complain=told.append)

    def news() -> bytes:
        return b"".join(chunk.lines for chunk in tail.available())

    def append(file: Path, line: bytes) -> None:
        with file.open("ab") as opened:
            opened.write(line)

    append(path, b"one\n")
    assert news() == b"one\n"
    append(path, b"two\n")
    path.rename(renamed)
    assert news() == b"two\n"
    append(renamed, b"three\nfour")
    append(path, b"five\n")
    assert news() == b"three\nfour\nfive\n"
    append(path, b"six\n")
    assert news() == b"six\n"
    tail.close()
    assert told == []


@pytest.mark.parametrize("now", [b"", b"h", b"head\n", b"head\nagain\n", b"head\nmore and more\n"])
def test_a_file_that_was_copied_and_cut(tmp_path: Path, now: bytes) -> None:
    """`copytruncate` of logrotate; what comes then can begin as it did before."""
    path = tmp_path / "audit.log"
    path.write_bytes(b"head\nfirst\n")
    (tmp_path / OLD).write_bytes(b"before\n")
    lines, mark, _ = read(path)
    assert lines == b"before\nhead\nfirst\n"
    told: list[str] = []
    tail = Tail(path, mark, complain=told.append)
    tail.stop()
    path.write_bytes(now)
    assert b"".join(chunk.lines for chunk in tail.chunks()) == now[: now.rfind(b"\n") + 1]
    assert list(tail.chunks()) == []
    assert ["was cut or replaced" in line for line in told] == [True]
    path.write_bytes(now + b"end\n")
    assert b"".join(chunk.lines for chunk in tail.chunks()).endswith(b"end\n")
    assert len(told) == 1


def test_files_that_begin_alike(tmp_path: Path) -> None:
    """Clients choose much of an event, its audit ID too."""
    path = tmp_path / "audit.log"
    alike = b"x" * 5000 + b"\n"
    path.write_bytes(alike + b"one\n")
    _, mark, _ = read(path)
    with path.open("ab") as file:
        file.write(b"two\n")
    path.rename(tmp_path / OLD)
    path.write_bytes(alike + b"one, but longer\n")
    lines, mark, told = read(path, mark)
    assert (lines, told) == (b"two\n" + alike + b"one, but longer\n", [])


def test_a_file_that_is_being_compressed(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    (tmp_path / OLD).write_bytes(b"one\n")
    (tmp_path / (OLD + ".gz")).write_bytes(gzip.compress(b"one\n"))
    path.write_bytes(b"two\n")
    assert read(path)[0] == b"one\ntwo\n"


@settings(max_examples=300, deadline=None)
@given(
    steps=st.lists(
        st.sampled_from(["line", "half", "rotate", "compress", "read", "restart"]), max_size=30
    )
)
def test_every_line_once_in_order(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "audit.log"
        times = (START + timedelta(seconds=count) for count in range(1000))
        told: list[str] = []
        written, lines = b"", b""
        tail = Tail(path, complain=told.append)
        mark = None
        for number, step in enumerate([*steps, "line", "read"]):
            if step in {"line", "half"}:
                text = b"%d" % number + (b"\n" if step == "line" else b"-")
                written += text
                with path.open("ab") as file:
                    file.write(text)
            elif step == "rotate" and written.endswith(b"\n") and path.exists():
                path.rename(path.with_name(f"audit-{next(times):%Y-%m-%dT%H-%M-%S}.000.log"))
            elif step == "compress":
                for old in path.parent.glob("audit-*.log"):
                    old.with_name(old.name + ".gz").write_bytes(gzip.compress(old.read_bytes()))
                    old.unlink()
            elif step == "restart":
                tail = Tail(path, mark, complain=told.append)
            elif step == "read":
                tail.stop()
                for chunk in tail.chunks():
                    lines += chunk.lines
                    mark = chunk.bookmark
        assert lines == written
        assert told == []


def test_bookmarks(tmp_path: Path) -> None:
    path = tmp_path / "mark"
    assert load_bookmark(path) is None
    save_bookmark(path, Bookmark(1, "d", "a"))
    assert load_bookmark(path) == Bookmark(1, "d", "a")
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


def test_a_full_disk_stops_nothing_but_the_bookmark(tmp_path: Path, small_disk: Path) -> None:
    source, mark = tmp_path / "audit.log", tmp_path / "mark"
    source.write_text(json.dumps({"kind": "Event", **event(1, 100_000)}) + "\n")
    options = ("--follow", source, "--bookmark", mark, "--path", small_disk / "copy.log")
    with Recording(*options) as recording:
        recording.wait_for("No space left on device: nothing is recorded")
        assert recording.end() == (1, "")
    assert "ended before" in recording.messages[-1]
    assert not mark.exists()
    assert (small_disk / "copy.log").read_bytes() == b""
