"""`lanner alerts`: logs of Falco and Lanner, and the journal."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import pty
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lanner.outputs.channels import Message, Record, journal
from tests.cli.run import LANNER, lanner
from tests.cli.test_alerts import SECOND, row

if TYPE_CHECKING:
    from collections.abc import Callable

JOURNALD = Path("/lib/systemd/systemd-journald")


def test_logs_of_falco(captures: Path, tmp_path: Path) -> None:
    log = captures / "scap/mix-small.upstream44-all.falco.jsonl"
    lines = log.read_bytes().splitlines()
    expected = [json.loads(line)["rule"] for line in lines]
    packed = tmp_path / "log.gz"
    packed.write_bytes(gzip.compress(b"no alert\n" + log.read_bytes()))
    for words, stdin in (([log], b""), ([packed], b""), (["-"], log.read_bytes())):
        done = lanner("alerts", *words, "--csv", "--field", "rule", stdin=stdin)
        assert done.returncode == 0
        assert [
            one["rule"] for one in csv.DictReader(io.StringIO(done.stdout.decode()))
        ] == expected
    assert b"1 lines are no alerts" in lanner("alerts", packed).stderr


ALERT = {
    "output": "12:00:00.000000001: Notice A shell (user=root)",
    "output_fields": {"user.name": "root"},
    "priority": "Notice",
    "rule": "A shell",
    "source": "syscall",
    "tags": ["a"],
    "time": "2026-11-24T12:00:00.000000001Z",
}
JSON = json.dumps(ALERT)
LINE = str(ALERT["output"])
WHEN = "2026-11-24T12:00:00.000000001Z"


def carried(**changes: object) -> str:
    return json.dumps({**ALERT, **changes})


@pytest.mark.parametrize(
    ("text", "when", "rule"),
    [
        ("\ufeff" + JSON, WHEN, "A shell"),
        (f"Nov 24 12:00:00 host falco[7]: {JSON}", WHEN, "A shell"),
        (f"<134>1 2026-11-24T12:00:00Z host falco 7 - - {JSON}", WHEN, "A shell"),
        (f"[pod/falco-x/falco] {JSON}", WHEN, "A shell"),
        (f"{WHEN} stdout F {JSON}", WHEN, "A shell"),
        (f"{WHEN} stdout P {JSON[:30]}\n{WHEN} stdout F {JSON[30:]}", WHEN, "A shell"),
        (json.dumps({"log": JSON + "\n", "stream": "stdout", "time": WHEN}), WHEN, "A shell"),
        (json.dumps({"log": LINE + "\n", "stream": "stdout", "time": WHEN}), WHEN, ""),
        (f"{WHEN} stdout F {LINE}", WHEN, ""),
        (f"2026-11-24T13:00:00+0100 host falco[7]: {LINE}", "2026-11-24T12:00:00.000000000Z", ""),
        (f"Nov 24 12:00:00 host falco[7]: {LINE}", "12:00:00.000000001", ""),
        (carried(time="2026-11-24T13:00:00.000000001+01:00"), WHEN, "A shell"),
        (carried(priority="notice", tags=None, source=None, output_fields=None), WHEN, "A shell"),
        # what a program chose is not read as an alert
        (f"{LINE} {carried(rule='Other')}", "12:00:00.000000001", ""),
        (f"Nov 24 host x: {carried(output=LINE + ' ' + LINE)}", WHEN, "A shell"),
    ],
)
def test_what_carries_alerts(text: str, when: str, rule: str) -> None:
    done = lanner("alerts", "-", "--json", stdin=text.encode() + b"\n")
    assert not done.stderr
    (found,) = map(json.loads, done.stdout.splitlines())
    assert found["rule"] == rule
    assert found["output"].startswith(LINE)
    since = lanner("alerts", "-", "--csv", "--since", "2026-11-24T12:00:00Z", stdin=text.encode())
    until = lanner("alerts", "-", "--csv", "--until", "2026-11-24T12:00:01Z", stdin=text.encode())
    is_dated = when.startswith("2026")
    assert (b"A shell" in since.stdout, b"A shell" in until.stdout) == (is_dated, is_dated)
    assert found["time"] == when or found["time"] == "2026-11-24T13:00:00.000000001+01:00"


def test_brackets_without_end_are_no_alert(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('{"a":' * 100_000 + "\n" + JSON + "\n")
    done = lanner("alerts", log, "--json")
    assert [json.loads(line)["rule"] for line in done.stdout.splitlines()] == ["A shell"]
    assert b"1 lines are no alerts" in done.stderr


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_rotated_logs_are_read_in_the_order_of_time(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    now, before = tmp_path / "falco.log", tmp_path / "falco.log.1"
    now.write_text(carried(rule="now", time="2026-11-25T12:00:00Z") + "\n")
    before.write_bytes(pack(JSON.encode() + b"\n"))
    for words in ((tmp_path,), (now, before), (before, now)):
        done = lanner("alerts", *words, "--csv", "--field", "rule")
        assert done.stdout == b"rule\nA shell\nnow\n"
    assert b"now" in lanner("alerts", now, before, "-n", "1").stdout
    done = lanner("alerts", now, tmp_path / "none", "--csv", "--field", "rule")
    assert (done.returncode, done.stdout) == (1, b"rule\nnow\n")
    assert b"none: No such file" in done.stderr


def test_logs_compressed_with_zstd_are_told_of(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\x28\xb5\x2f\xfdxxx")
    done = lanner("alerts", log)
    assert done.returncode == 1
    assert b"zstd -dc" in done.stderr


TEXT = b"""Nov 24 12:00:00 host falco[7]: 12:00:00.000000001: Warning A shell: was spawned (user=root)
2026-11-24T12:00:01.000000002+0000: Notice Another (user=x)
2026-11-24T13:00:01.000000002+0100: Critical The same second (user=x)
nothing of the kind
12:00:00.1: Warning too short a fraction
"""


def test_text_lines_of_falco(tmp_path: Path) -> None:
    log = tmp_path / "falco.log"
    log.write_bytes(TEXT)
    done = lanner("alerts", str(log), "--csv", "--field", "time", "--field", "output")
    assert done.stdout.decode().splitlines()[1:] == [
        "12:00:00,12:00:00.000000001: Warning A shell: was spawned (user=root)",
        "2026-11-24T12:00:01Z,2026-11-24T12:00:01.000000002+0000: Notice Another (user=x)",
        "2026-11-24T12:00:01Z,2026-11-24T13:00:01.000000002+0100: Critical The same second (user=x)",
    ]
    assert b"2 lines are no alerts" in done.stderr
    done = lanner("alerts", str(log), "--since", "2026-11-24T12:00:00Z", "--priority", "critical")
    assert b"The same second" in done.stdout
    assert len(done.stdout.splitlines()) == 2
    assert b"1 alerts have no date, and were left out" in done.stderr


@pytest.mark.skipif(not JOURNALD.exists() or os.geteuid() != 0, reason="no journald to start")
def test_the_journal(tmp_path: Path) -> None:
    alert = {
        "output": "12:00:00.000000001: Warning a shell",
        "output_fields": {"proc.name": "sh", "proc.aname[2]": "init", "proc.pid": 7},
        "priority": "Warning",
        "rule": "A shell",
        "source": "syscall",
        "tags": ["a", "b"],
        "time": "2026-11-24T12:00:00.000000001Z",
    }
    record = Record(1, 1_795_521_600 * SECOND + 1, 4, "A shell", "syscall", json.dumps(alert), "")
    space = f"lanner-{os.getpid()}"
    folder = Path(f"/run/systemd/journal.{space}")
    process = subprocess.Popen([JOURNALD, space], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if (folder / "socket").exists():
                break
            time.sleep(0.05)
        channel = journal.Channel(journal.Settings(socket=str(folder / "socket")))
        large = "12:00:00.000000001: Warning " + "x" * 600_000
        channel.send([Message(line, record) for line in (alert["output"], large)])  # type: ignore[arg-type]
        channel.close()
        command = ["journalctl", f"--namespace={space}", "-o", "json", "--all", "--no-pager"]
        subprocess.run([*command, "--sync"], check=True, capture_output=True)
        log = tmp_path / "journal.json"
        log.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    finally:
        process.terminate()
        process.wait(20)
        for place in (folder, Path("/run/log/journal"), Path("/var/log/journal")):
            for one in place.glob(f"*{space}") if place != folder else [folder]:
                shutil.rmtree(one, ignore_errors=True)
    done = lanner("alerts", str(log), "--json")
    found, other = map(json.loads, done.stdout.splitlines())
    assert found["output_fields"] == {"proc.name": "sh", "proc.aname[2]": "init", "proc.pid": "7"}
    assert {key: found[key] for key in ("output", "rule", "source", "tags", "time")} == {
        key: alert[key] for key in ("output", "rule", "source", "tags", "time")
    }
    assert other["output"] == large


def test_what_an_attacker_chose_does_not_reach_the_terminal_as_orders(tmp_path: Path) -> None:
    log = tmp_path / "falco.jsonl"
    alert = json.loads(row(1, "a", "web\x1b]0;x\x07\r")[4])
    alert["output"] = "00:00:00.0: Warning \x1b[2J"
    log.write_text(json.dumps(alert) + "\n")
    for options in ((), ("--field", "container.name"), ("--field", "container.name", "--unique")):
        done = lanner("alerts", log, *options)
        assert done.returncode == 0
        assert rb"\x1b" in done.stdout
        assert not {0x1B, 0x07, 0x0D} & set(done.stdout)


def test_csv_is_exact_but_on_a_terminal(tmp_path: Path) -> None:
    log = tmp_path / "falco.jsonl"
    log.write_text(carried(rule="\x1b[2J") + "\n")
    words = ("alerts", str(log), "--csv", "--field", "rule")
    assert lanner(*words).stdout == b"rule\n\x1b[2J\n"
    reader, terminal = pty.openpty()
    subprocess.run([LANNER, *words], stdout=terminal, check=True)
    os.close(terminal)
    assert b"\\x1b[2J" in os.read(reader, 4096)
    os.close(reader)
