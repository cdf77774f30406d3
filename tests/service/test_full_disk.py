"""A disk that is full: detection goes on, channels get every alert, and it heals by itself."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from lanner.outputs.database import Database
from lanner.outputs.store import Store
from tests.outputs.support import rows
from tests.service.running import LANNER, RULE, Running, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "seen " + "x" * 2000


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def configuration(small: Path, tmp_path: Path, port: int) -> Path:
    (tmp_path / "rules.yaml").write_text(RULE.format(name="seen", text=TEXT))
    config = tmp_path / "lanner.yaml"
    settings = {
        "rules_files": [str(tmp_path / "rules.yaml")],
        "json_output": True,
        "store": {"path": str(small / "alerts.db")},
        "stdout_output": {"enabled": True},
        "audit": {"listen": f"127.0.0.1:{port}"},
    }
    config.write_text(json.dumps(settings))
    return config


def got(running: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in list(running.output)]


def seen(running: Running) -> list[str]:
    return [one["output_fields"]["ka.auditid"] for one in got(running) if one["rule"] == "seen"]


def internal(running: Running) -> list[str]:
    rule = "Lanner internal: alerts cannot be stored"
    return [one["output"] for one in got(running) if one["rule"] == rule]


def stored(small: Path) -> list[str]:
    done = subprocess.run(
        [LANNER, "alerts", "--store", small / "alerts.db", "--rule", "seen", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line)["output_fields"]["ka.auditid"] for line in done.stdout.splitlines()]


def fill(filler: Path) -> None:
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while file.write(b"\0" * 4096):
            file.flush()


def test_a_full_disk_holds_nothing_up(small: Path, tmp_path: Path) -> None:
    port = free_port()
    config = configuration(small, tmp_path, port)
    filler = small / "filler"
    sent: list[str] = []

    def send(running: Running, count: int) -> None:
        names = [f"e{len(sent) + number}" for number in range(count)]
        sent.extend(names)
        assert running.send(*names) == 200

    with Running(config, port) as running:
        send(running, 10)
        fill(filler)
        for _ in range(10):
            send(running, 20)
        running.wait(lambda: internal(running))
        assert "disk is full" in str(internal(running)[0])
        running.wait(lambda: len(got(running)) >= len(sent) + 1)
        filler.unlink()
        send(running, 5)
        running.wait(lambda: len(internal(running)) == 2)
        assert running.end() == 0
    assert seen(running) == sent
    assert stored(small) == sent


def test_a_store_that_was_not_closed_is_read_on_a_full_disk(small: Path, tmp_path: Path) -> None:
    """As after a loss of power: the log has alerts, and its index is gone."""
    before = Store(Database(tmp_path / "alerts.db"))
    before.append(rows("a", "b"))
    for name in ("alerts.db", "alerts.db-wal"):
        shutil.copy(tmp_path / name, small)
    before.close()
    fill(small / "filler")
    store = Store(Database(small / "alerts.db"))
    assert store.problem
    assert [one.rule for one in store.read(0, 9, 0)] == ["a", "b"]
    store.append(rows("c"))
    (small / "filler").unlink()
    store.close()
    store = Store(Database(small / "alerts.db"))
    assert [one.rule for one in store.read(0, 9, 0)] == ["a", "b", "c"]
    store.close()


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("is_new", [False, True])
def test_it_begins_although_the_store_cannot_be_written(
    small: Path, tmp_path: Path, is_full: bool, is_new: bool
) -> None:
    port = free_port()
    config = configuration(small, tmp_path, port)
    before = []
    if not is_new:
        with Running(config, port, "-o", "stdout_output.enabled=false") as running:
            assert running.send("before") == 200
            assert running.end() == 0
        before = ["before"]
    if is_full:
        fill(small / "filler")
    else:
        subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    with Running(config, port) as running:
        assert running.send("a", "b") == 200
        running.wait(lambda: seen(running) == ["a", "b"])
        running.wait(lambda: internal(running))
        subprocess.run(["mount", "-o", "remount,rw", small], check=True)
        (small / "filler").unlink(missing_ok=True)
        running.wait(lambda: running.has_said("alerts can be stored again; 0 were lost"))
        assert running.send("c") == 200
        assert running.end() == 0
    assert seen(running) == ["a", "b", "c"]
    assert stored(small) == [*before, "a", "b", "c"]
