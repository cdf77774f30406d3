"""`lanner scan` on real files, good and bad."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from tests.cli.run import LANNER, ROOT, SAMPLE, lanner

TEXT_ALERT = re.compile(
    rb"^\d\d:\d\d:\d\d\.\d{9}: (Warning|Notice|Error|Informational|Critical) \S"
)
EVENTS = SAMPLE.read_bytes().splitlines(keepends=True)


def alerts(*arguments: str | os.PathLike[str], stdin: bytes = b"") -> list[bytes]:
    done = lanner("scan", *arguments, "-q", stdin=stdin)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def expected() -> list[bytes]:
    lines = alerts(SAMPLE)
    assert len(lines) == 22
    return lines


def test_alerts_are_falcos_text(expected: list[bytes]) -> None:
    assert all(TEXT_ALERT.match(line) for line in expected)


def test_json_alerts_have_falcos_keys(expected: list[bytes]) -> None:
    lines = [json.loads(line) for line in alerts("--json", SAMPLE)]
    assert len(lines) == len(expected)
    for alert, text in zip(lines, expected, strict=True):
        assert set(alert) == {
            "hostname", "output", "output_fields", "priority", "rule", "source", "tags", "time",
        }  # fmt: skip
        assert alert["output"].encode() == text
        assert alert["source"] == "k8s_audit"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", alert["time"])


def test_standard_input(expected: list[bytes]) -> None:
    assert alerts("-", stdin=SAMPLE.read_bytes()) == expected


def test_gzip(tmp_path: Path, expected: list[bytes]) -> None:
    packed = tmp_path / "audit.log.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    assert alerts(packed) == expected


def test_a_named_pipe(tmp_path: Path, expected: list[bytes]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(SAMPLE.read_bytes()))
    writer.start()
    assert alerts(pipe) == expected
    writer.join(timeout=10)
    assert not writer.is_alive()


def test_rotated_logs_are_read_in_the_order_of_time(tmp_path: Path, expected: list[bytes]) -> None:
    half = len(EVENTS) // 2
    # the names sort the other way round, and the file times are the same
    (tmp_path / "audit.log").write_bytes(b"".join(EVENTS[half:]))
    (tmp_path / "audit-2026-11-23.log").write_bytes(b"".join(EVENTS[:half]))
    (tmp_path / ".hidden").write_bytes(b"no event\n")
    for file in tmp_path.iterdir():
        os.utime(file, (0, 0))
    assert alerts(tmp_path) == expected


def test_since_and_until_cut_the_log_in_two(expected: list[bytes]) -> None:
    moment = json.loads(EVENTS[len(EVENTS) // 2])["stageTimestamp"]
    before, after = alerts(SAMPLE, "--until", moment), alerts(SAMPLE, "--since", moment)
    assert before
    assert after
    assert before + after == expected


def test_priority_tag_and_rule_choose_rules() -> None:
    assert {line.split()[1] for line in alerts(SAMPLE, "--priority", "warning")} == {
        b"Warning",
        b"Error",
    }
    chosen = alerts(SAMPLE, "--rule", "Create * Pod", "--json")
    assert {json.loads(line)["rule"] for line in chosen} == {
        "Create HostPid Pod",
        "Create Privileged Pod",
        "Create Sensitive Mount Pod",
    }


def test_first_match_gives_one_alert_for_an_event() -> None:
    times = [json.loads(line)["time"] for line in alerts(SAMPLE, "--json")]
    first = alerts(SAMPLE, "--rule-matching", "first", "--json")
    assert sorted(json.loads(line)["time"] for line in first) == sorted(set(times))


def test_repeats_are_dropped_on_request(expected: list[bytes]) -> None:
    done = lanner("scan", SAMPLE, SAMPLE, "--dedup")
    assert done.stdout.splitlines() == expected
    assert f"{len(EVENTS)} duplicates dropped".encode() in done.stderr


def test_local_rules_override_the_defaults(tmp_path: Path) -> None:
    local = tmp_path / "local.yaml"
    local.write_text(
        "- rule: Create Privileged Pod\n  priority: CRITICAL\n  override: {priority: replace}\n"
        "- rule: Disallowed K8s User\n  enabled: false\n  override: {enabled: replace}\n"
    )
    found = [json.loads(line) for line in alerts("--json", "--local", local, SAMPLE)]
    assert {alert["rule"]: alert["priority"] for alert in found}["Create Privileged Pod"] == (
        "Critical"
    )
    assert "Disallowed K8s User" not in {alert["rule"] for alert in found}


def test_malformed_records_are_told_with_their_place(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(EVENTS[0] + b'{"kind":"Event" 1}\n' + EVENTS[1] + b"garbage\n")
    done = lanner("scan", log)
    assert done.returncode == 0
    assert f"{log}:2: record skipped: ".encode() in done.stderr
    assert f"{log}:4: record skipped: ".encode() in done.stderr
    assert b"scanned 2 events" in done.stderr
    assert b"2 malformed records skipped" in done.stderr
    assert lanner("scan", log, "--strict").returncode == 1


def test_many_malformed_records_do_not_flood(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(EVENTS[0] + b"garbage\n" * 5000)
    done = lanner("scan", log)
    assert done.stderr.count(b"record skipped") == 50
    assert b"lanner: 4950 more malformed records were skipped" in done.stderr
    assert b"5,000 malformed records skipped" in done.stderr


def test_a_last_line_cut_by_a_crash_is_counted(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(EVENTS[0] + EVENTS[1][:100])
    done = lanner("scan", log)
    assert b"scanned 1 event " in done.stderr
    assert b"skipped" in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", b"the input is empty"),
        (b"not json at all\n", b"no audit event was found"),
        (b"\x00\xff\xfe" * 1000, b"no audit event was found"),
        (b"[" * 100_000, b"no audit event was found"),
        (b"\x1f\x8b\x08\x00broken", b""),
        (b"\x28\xb5\x2f\xfdbroken", b""),
        (gzip.compress(SAMPLE.read_bytes())[:-200], b""),
    ],
    ids=["empty", "text", "binary", "deep", "bad gzip", "bad zstd", "cut gzip"],
)
def test_what_is_no_audit_log(tmp_path: Path, content: bytes, message: bytes) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(content)
    done = lanner("scan", log)
    assert message in done.stderr
    assert b"lanner: " in done.stderr
    assert done.returncode == (1 if content else 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["/does/not/exist"],
        [str(SAMPLE), "-r", "/does/not/exist.yaml"],
        [str(SAMPLE), "--local", "/dev/null/x"],
    ],
)
def test_missing_files_end_with_1(arguments: list[str]) -> None:
    done = lanner("scan", *arguments)
    assert done.returncode == 1
    assert arguments[-1].encode() in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [str(SAMPLE), "--since", "yesterday"],
        [str(SAMPLE), "--priority", "loud"],
        [str(SAMPLE), "--rule", "No Such Rule"],
        [str(SAMPLE), "--no-such-option"],
    ],
)
def test_usage_errors_end_with_2(arguments: list[str]) -> None:
    done = lanner("scan", *arguments)
    assert done.returncode == 2
    assert done.stderr
    assert not done.stdout


def test_a_missing_file_does_not_stop_the_others(expected: list[bytes]) -> None:
    done = lanner("scan", "/does/not/exist", SAMPLE)
    assert done.returncode == 1
    assert done.stdout.splitlines() == expected


def test_a_full_disk_is_told() -> None:
    for command in (["scan", SAMPLE], ["rules"], ["fields"]):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [LANNER, *command], stdout=full, stderr=subprocess.PIPE, check=False, cwd=ROOT
            )
        assert done.returncode == 1
        assert b"lanner: standard output: No space left on device" in done.stderr
        assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    done = subprocess.run(
        f"{LANNER} scan {SAMPLE} {SAMPLE} | head -1",
        shell=True,
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert done.stdout.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_streams_that_are_closed(closed: str) -> None:
    done = subprocess.run(
        f"{LANNER} scan {SAMPLE} {closed}", shell=True, capture_output=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0
    assert bool(done.stdout) == (closed == "2>&-")
    assert b"Traceback" not in done.stderr


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    log = tmp_path / "a\udcff.log"
    log.write_text("{}")
    for command in ("scan", "events"):
        done = lanner(command, str(log))
        assert done.returncode == 1
        assert b"the name is not UTF-8" in done.stderr
        assert b"Traceback" not in done.stderr


def test_what_rules_cost() -> None:
    done = lanner("scan", SAMPLE, "-q", "--costs", "--rule", "Attach/Exec Pod")
    head, row, total = done.stderr.decode().split("\n")[1:4]
    assert head.split() == ["EVALUATED", "MATCHED", "MS", "RULE"]
    evaluated, matched, _, name = row.split(maxsplit=3)
    assert (matched, name) == (str(len(done.stdout.splitlines())), "Attach/Exec Pod")
    assert int(evaluated) >= int(matched) > 0
    assert "choosing among all 1 " in total


def test_names_of_rules_do_not_reach_the_terminal_as_orders(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        '- rule: "a\\e[31m\\nb"\n  desc: d\n  condition: ka.verb exists\n  output: o\n'
        "  priority: INFO\n  source: k8s_audit\n"
    )
    done = lanner("scan", SAMPLE, "-r", rules, "--costs")
    assert done.stderr.count(rb"a\x1b[31m\x0ab") == 2
    assert b"\x1b" not in done.stderr
    listed = lanner("rules", "-r", rules)
    assert rb"a\x1b[31m\x0ab" in listed.stdout
