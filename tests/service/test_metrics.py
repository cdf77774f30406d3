"""Names and units of Falco's metrics snapshot, and what the settings leave out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lanner.config.sections import MetricsSection
from lanner.service.metrics import Figure, prometheus, snapshot
from tests.cli.falco.test_command import config, falco

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["config"]

_MEMORY = (
    Figure("falco.memory_rss", "falcosecurity_falco_memory_rss_bytes", 3 << 20, unit="bytes"),
    Figure("falco.container_memory_used", "", 5 << 20, unit="bytes", native="bytes"),
)


def test_memory_is_in_the_unit_of_its_name() -> None:
    """Falco's names: `memory_rss_kb`, `container_memory_used_bytes`, or both with `_mb`."""
    assert snapshot(_MEMORY, MetricsSection()) == {
        "falco.memory_rss_mb": 3.0,
        "falco.container_memory_used_mb": 5.0,
    }
    assert snapshot(_MEMORY, MetricsSection(convert_memory_to_mb=False)) == {
        "falco.memory_rss_kb": 3072,
        "falco.container_memory_used_bytes": 5 << 20,
    }
    assert b"\nfalcosecurity_falco_memory_rss_bytes 3145728\n" in prometheus(_MEMORY)


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("rules_counters_enabled", "falco.rules.matches_total"),
        ("resource_utilization_enabled", "falco.memory_pss_mb"),
    ],
)
def test_what_is_switched_off_is_not_there(
    config: Path, tmp_path: Path, key: str, field: str
) -> None:
    rules, file = tmp_path / "rules.yaml", tmp_path / "metrics.jsonl"
    rules.write_text("- {rule: r, desc: d, condition: evt.type=open, output: o, priority: INFO}\n")
    settings = {
        "enabled": "true",
        "interval": "100ms",
        "output_file": str(file),
        "include_empty_values": "true",
    }
    found = []
    for value in ("true", "false"):
        options = [f"metrics.{name}={text}" for name, text in (settings | {key: value}).items()]
        words = [word for one in ("engine.kind=nodriver", *options) for word in ("-o", one)]
        assert falco("-c", config, "-r", rules, "-M", "2", *words).returncode == 0
        found.append(json.loads(file.read_text().splitlines()[-1])["output_fields"])
    assert field in found[0]
    assert field not in found[1]
    assert "falco.num_evts" in found[1]
