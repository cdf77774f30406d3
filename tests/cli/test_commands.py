"""`lanner validate`, `rules` and `fields`, as commands."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from lanner.rules.defaults import default_rules
from tests.cli.run import LANNER, lanner

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = """\
- rule: Broken
  desc: d
  condition: evt.type = open and proc.nmae = x
  output: x
  priority: INFO
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    return file


@pytest.mark.parametrize("words", ["lanner rules", "lanner alerts -", "lanner-falco --version"])
def test_without_standard_streams(words: str) -> None:
    command = f"{LANNER.parent}/{words} <&- >&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


def test_validate_says_where_and_leaves_with_1(broken: Path) -> None:
    done = lanner("validate", broken)
    assert done.returncode == 1
    text = done.stdout.decode()
    assert f"{broken}:3:34" in text
    assert "did you mean `proc.name`?" in text
    assert text.endswith(f"{broken}: Invalid (1 error)\n")
    assert "\x1b" not in text


def test_validate_json_is_falcos(broken: Path) -> None:
    report = json.loads(lanner("validate", "--json", broken).stdout)
    (result,) = report["falco_load_results"]
    assert result["successful"] is False
    assert result["name"] == str(broken)
    assert [error["code"] for error in result["errors"]] == ["LOAD_ERR_COMPILE_CONDITION"]


def test_validate_full_json_has_columns(broken: Path) -> None:
    report = json.loads(lanner("validate", "--format", "full-json", broken).stdout)
    assert report["ok"] is False
    assert len(report["diagnostics"]) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"- rule: [", b"&a [*a]", b"- rule: x\n" * 3, b"\x00" * 100],
)
def test_validate_never_breaks(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(content)
    done = lanner("validate", file)
    assert done.returncode == (1 if content else 0)
    assert done.stdout.decode().rstrip().splitlines()[-1].startswith(f"{file}: ")


def test_validate_of_what_is_not_there() -> None:
    done = lanner("validate", "/does/not/exist.yaml")
    assert done.returncode == 1
    assert b"/does/not/exist.yaml" in done.stdout


LOCAL = """- rule: Write to app config dir
  desc: x
  condition: open_write and container and fd.name startswith /app/config
  output: x
  priority: WARNING
"""


def test_validate_checks_a_local_file_behind_the_default_rules(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(LOCAL)
    alone = lanner("validate", file)
    assert alone.returncode == 1
    assert f"lanner validate --local {file}" in alone.stderr.decode()
    behind = lanner("validate", "--local", file)
    assert (behind.returncode, behind.stdout.decode()) == (0, f"{file}: Ok\n")
    file.write_text(LOCAL.replace("open_write", "open_wriet"))
    broken = lanner("validate", "--local", file)
    assert broken.returncode == 1
    assert "did you mean `open_write`?" in broken.stdout.decode()
    assert "--local" not in lanner("validate", file).stderr.decode()


def test_validate_asks_for_files() -> None:
    assert lanner("validate").returncode == 2


def test_the_shipped_rules_are_valid_without_a_warning() -> None:
    files = default_rules()
    done = lanner("validate", *files)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [f"{file}: Ok" for file in files]


def test_rules_lists_and_shows() -> None:
    listed = json.loads(lanner("rules", "--json").stdout)
    assert len(listed) == 79 + 67
    shown = lanner("rules", "Create Privileged Pod").stdout.decode()
    assert "ka.verb = create" in shown  # from a macro: everything is expanded
    unknown = lanner("rules", "No Such Rule")
    assert unknown.returncode in (1, 2)
    assert unknown.stderr


def test_fields_finds_fields() -> None:
    found = json.loads(lanner("fields", "ka.target", "--json").stdout)
    assert "ka.target.name" in {field["name"] for field in found}
    assert lanner("fields", "no.such.field").returncode == 1


def test_help_and_version() -> None:
    assert lanner("--version").stdout.startswith(b"lanner 0.1.0")
    for command in ("scan", "validate", "rules", "fields"):
        assert b"Example" in lanner(command, "--help").stdout
    assert lanner("no-such-command").returncode == 2


def test_validate_says_when_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "".join(
            f"- rule: r{number}\n  desc: d\n  condition: nofield = 1\n  output: o\n  priority: INFO\n"
            for number in range(1001)
        )
    )
    done = lanner("validate", file)
    assert done.returncode == 1
    assert done.stdout.endswith(b": Invalid (1000 errors, checking stopped there)\n")


def test_rules_show_the_plan() -> None:
    plan = lanner("rules", "Attach/Exec Pod", "--plan").stdout.decode()
    assert "dispatch on ka.verb" in plan
    encoded = json.loads(lanner("rules", "Attach/Exec Pod", "--plan", "--json").stdout)
    assert [rule["name"] for rule in encoded["rules"]] == ["Attach/Exec Pod"]
    disabled = lanner("rules", "Create Disallowed Pod", "--plan")
    assert "r0 Create Disallowed Pod" in disabled.stdout.decode()
    unknown = lanner("rules", "No Such Rule", "--plan")
    assert unknown.returncode == 1
