"""The seeds of the fuzz targets go through the targets themselves, without a fuzzer."""

from __future__ import annotations

import importlib.util
import sys
import types
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = [
    (target, seed)
    for target in ("alert_lines", "condition", "config", "rules")
    for seed in sorted((ROOT / "fuzz/corpus" / target).iterdir())
]


@contextmanager
def _no_instrumentation(**_: Any) -> Iterator[None]:
    yield


@pytest.fixture
def fuzz_one(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`fuzz_one` of a target; it imports atheris, which only instruments."""
    atheris = types.ModuleType("atheris")
    atheris.instrument_imports = _no_instrumentation  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "atheris", atheris)
    path = ROOT / f"fuzz/fuzz_{request.param}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fuzz_one


@pytest.mark.parametrize(
    ("fuzz_one", "seed"), SEEDS, indirect=["fuzz_one"], ids=[f"{t}-{s.name}" for t, s in SEEDS]
)
def test_seed(fuzz_one: Any, seed: Any) -> None:
    data = seed.read_bytes()
    fuzz_one(data)
    for end in range(0, len(data), max(1, len(data) // 20)):
        fuzz_one(data[:end])
