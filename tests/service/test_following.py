"""An audit log that grows: each line is matched, also across rotation, a kill, and bad lines."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from typing import TYPE_CHECKING

from lanner.audit.recorder.tail import Tail, bookmark_at_end
from tests.service.running import RULE, Running, event

if TYPE_CHECKING:
    from pathlib import Path


def configure(folder: Path, **plugin: str) -> Path:
    """A configuration that follows `audit.log` of a folder."""
    (folder / "rules.yaml").write_text(RULE.format(name="seen", text="seen"))
    path = folder / "lanner.yaml"
    config = {
        "rules_files": [str(folder / "rules.yaml")],
        "store": {"path": str(folder / "alerts.db")},
        "stdout_output": {"enabled": True},
        "webserver": {"enabled": False},
        **(
            {"plugins": [{"name": "k8saudit", "library_path": "x.so", **plugin}]}
            if plugin
            else {"audit": {"follow": str(folder / "audit.log")}}
        ),
    }
    path.write_text(json.dumps(config))
    return path


def append(log: Path, *names: str) -> None:
    with log.open("a") as file:
        file.writelines(json.dumps({"kind": "Event", **event(name)}) + "\n" for name in names)


def seen(running: Running) -> list[str]:
    return [line.rpartition("id=")[2].rstrip(")\n") for line in running.output if "id=" in line]


def start(config: Path) -> Running:
    return Running(config, 0, ready="audit: following")


def test_each_line_is_matched_across_rotation_and_a_kill(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    append(log, "before")
    config = configure(tmp_path)
    with start(config) as running:
        append(log, "a", "b")
        running.wait(lambda: seen(running) == ["a", "b"])
        log.rename(tmp_path / "audit-2026-11-24T00-00-00.000.log")
        append(log, "c")
        running.wait(lambda: seen(running) == ["a", "b", "c"])
        running.signal(signal.SIGKILL)
    append(log, "d")
    with start(config) as running:
        append(log, "e")
        running.wait(lambda: seen(running)[-2:] == ["d", "e"])
        assert running.end() == 0
    assert set(seen(running)) <= {"c", "d", "e"}


def test_the_plugins_file_url_and_lines_that_are_no_events(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    config = configure(tmp_path, open_params=f"file://{log}")
    with start(config) as running:  # the log comes later
        with log.open("w") as file:
            file.write('{"kind": 0}\nnonsense\n')
        append(log, "a")
        running.wait(lambda: seen(running) == ["a"])
        running.wait(lambda: running.has_said("data not recognized as a k8s audit event"))
        assert running.end() == 0


def test_the_end_of_a_log_is_behind_its_last_whole_line(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    assert bookmark_at_end(log) is None
    for text, offset in (
        (b"", 0),
        (b"half", 0),
        (b"one\nhalf", 4),
        (b"a\n" * 1_000_000, 2_000_000),
    ):
        log.write_bytes(text)
        marked = bookmark_at_end(log)
        assert marked is not None
        assert marked.offset == offset
        with log.open("ab") as file:
            file.write(b"more\n")
        with closing(Tail(log, marked)) as tail:
            (chunk,) = tail.available()
        assert chunk.lines == text[offset:] + b"more\n"
