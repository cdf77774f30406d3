"""What plans are made of rules: `lanner rules --plan`, compared with golden files.

Every `tests/golden/plan/NAME.yaml` has its `NAME.txt`; `make golden` rewrites them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lanner.plan.build import build
from lanner.plan.listing import explain_plan
from lanner.rules.loader import decode_source, load
from lanner.rules.model import SOURCES

FOLDER = Path(__file__).resolve().parents[1] / "golden/plan"
CASES = sorted(FOLDER.glob("*.yaml"))


def test_there_are_cases() -> None:
    assert len(CASES) >= 4


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_golden(case: Path, rewrite_golden: bool) -> None:
    result = load([decode_source(case.name, case.read_bytes())])
    assert result.ok
    by_source = [[rule for rule in result.rules if rule.source == source] for source in SOURCES]
    text = "\n".join(
        explain_plan(build(rules, source))
        for source, rules in zip(SOURCES, by_source, strict=True)
        if rules
    )
    golden = case.with_suffix(".txt")
    if rewrite_golden:
        golden.write_text(text)
    assert text == golden.read_text()
