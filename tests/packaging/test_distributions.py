"""The wheel and the source distribution: they contain all they need, and the wheel works alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
UV = ROOT / ".cache/bootstrap/bin/uv"
NEEDED = ("Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "crates", "probe", "pyproject.toml")


def run(*words: str | Path, **options: str) -> str:
    environment = {**os.environ, "PATH": f"{UV.parent}:{os.environ['PATH']}", **options}
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tracked(*places: str) -> set[str]:
    return set(run("git", "ls-files", *places).splitlines())


def test_the_source_distribution_has_all_that_builds_it(tmp_path: Path) -> None:
    run(BIN / "maturin", "sdist", "-o", tmp_path)
    (archive,) = tmp_path.iterdir()
    with tarfile.open(archive) as sources:
        names = {member.name.partition("/")[2] for member in sources.getmembers()}
    tests = {name for name in tracked("crates") if "/tests/" in name}
    missing = tracked(*NEEDED, "src/lanner") - names - tests
    # a crate that only tests use is left out
    assert {name for name in missing if not name.startswith("crates/lanner-testing/")} == set()


@pytest.mark.timeout(600)
def test_the_wheel_works_where_nothing_else_is(tmp_path: Path) -> None:
    run(BIN / "maturin", "build", "-q", "--release", "-o", tmp_path / "dist")
    (wheel,) = (tmp_path / "dist").iterdir()
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "cp311-abi3" in wheel.name
    assert {name.removeprefix("src/") for name in tracked("src/lanner")} - names == set()
    assert not any(name.endswith(".pyc") or name.startswith("tests/") for name in names)
    venv = tmp_path / "venv"
    run(UV, "venv", "-q", "--python", sys.executable, venv)
    run(UV, "pip", "install", "-q", "--python", venv / "bin/python", wheel)
    assert "0.1.0" in run(venv / "bin/python", "-m", "lanner", "--version", PYTHONPATH="")
    for command in ("lanner", "lanner-falco"):
        assert "0.1.0" in run(venv / "bin" / command, "--version", PYTHONPATH="")
    shown = run(venv / "bin/lanner", "scan", "examples/audit.log", PYTHONPATH="")
    assert "User outside the allowed set used the API" in shown
