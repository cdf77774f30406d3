"""`--write`: where captures go, and what happens when they cannot."""

from __future__ import annotations

import gzip
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import LANNER, SAMPLE, lanner
from tests.syscall.test_events_command import RULE

if TYPE_CHECKING:
    from pathlib import Path

GZIP = b"\x1f\x8b"
SECTION = b"\x0a\x0d\x0d\x0a"
NUMBERED = ("-p", "*%evt.rawtime %evt.cpu %thread.tid %evt.type %evt.info")


@pytest.fixture
def capture(captures: Path) -> Path:
    return captures / "scap/cat_write.scap"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(RULE)
    return file


def events(path: Path, *words: str) -> list[bytes]:
    done = lanner("events", path, *words, *NUMBERED)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_events_that_pass_a_filter(capture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.scap"
    done = lanner("events", capture, "evt.type", "=", "open", "--write", out)
    assert (done.returncode, done.stdout) == (0, b"")
    assert events(out) == events(capture, "evt.type = open") != []
    assert done.stderr.decode() == f"wrote 4 events to {out}, and 25 hidden ones that these need\n"
    assert out.read_bytes().startswith(SECTION)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_scans_write_and_print_alerts(capture: Path, tmp_path: Path, rules: Path) -> None:
    plain = lanner("scan", capture, "-r", rules, "--json")
    for options, expected in (
        ((), events(capture)),
        (("--filter", "evt.type = read"), events(capture, "evt.type = read")),
        (("--alerts-only",), events(capture, "evt.type = open and fd.num >= 0")),
        (("--alerts-only", "--filter", "fd.name contains ld.so"), events(capture, "evt.type = open and fd.name contains ld.so")),
        (("--until", "2000-01-01T00:00:00Z"), []),
    ):  # fmt: skip
        out = tmp_path / "out.scap"
        done = lanner("scan", capture, "-r", rules, "--json", "-w", out, *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout == (plain.stdout if expected else b"")
        assert events(out) == expected
        noun = "event" if len(expected) == 1 else "events"
        assert f"wrote {len(expected)} {noun} to {out}" in done.stderr.decode()
    assert lanner("scan", capture, "-r", rules, "-w", out, "-q").stderr == b""


def test_gzip_by_name_or_option(capture: Path, tmp_path: Path) -> None:
    for name, options, start in (
        ("a.scap", (), SECTION),
        ("a.scap.gz", (), GZIP),
        ("b.scap", ("-z",), GZIP),
    ):
        out = tmp_path / name
        assert lanner("events", capture, "-w", out, *options).returncode == 0
        assert out.read_bytes().startswith(start)
        assert events(out) == events(capture)


def test_standard_output_holds_nothing_else(capture: Path, tmp_path: Path, rules: Path) -> None:
    done = lanner("scan", capture, "-r", rules, "-w", "-")
    piped = tmp_path / "piped.scap"
    piped.write_bytes(done.stdout)
    assert events(piped) == events(capture)
    alerts = lanner("scan", capture, "-r", rules, "-q").stdout
    assert alerts
    assert done.stderr.startswith(alerts)
    assert b"to standard output" in done.stderr


def test_a_pipe_is_written_directly(capture: Path, tmp_path: Path) -> None:
    out = tmp_path / "fifo"
    subprocess.run(["mkfifo", out], check=True)
    with subprocess.Popen(
        [LANNER, "events", capture, "-w", out], stderr=subprocess.DEVNULL
    ) as writer:
        whole = out.read_bytes()
    assert writer.returncode == 0
    copy = tmp_path / "copy.scap"
    copy.write_bytes(whole)
    assert events(copy) == events(capture)


def test_it_stops_after_so_many_events(capture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.scap"
    done = lanner("events", capture, "fd.name exists", "-n", "3", "-w", out)
    assert done.returncode == 0
    assert events(out) == events(capture, "fd.name exists")[:3]


def test_several_captures_follow_each_other(captures: Path, tmp_path: Path) -> None:
    both = [captures / f"scap/{name}.scap" for name in ("curl_google", "cat_write")]
    out = tmp_path / "both.scap"
    assert lanner("scan", *both, "-w", out, "-q").returncode == 0
    assert events(out) == events(both[0]) + events(both[1])
    some = ("evt.type", "in", "(open, close)")
    assert lanner("scan", *both, "--filter", " ".join(some), "-w", out, "-q").returncode == 0
    assert events(out) == events(both[0], *some) + events(both[1], *some)


def test_inputs_are_not_overwritten(capture: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.scap"
    own.write_bytes(capture.read_bytes())
    (tmp_path / "soft.scap").symlink_to(own)
    (tmp_path / "hard.scap").hardlink_to(own)
    for name in ("own.scap", "soft.scap", "hard.scap"):
        for command in ("scan", "events"):
            done = lanner(command, own, "-w", tmp_path / name)
            assert (done.returncode, done.stdout) == (1, b"")
            assert f"{name}: this is one of the inputs" in done.stderr.decode()
    with own.open("rb") as source:
        done = subprocess.run([LANNER, "events", "-", "-w", own], stdin=source, capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert own.read_bytes() == capture.read_bytes()


def test_what_cannot_be_written_is_an_error(capture: Path, tmp_path: Path) -> None:
    for out, words in (
        ("/dev/full", "No space left on device"),
        (tmp_path / "no/such/folder", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        for command in ("scan", "events"):
            done = lanner(command, capture, "-w", out)
            assert done.returncode == 1, out
            assert f"{out}: {words}" in done.stderr.decode()
            assert b"wrote" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_stays_until_the_new_one_is_complete(capture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.scap"
    out.write_text("older")
    limited = f'ulimit -f 8; exec {LANNER} events {capture} -w "{out}"'
    done = subprocess.run(["bash", "-c", limited], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"File too large" in done.stderr
    assert out.read_text() == "older"
    assert lanner("events", capture, "-w", out).returncode == 0
    assert events(out) == events(capture)
    assert [file.name for file in tmp_path.iterdir()] == ["out.scap"]


def test_what_was_read_before_a_damage_is_written(capture: Path, tmp_path: Path) -> None:
    whole = gzip.decompress(capture.read_bytes())
    cut, out = tmp_path / "cut.scap", tmp_path / "out.scap"
    cut.write_bytes(whole[: len(whole) * 99 // 100])
    read = lanner("events", cut, *NUMBERED)
    done = lanner("events", cut, "-w", out)
    assert (read.returncode, done.returncode) == (1, 1)
    assert read.stderr.decode().strip() in done.stderr.decode()
    assert events(out) == read.stdout.splitlines() != []


def test_audit_logs_cannot_be_written(capture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.scap"
    words = f"{SAMPLE}: is not a capture (.scap): only captures can be written"
    alone = lanner("scan", SAMPLE, "-w", out)
    assert alone.returncode == 1
    assert words in alone.stderr.decode()
    assert not out.exists()
    both = lanner("scan", SAMPLE, capture, "-w", out)
    assert both.returncode == 1
    assert words in both.stderr.decode()
    assert events(out) == events(capture)


def test_wrong_options_are_explained(capture: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.scap"
    for arguments, code, words in (
        (("scan", capture, "--filter", "proc.nam = x", "-w", out), 1, "did you mean `proc.name`?"),
        (("events", capture, "proc.nam = x", "-w", out), 1, "did you mean `proc.name`?"),
        (("scan", capture, "--filter", "evt.type = open"), 2, "--filter needs --write"),
        (("scan", capture, "--alerts-only"), 2, "--alerts-only needs --write"),
        (("events", capture, "-z"), 2, "--compress needs --write"),
        (("events", capture, "--json", "-w", out), 2, "--write prints no events"),
    ):
        done = lanner(*arguments)
        assert done.returncode == code, arguments
        assert words in done.stderr.decode(), arguments
    assert not out.exists()
