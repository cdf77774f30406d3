"""Our rules differ from Falco's of the same name only where that is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.rules.default_syscall_rules.disagreements import Comparer
from tests.rules.default_syscall_rules.support import CASES

MEANT = yaml.safe_load(Path(__file__).with_name("differences.yaml").read_text())
# silent until a list is filled, in Falco as well
SILENT = ("Network Connection outside Local Subnet",)


@pytest.fixture(scope="module")
def comparer(captures: Path) -> Comparer:
    return Comparer(captures / "rules")


def test_no_unknown_rules() -> None:
    assert set(MEANT) <= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_differences(comparer: Comparer, name: str) -> None:
    found = comparer.compare(name)
    sides = {"ours": found.only_ours, "falco": found.only_falco}
    differing = {side for side, events in sides.items() if events}
    for side in differing - set(MEANT.get(name, {})):
        pytest.fail(f"only {side}: {comparer.reduced(name, sides[side][0])}")
    # reasons for differences that are gone
    assert set(MEANT.get(name, {})) == differing
    assert bool(found.both) == (name not in SILENT)
