"""`lanner alerts`: the store, and logs of the real Falco."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from lanner.api.alerts import AlertFilter, StoredAlerts
from lanner.outputs.channels import Message, Record, journal
from lanner.outputs.database import Database, DeadLetter
from lanner.outputs.store import Store
from tests.cli.run import LANNER, lanner

JOURNALD = Path("/lib/systemd/systemd-journald")
SECOND = 1_000_000_000


def row(
    number: int, rule: str, container: str, priority: int = 4
) -> tuple[int, int, str, str, str, str]:
    alert = {
        "output": f"00:00:00.0: Warning message {number}",
        "output_fields": {"container.name": container, "proc.pid": number},
        "priority": "Warning",
        "rule": rule,
        "source": "syscall",
        "tags": [rule[0]],
        "time": f"2026-01-01T00:00:{number:02}.000000001Z",
    }
    time_ns = (1_767_225_600 + number) * SECOND + 1
    return time_ns, priority, rule, "syscall", json.dumps(alert), "text"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "alerts.db"
    kept = Store(Database(path))
    kept.attach("http")
    kept.append([row(1, "a shell", "web"), row(2, "b file", "db"), row(3, "a shell", "db", 2)])
    kept.append([row(4, "a shell", "db")])
    kept.advance("http", 2, [DeadLetter("http", 1, 2, "400 Bad Request", 5)])
    kept.close()
    return path


def pids(*options: str | Path) -> list[int]:
    done = lanner("alerts", *options, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["output_fields"]["proc.pid"] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [1, 2, 3, 4]),
        (["--rule", "a*"], [1, 3, 4]),
        (["--priority", "critical"], [3]),
        (["--tag", "b"], [2]),
        (["--source", "k8s_audit"], []),
        (["--since", "2026-01-01T00:00:03Z"], [3, 4]),
        (["--until", "2026-01-01T00:00:03Z"], [1, 2]),
        (["--where", "container.name=d?"], [2, 3, 4]),
        (["--where", "container.name=db", "--where", "proc.pid=4"], [4]),
        (["-n", "2"], [3, 4]),
    ],
)
def test_filters(store: Path, options: list[str], expected: list[int]) -> None:
    assert pids("--store", store, *options) == expected


def test_in_which_containers_was_a_shell_spawned(store: Path) -> None:
    words = ("--store", store, "--rule", "a shell", "--field", "container.name", "--unique")
    assert lanner("alerts", *words).stdout.decode() == (
        "COUNT  CONTAINER.NAME\n    2  db\n    1  web\n"
    )
    found = lanner("alerts", *words, "--json").stdout.splitlines()
    assert json.loads(found[0]) == {"count": 2, "container.name": "db"}
    assert lanner("alerts", *words, "--csv").stdout == b"count,container.name\n2,db\n1,web\n"


def test_table(store: Path) -> None:
    lines = lanner("alerts", "--store", store, "-n", "1").stdout.decode().splitlines()
    assert lines == [
        "TIME                  PRIORITY  RULE     OUTPUT",
        "2026-01-01T00:00:04Z  Warning   a shell  message 4",
    ]


def test_dead_letters(store: Path) -> None:
    text = lanner("alerts", "--store", store, "--dead-letters").stdout.decode()
    assert text.splitlines()[1].split() == ["http", "1", "2", "400", "Bad", "Request"]


def test_follow_also_when_another_store_takes_its_place(store: Path) -> None:
    with subprocess.Popen(
        [LANNER, "alerts", "--store", store, "--follow", "--json"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        number = 10
        for _ in range(2):
            kept = Store(Database(store))
            found = b""
            while not found:  # until it has begun to look
                kept.append([row(number, "c", "x")])
                number += 1
                if select.select([process.stdout], [], [], 0.2)[0]:
                    found = process.stdout.readline()
            assert json.loads(found)["rule"] == "c"
            kept.close()
            store.unlink()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_who_reads_for_long_does_not_let_the_log_grow(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    kept = Store(Database(path))
    count = 3_000
    kept.append([row(number % 60, "a", "x") for number in range(count)])
    reader = StoredAlerts(path).read(AlertFilter())
    next(reader)
    kept.append([row(1, "later", "x")])
    with contextlib.closing(sqlite3.connect(path)) as other:
        busy, log, done = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, log, done) == (0, 0, 0)
    assert sum(1 for _ in reader) == count - 1
    kept.close()


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


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["--store", "/nowhere"], 1, "/nowhere: there is no store"),
        (["/nowhere.jsonl"], 1, "/nowhere.jsonl: No such file"),
        (["--where", "x"], 2, "write FIELD=VALUE"),
        (["--priority", "x"], 2, "is not a priority"),
        (["x", "--follow"], 2, "--follow goes without LOG"),
        (["--json", "--csv"], 2, "exclude each other"),
    ],
)
def test_what_cannot_be_read(words: list[str], code: int, problem: str) -> None:
    done = lanner("alerts", *words)
    assert done.returncode == code
    assert problem in done.stderr.decode()


def test_other_files_are_no_stores(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"x" * 10_000)
    assert b"not a database" in lanner("alerts", "--store", path).stderr
    path.unlink()
    sqlite3.connect(path).execute("CREATE TABLE x(a)").connection.close()
    assert b"no store of alerts" in lanner("alerts", "--store", path).stderr


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
