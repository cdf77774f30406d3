"""What people read when a rule file is wrong: the whole text, compared with a golden file.

Every `tests/golden/diagnostics/NAME.yaml` has its `NAME.txt`; `make golden` rewrites them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lanner.diagnostics.render_text import render_text
from lanner.rules.loader import decode_source, load

FOLDER = Path(__file__).resolve().parents[1] / "golden/diagnostics"
CASES = sorted(FOLDER.glob("*.yaml"))


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_golden(case: Path, rewrite_golden: bool) -> None:
    result = load([decode_source(case.name, case.read_bytes())])
    assert result.diagnostics
    text = "\n\n".join(render_text(found, colour=False) for found in result.diagnostics) + "\n"
    golden = case.with_suffix(".txt")
    if rewrite_golden:
        golden.write_text(text)
    assert text == golden.read_text()
