"""`lanner alerts`: the store."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from lanner.api.alerts import AlertFilter, StoredAlerts
from lanner.outputs.database import Database, DeadLetter
from lanner.outputs.store import Store
from tests.cli.run import LANNER, lanner

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
        (["-n", "2", "--rule", "a*", "--until", "2026-01-01T00:00:04Z"], [1, 3]),
        (["--rule", "[a] shell"], []),
        (["--where", "container.name=[d]b"], []),
        (["--where", "proc.name="], [1, 2, 3, 4]),
        (["--where", "proc.name=*"], []),
        (["--where", "tags=b"], [2]),
        (["--until", "9999-12-31"], [1, 2, 3, 4]),
        (["--since", "9999-12-31"], []),
        (["--since", "99999999999999d"], [1, 2, 3, 4]),
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


def test_rows_with_their_counts_keep_types_and_can_be_limited(store: Path) -> None:
    words = ("--store", store, "--field", "proc.pid", "--field", "tags", "--unique", "-n", "1")
    (line,) = lanner("alerts", *words, "--json").stdout.splitlines()
    assert json.loads(line) == {"count": 1, "proc.pid": 1, "tags": ["a"]}


def test_a_field_that_no_alert_has_is_told_of(store: Path) -> None:
    said = lanner("alerts", "--store", store, "--field", "container.nam").stderr.decode()
    assert "none of these alerts has a field `container.nam`" in said
    assert "did you mean `container.name`" in said
    assert not lanner("alerts", "--store", store, "--field", "container.name").stderr


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


def test_following_prints_each_alert_once_also_of_a_store_begun_anew(tmp_path: Path) -> None:
    path, aside = tmp_path / "alerts.db", tmp_path / "aside.db"
    kept = Store(Database(path))
    kept.append([row(1, "before", "x")])
    reader = StoredAlerts(path)

    def read() -> list[str]:
        return [one.rule for one in reader.news(AlertFilter())]

    kept.append([row(2, "b", "x"), row(3, "c", "x")])
    news = reader.news(AlertFilter())
    found = [next(news).rule]
    kept.append([row(4, "d", "x")])  # between the rows of one look
    assert found + [one.rule for one in news] == ["b", "c"]
    assert read() == ["d"]
    kept.retain(2**62, 0)
    assert read() == []
    kept.append([row(5, "e", "x")])
    kept.close()
    for suffix in ("", "-wal", "-shm"):
        if Path(f"{path}{suffix}").exists():
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    assert read() == ["e"]
    path.write_bytes(b"")
    assert read() == []
    path.unlink()
    kept = Store(Database(path))
    kept.append([row(6, "f", "x")])
    assert read() == ["f"]
    assert read() == []
    kept.close()


def test_a_reader_that_waits_does_not_hold_up_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    kept = Store(Database(path))
    kept.append([row(number % 60, "a", "x") for number in range(1000)])
    found = StoredAlerts(path).read(AlertFilter())
    next(found)
    kept.append([row(1, "later", "x")])
    with sqlite3.connect(path) as other:
        # all of the log goes into the database: nobody reads an older state
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
    other.close()
    assert len(list(found)) == 999
    kept.close()


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["--store", "/nowhere"], 1, "/nowhere: there is no store"),
        (["/nowhere.jsonl"], 1, "/nowhere.jsonl: No such file"),
        (["--where", "x"], 2, "write FIELD=VALUE"),
        (["--priority", "x"], 2, "is not a priority"),
        (["x", "--follow"], 2, "--follow goes without LOG"),
        (["--dead-letters", "--follow"], 2, "--follow goes without LOG"),
        (["--dead-letters", "--rule", "x"], 2, "--dead-letters goes with --store and --json"),
        (["--since", ""], 2, "not a time"),
        (["--store", "/"], 1, "no store of alerts"),
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


def test_a_store_of_a_newer_lanner(store: Path) -> None:
    with sqlite3.connect(store) as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    assert b"a store of version 9; this Lanner has 1" in lanner("alerts", "--store", store).stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to go without its powers")
def test_stores_that_others_own(store: Path) -> None:
    powerless = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")

    def read() -> tuple[int, str]:
        done = subprocess.run(
            [
                *powerless,
                LANNER,
                "alerts",
                "--store",
                store,
                "-n",
                "1",
                "--csv",
                "--field",
                "proc.pid",
            ],
            capture_output=True,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    shutil.chown(store.parent, "nobody")
    store.parent.chmod(0o755)
    assert read() == (0, "proc.pid\n4\n")  # where SQLite can make no file
    log = store.with_name(store.name + "-wal")
    log.write_bytes(b"x")
    code, said = read()
    assert (code, "its newest alerts are in alerts.db-wal" in said) == (1, True), said
    shutil.chown(store, "nobody")
    store.chmod(0o600)
    assert read() == (1, f"lanner: {store}: Permission denied\n")
