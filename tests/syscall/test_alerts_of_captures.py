"""Captures give the alerts that the real Falco gave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.run import lanner

if TYPE_CHECKING:
    from pathlib import Path

NEWEST = ("falco_rules", "falco-incubating_rules", "falco-sandbox_rules")
NAMES = (
    "cat_write",
    "connect_localhost",
    "curl_google",
    "empty",
    "mix-large",
    "mix-small",
    "open-multiple-files",
    "ping_sendto",
    "single_ipv6_conn",
    "syscall",
    "test_ipv6_client",
)


def scanned(capture: Path, rules: list[Path]) -> list[dict[str, Any]]:
    """The alerts of `lanner scan`, without what differs by host."""
    options = [option for path in rules for option in ("-r", str(path))]
    result = lanner("scan", str(capture), *options, "--json", "--iso-time", "-q")
    assert result.returncode == 0, result.stderr.decode()
    return [without_host(json.loads(line)) for line in result.stdout.splitlines()]


def without_host(alert: dict[str, Any]) -> dict[str, Any]:
    alert.pop("hostname", None)
    alert["tags"] = sorted(alert["tags"])
    return alert


@pytest.mark.parametrize("name", NAMES)
def test_newest_rules(captures: Path, name: str) -> None:
    rules = [captures / f"rules/{file}.yaml" for file in NEWEST]
    recorded = (captures / f"scap/{name}.upstream44-all.falco.jsonl").read_text()
    expected = [without_host(json.loads(line)) for line in recorded.splitlines()]
    assert scanned(captures / f"scap/{name}.scap", rules) == expected


def event_times(capture: Path) -> set[int]:
    """Times of the events that rules see: enter events are none since Falco 0.42."""
    lines = lanner("events", str(capture), "-p", "%evt.rawtime").stdout.splitlines()
    return {int(line) for line in lines}


def comparable(alert: dict[str, Any]) -> tuple[str, ...]:
    """What two versions of Falco say alike: 0.40 has no container plugin, and fewer parameters."""
    fields = {
        name: value
        for name, value in alert["output_fields"].items()
        if not name.startswith(("container.", "k8s.", "evt.arg"))
    }
    return (alert["time"], alert["rule"], alert["priority"], json.dumps(fields, sort_keys=True))


@pytest.mark.parametrize(
    "name",
    ["cat_write", "connect_localhost", "open-multiple-files", "ping_sendto", "syscall"],
)
def test_regression_rules_of_falco(captures: Path, name: str) -> None:
    capture = captures / f"scap/{name}.scap"
    times = event_times(capture)
    recorded = json.loads((captures / f"scap/{name}.tests.falco.json").read_text())
    compared = 0
    for file, run in recorded.items():
        rules = captures / "validation/files" / file
        if "alerts" not in run or not rules.exists():
            continue
        shown = [one for one in run["alerts"] if one["output_fields"]["evt.time.iso8601"] in times]
        expected = sorted(comparable(alert) for alert in shown)
        assert sorted(comparable(alert) for alert in scanned(capture, [rules])) == expected, file
        compared += 1
    assert compared > 10


@pytest.mark.parametrize("name", ["mix-small", "mix-large"])
def test_rules_of_falco_0_40(captures: Path, name: str) -> None:
    rules = [captures / f"rules/{file}-3.2.0.yaml" for file in NEWEST]
    recorded = (captures / f"scap/{name}.upstream-all.falco.jsonl").read_text()
    alerts = [json.loads(line) for line in recorded.splitlines()]
    # the rules on ptrace look at enter events (evt.dir = >), which 0.44 does not hand to rules
    expected = [comparable(alert) for alert in alerts if not alert["rule"].startswith("PTRACE")]
    assert [comparable(one) for one in scanned(captures / f"scap/{name}.scap", rules)] == expected
