"""The default rules give the alerts on real captures that Falco's give, but for false ones."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import lanner
from tests.syscall.test_alerts_of_captures import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Alerts of Falco's rules that ours do not give.
ONLY_FALCO = {
    # nothing is known of the container's mounts, which Falco takes for sensitive ones
    "mix-large": {"Launch Sensitive Mount Container": 4},
    "mix-small": {"Launch Sensitive Mount Container": 1},
    # the machine talks with itself, over ::1
    "test_ipv6_client": {"Unexpected UDP Traffic": 1},
}


def alerts(lines: Iterable[str | bytes]) -> Counter[tuple[str, str]]:
    found = map(json.loads, lines)
    return Counter((alert["time"], alert["rule"]) for alert in found)


@pytest.mark.parametrize(
    "name",
    [*NAMES, "curl_google_comments"],
)
def test_same_alerts_as_falcos_rules(captures: Path, name: str) -> None:
    recorded = (captures / f"scap/{name}.upstream44-all.falco.jsonl").read_text().splitlines()
    capture = str(captures / f"scap/{name}.scap")
    result = lanner("scan", capture, "--json", "--iso-time", "-q")
    assert result.returncode == 0, result.stderr.decode()
    ours, falco = alerts(result.stdout.splitlines()), alerts(recorded)
    missing = Counter(rule for _, rule in (falco - ours).elements())
    assert missing == ONLY_FALCO.get(name, {})
    assert not ours - falco


def test_a_local_file_of_falco_changes_the_default_rules(captures: Path, tmp_path: Path) -> None:
    local = tmp_path / "falco_rules.local.yaml"
    local.write_text(
        "- macro: user_expected_terminal_shell_in_container_conditions\n"
        "  condition: (container.id exists)\n"
        "- rule: PTRACE anti-debug attempt\n  enabled: false\n"
        "- list: sensitive_file_names\n  items: [/etc/passwd]\n  append: true\n"
        "- rule: Execution from /dev/shm\n  condition: and not proc.exepath startswith /dev/shm\n"
        "  append: true\n"
        "- rule: Remove Bulk Data from Disk\n  priority: CRITICAL\n"
        "  override: {priority: replace}\n"
    )
    capture = str(captures / "scap/mix-small.scap")

    def scan(*options: str) -> Counter[tuple[str, str]]:
        result = lanner("scan", capture, "--json", "-q", *options)
        assert result.returncode == 0, result.stderr.decode()
        found = map(json.loads, result.stdout.splitlines())
        return Counter((alert["rule"], alert["priority"]) for alert in found)

    before, after = scan(), scan("--local", str(local))
    gone = {rule for rule, _ in before} - {rule for rule, _ in after}
    assert gone == {
        "Execution from /dev/shm",
        "PTRACE anti-debug attempt",
        "Terminal shell in container",
    }
    assert after["Remove Bulk Data from Disk", "Critical"] == 1
    untrusted = "Read sensitive file untrusted", "Warning"
    assert after[untrusted] > before[untrusted]
