"""The default rules find the attacks in real captures that Falco's rules find, and no others."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from lanner.rules.defaults import default_syscall_rules
from tests.cli.run import lanner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Falco takes a container for one with sensitive mounts because nothing is known of its mounts.
FALSE_ALARMS = ("Launch Sensitive Mount Container",)


def alerts(lines: Iterable[str | bytes]) -> Counter[tuple[str, str]]:
    found = map(json.loads, lines)
    return Counter((alert["time"], alert["rule"]) for alert in found)


@pytest.mark.parametrize(
    "name",
    ["mix-small", "mix-large", "cat_write", "connect_localhost", "curl_google", "ping_sendto"],
)
def test_same_alerts_as_falcos_rules(captures: Path, name: str) -> None:
    recorded = (captures / f"scap/{name}.upstream44-all.falco.jsonl").read_text().splitlines()
    options = [option for path in default_syscall_rules() for option in ("-r", str(path))]
    capture = str(captures / f"scap/{name}.scap")
    result = lanner("scan", capture, *options, "--json", "--iso-time", "-q")
    assert result.returncode == 0, result.stderr.decode()
    ours, falco = alerts(result.stdout.splitlines()), alerts(recorded)
    assert {rule for _, rule in falco - ours} <= set(FALSE_ALARMS)
    assert not ours - falco
    assert bool(ours) == bool(falco)
