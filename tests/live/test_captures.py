"""Rules with `capture` record what follows their alerts."""

from __future__ import annotations

import secrets
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lanner
from lanner.api.captures import EndedCapture, RuleCaptures
from lanner.api.live import Live
from lanner.containers import Resolver, Sockets
from tests.cli.run import LANNER
from tests.live.test_runtimes import watched
from tests.live.watcher import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.engine import Containerd

RULES = """
- rule: First
  desc: begins a capture
  condition: evt.type in (open, openat) and fd.name startswith {place}/first
  output: "%fd.name %proc.name %proc.pname %user.name %container.name %container.image.tag"
  priority: WARNING
  capture: true
  capture_duration: {duration}
- rule: Second
  desc: does not
  condition: evt.type in (open, openat) and fd.name startswith {place}/second
  output: "%fd.name %proc.name %proc.pname %user.name %container.name %container.image.tag"
  priority: WARNING
"""
LONG_MS = 100_000


def engine(place: Path | str, duration: int = LONG_MS) -> lanner.Engine:
    text = RULES.format(place=place, duration=duration)
    ruleset = lanner.load_rules(texts={"rules": text})
    assert ruleset.ok, ruleset.diagnostics
    return lanner.Engine(ruleset, additions=())


def told(alerts: list[lanner.Alert]) -> list[tuple[str, str]]:
    return [(alert.rule, alert.message) for alert in alerts]


def scanned(rules: lanner.Engine, capture: Path | str) -> list[tuple[str, str]]:
    batches = list(lanner.Scan(rules, [capture]).batches())
    assert not any(batch.input_errors() for batch in batches)
    return told([alert for batch in batches for alert in batch.alerts()])


def await_ended(live: Live) -> EndedCapture:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        for ended in live.ended_captures():
            return ended
        time.sleep(0.01)
    raise AssertionError("no capture ended")


def touch(*paths: Path) -> None:
    """By a process of its own: the watching one is not watched."""
    subprocess.run(["touch", *paths], check=True)


def watch(live: Live, work: Callable[[], object]) -> tuple[list[lanner.Alert], list[EndedCapture]]:
    alerts = watched(live, work)
    return alerts, live.ended_captures()


@pytest.mark.usefixtures("root")
def test_it_reads_as_if_it_had_begun_before(tmp_path: Path) -> None:
    script = f"""
      exec 5> {tmp_path}/second-before
      touch {tmp_path}/first; touch {tmp_path}/second; echo > {tmp_path}/second-by-bash
    """
    rules = engine(tmp_path)
    live = Live(rules, captures=RuleCaptures(tmp_path / "capture"))
    alerts, (ended,) = watch(live, lambda: subprocess.run(["bash", "-c", script], check=True))
    assert ended.why == "stopped"
    path = Path(ended.path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == ended.bytes
    before, *after = told(alerts)
    assert before[1].startswith(f"{tmp_path}/second-before bash ")
    assert [rule for rule, _ in after] == ["First", "Second", "Second"]
    assert scanned(rules, path) == after


def test_what_was_told_of_containers_is_in_it(containerd: Containerd, tmp_path: Path) -> None:
    rules = engine("/tmp")
    resolver = Resolver(Sockets.parse([f"containerd={containerd.socket}"]), patience_s=10)
    live = Live(rules, resolver=resolver, captures=RuleCaptures(tmp_path / "capture"))
    alerts, (ended,) = watch(
        live, lambda: containerd.run("lanner-box", "echo > /tmp/first; echo > /tmp/second")
    )
    inside = [found for found in told(alerts) if found[1].startswith("/tmp/first")]
    assert inside == [("First", inside[0][1])]
    assert inside[0][1].endswith(" 1"), "the tag of the image"
    assert scanned(rules, ended.path) == told(alerts)


@pytest.mark.usefixtures("root")
def test_it_ends_when_its_time_is_over_and_another_one_begins(tmp_path: Path) -> None:
    rules = engine(tmp_path, duration=50)
    live = Live(rules, captures=RuleCaptures(tmp_path / "capture"))
    ended: list[EndedCapture] = []

    def work() -> None:
        for number in range(2):
            touch(tmp_path / f"first-{number}")
            ended.append(await_ended(live))

    alerts, rest = watch(live, work)
    assert not rest
    assert [capture.why for capture in ended] == ["duration", "duration"]
    assert [scanned(rules, capture.path) for capture in ended] == [[one] for one in told(alerts)]
    assert ended[0].path < ended[1].path


@pytest.mark.usefixtures("root")
def test_it_ends_when_it_is_too_large(tmp_path: Path) -> None:
    captures = RuleCaptures(tmp_path / "capture", max_file_size_mb=1)
    live = Live(engine(tmp_path), captures=captures)
    ended: list[EndedCapture] = []

    def work() -> None:
        touch(tmp_path / "first")
        deadline = time.monotonic() + DEADLINE_S
        while not ended and time.monotonic() < deadline:
            # names that do not compress
            touch(*(tmp_path / f"second-{secrets.token_hex(60)}" for _ in range(1000)))
            ended.extend(live.ended_captures())

    watch(live, work)
    assert [capture.why for capture in ended] == ["size"]
    assert 1 << 20 <= ended[0].bytes == Path(ended[0].path).stat().st_size < 2 << 20


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("all_rules", [False, True])
def test_only_some_rules_begin_captures(tmp_path: Path, *, all_rules: bool) -> None:
    captures = RuleCaptures(tmp_path / "capture", all_rules=all_rules)
    live = Live(engine(tmp_path), captures=captures)
    alerts, ended = watch(live, lambda: touch(tmp_path / "second"))
    assert [alert.rule for alert in alerts] == ["Second"]
    assert len(ended) == all_rules


@pytest.mark.usefixtures("root")
def test_a_capture_that_fails_is_told_and_does_not_end_detection(tmp_path: Path) -> None:
    live = Live(engine(tmp_path), captures=RuleCaptures(tmp_path / "nowhere/capture"))

    def work() -> None:
        for number in range(3):
            touch(tmp_path / f"first-{number}")

    alerts, (ended,) = watch(live, work)
    assert len(alerts) == 3
    assert (ended.why, ended.error) == ("failed", "No such file or directory")


@pytest.mark.usefixtures("root")
def test_the_command_says_what_became_of_it(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES.format(place=tmp_path, duration=LONG_MS))
    command: list[str | Path] = [
        LANNER,
        "run",
        "--store",
        "none",
        "-r",
        str(rules),
        "-M",
        "1",
        "--capture-prefix",
        f"{tmp_path}/capture",
    ]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        while process.poll() is None:
            touch(tmp_path / "first")
            time.sleep(0.01)
        assert process.stderr
        messages = process.stderr.read()
    assert process.returncode == 0, messages
    (capture,) = tmp_path.glob("capture_*.scap")
    assert f" events: {capture}\n" in messages
