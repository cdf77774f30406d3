"""`lanner audit policy simulate`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import SAMPLE, lanner

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"
POLICY = f"""{HEAD}omitStages: [RequestReceived]
rules:
- level: None
  verbs: [watch]
- level: Metadata
  resources:
  - group: ""
    resources: [secrets]
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def test_table(policy: Path, tmp_path: Path) -> None:
    everything = tmp_path / "everything.yaml"
    everything.write_text(f"{HEAD}rules: [{{level: RequestResponse}}]\n")
    done = lanner(
        "audit", "policy", "simulate", "--policy", policy, "--against", everything, SAMPLE
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[0] == f"{policy}:"
    assert lines[1].split() == ["rule", "level", "events", "kept", "bytes", "a", "day", "about"]
    assert lines[2].endswith("watch")
    assert lines[3].endswith("core/secrets")
    assert lines[4].endswith("no rule matches")
    assert lines[-1].startswith(f"{policy} keeps ")
    assert lines[-1].endswith(f"of {everything}")


def test_json_and_events(policy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = lanner("audit", "policy", "simulate", "--policy", policy, SAMPLE, "--json", "-w", out)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (found,) = told["policies"]
    kept = out.read_text().splitlines()
    assert found["kept"] == len(kept) > 0
    assert found["bytes"] == out.stat().st_size
    assert {json.loads(line)["level"] for line in kept} == {"Metadata"}
    assert [(rule["rule"], rule["line"]) for rule in found["rules"]] == [
        (0, 5),
        (1, 7),
        (None, None),
    ]
    assert sum(rule["events"] for rule in found["rules"]) == told["events"]


def test_events_on_standard_output(policy: Path) -> None:
    done = lanner(
        "audit", "policy", "simulate", "--policy", policy, "-", "-w", "-", stdin=SAMPLE.read_bytes()
    )
    assert done.returncode == 0
    assert all(json.loads(line)["kind"] == "Event" for line in done.stdout.splitlines())
    assert b"no rule matches" in done.stderr


def test_what_cannot_be(policy: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(f"{HEAD}rules: [{{level: metadata}}]\n")
    simulate = ("audit", "policy", "simulate", "--policy")
    done = lanner(*simulate, bad, SAMPLE)
    assert done.returncode == 1
    assert b"kube-apiserver does not start with this policy" in done.stderr
    assert b'"metadata"' in done.stderr
    done = lanner(*simulate, tmp_path / "none.yaml", SAMPLE)
    assert done.returncode == 1
    done = lanner(*simulate, policy, tmp_path / "none.log")
    assert done.returncode == 1
    assert b"none.log: No such file" in done.stderr
    done = lanner(*simulate, policy, SAMPLE, "-w", SAMPLE)
    assert done.returncode == 1
    assert b"this is one of the inputs" in done.stderr
    done = lanner(*simulate, policy, SAMPLE, "-w", "/dev/full")
    assert done.returncode == 1
    assert b"/dev/full: No space left on device" in done.stderr
    done = lanner(*simulate, policy, "-", stdin=b"hello\n")
    assert done.returncode == 1
    assert b"no audit event was found" in done.stderr
    done = lanner(*simulate, policy, SAMPLE, "-w", "-", "--json")
    assert done.returncode == 2
    done = lanner(*simulate, policy, SAMPLE, "--since", "yesterday")
    assert done.returncode == 2
