"""`lanner config`: what it shows can be used, its schema says what a configuration is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import lanner

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_is_shown_is_a_configuration(tmp_path: Path, form: tuple[str, ...]) -> None:
    path = tmp_path / "lanner.yaml"
    path.write_text(
        "static_fields: {a: '$${NAME}', b: '${NAME}', c: '${', d: 'pa$s ${NAME}'}\n"
        "syscall_event_drops: {max_burst: 5}\n"
        "append_output: [{extra_fields: [proc.pid, {k: '%proc.name'}]}]\n"
    )
    first = lanner("config", "show", "-c", path, *form, NAME="value")
    again = tmp_path / "again.yaml"
    again.write_bytes(first.stdout)
    second = lanner("config", "show", "-c", again, *form, NAME="other")
    assert second.stdout == first.stdout
    assert not second.stderr


def test_rule_files_that_are_not_there_are_told_of(tmp_path: Path) -> None:
    there = tmp_path / "a.yaml"
    there.write_text("")
    done = lanner(
        "config", "check", "-o", f"rules_files[]={there}", "-o", "rules_files[]=/nowhere.yaml"
    )
    assert done.returncode == 0
    assert done.stderr == b"lanner: rules_files: /nowhere.yaml is not there, and is left out\n"


def test_check_shows_everything(tmp_path: Path) -> None:
    path = tmp_path / "lanner.yaml"
    path.write_text("".join(f"key_{number}: 1\n" for number in range(50)) + "json_output: x\n")
    done = lanner("config", "check", "-c", path)
    assert done.returncode == 1
    assert done.stdout.count(b"[CONFIG_UNKNOWN_KEY]") == 50
    assert done.stdout.endswith(b"lanner.yaml: Invalid (1 error, 50 warnings)\n")
    report = json.loads(lanner("config", "check", "-c", path, "--json").stdout)
    assert (report["ok"], len(report["diagnostics"])) == (False, 51)


def test_schema() -> None:
    schema = json.loads(lanner("config", "schema").stdout)
    config = schema["$defs"]["Config"]
    assert schema["$ref"] == "#/$defs/Config"
    assert all(one["additionalProperties"] is False for one in schema["$defs"].values())
    one = {"type": "string"}
    assert config["properties"]["rules_files"]["anyOf"] == [{"type": "array", "items": one}, one]
