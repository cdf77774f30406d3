"""`lanner-falco`: what Falco prints and does, and with which exit code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("lanner-falco")
RULES = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "falco.yaml"
    path.write_text("stdout_output: {enabled: true}\nlog_syslog: false\nlog_stderr: true\n")
    return path


def falco(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_versions(config: Path) -> None:
    text = falco("--version", "-c", config).stdout
    assert re.match(r"Falco version: 0\.44\.1\nLibs version:  0\.25\.4\nPlugin API: +3\.", text)
    found = json.loads(falco("--version", "-c", config, "-o", "json_output=true").stdout)
    assert {"falco_version", "engine_version", "driver_schema_version"} <= found.keys()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--nope"], "Error: Option --nope does not exist"),
        (["-c", "/nowhere/falco.yaml"], "/nowhere/falco.yaml"),
        (
            ["-o", "rule_matching=x"],
            'Unknown rule matching strategy "x"--must be one of first, all',
        ),
        ([], "You must specify at least one rules file"),
        (["-o", "engine.kind=replay"], "no engine.replay.capture_file specified"),
        (["-r", "/nowhere.yaml"], "/nowhere.yaml"),
        (["--enable-source", "x"], "unknown event source: x"),
        (["--disable-source", "syscall"], "Must enable at least one event source"),
        (["--plugin-info", "x"], "can't find plugin"),
        (["--markdown", "--format", "json"], "Cannot specify both"),
    ],
)
def test_errors(config: Path, words: list[str], problem: str) -> None:
    place = () if "-c" in words else ("-c", config)
    done = falco(*place, *words)
    assert done.returncode == 1
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_option() -> None:
    text = falco("-h").stdout
    assert text.startswith("usage: falco [OPTION...]")
    for option in ("-c", "--config-schema", "-L", "-l", "--list", "-M", "-N", "-o", "-V", "-U"):
        assert option in text


def test_lists(config: Path) -> None:
    assert "proc.name" in falco("--list", "-N", "-c", config).stdout.split()
    assert "ka.verb" in falco("--list=k8s_audit", "-N", "-c", config).stdout.split()
    assert "- read\n" in falco("-i").stdout
    assert "execve" in falco("--list-events").stdout.split()
    assert json.loads(falco("--config-schema").stdout)["$ref"]


def test_validation(config: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("- macro: a\n  condition: evt.type = open\n")
    bad.write_text("- rule: a\n  enabled: true\n  append: true\n")
    done = falco("-c", config, "-V", good)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"{good}: Ok, with warnings")
    done = falco("-c", config, "-o", "json_output=true", "-V", bad)
    assert done.returncode == 1
    assert not json.loads(done.stdout)["falco_load_results"][0]["successful"]


@pytest.mark.parametrize("name", ["cat_write", "mix-small"])
def test_replay_gives_the_alerts_of_falco(captures: Path, config: Path, name: str) -> None:
    folder = captures
    done = falco(
        *("-c", config, "-o", "json_output=true", "-o", "rule_matching=all"),
        *("-o", "time_format_iso_8601=true", "-o", "append_output[].suggested_output=true"),
        *("-o", "engine.kind=replay"),
        *("-o", f"engine.replay.capture_file={folder / 'scap' / f'{name}.scap'}"),
        *(word for rules in RULES for word in ("-r", folder / "rules" / rules)),
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    text = (folder / "scap" / f"{name}.upstream44-all.falco.jsonl").read_text()
    expected = [json.loads(line) for line in text.splitlines()]
    for alert in found:
        del alert["hostname"]
    assert found == expected
    assert f"Events detected: {len(expected)}" in done.stderr
