"""What all tests share: real inputs, and golden files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_PLACES = (
    os.environ.get("LANNER_CAPTURES"),
    ROOT.parent / "shared/captures",
    "/work/shared/captures",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite the golden files")


@pytest.fixture(scope="session")
def captures() -> Path:
    """Real inputs with the verdicts of the real Falco and kube-apiserver."""
    for place in _PLACES:
        if place and Path(place).is_dir():
            return Path(place)
    reason = "the folder of recorded inputs is not here (set LANNER_CAPTURES)"
    if os.environ.get("LANNER_REQUIRE_CAPTURES"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are written instead of compared."""
    return bool(request.config.getoption("--golden"))
