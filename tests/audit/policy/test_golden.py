"""What people read of a policy: the whole text, compared with a golden file.

Every `tests/golden/policy/NAME.yaml` has its `NAME.txt`; `make golden` rewrites them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lanner.audit.policy import read_policy
from lanner.audit.policy.advice import CODES as ADVICE
from lanner.audit.policy.advice import TOO_LONG, advise
from lanner.audit.policy.codes import ERRORS, FILE, NO_KIND, VERSION, WARNINGS
from lanner.diagnostics.render_text import render_text
from lanner.rules.loader import decode_source

if TYPE_CHECKING:
    from lanner.diagnostics import Diagnostic

FOLDER = Path(__file__).resolve().parents[2] / "golden/policy"
CASES = sorted(FOLDER.glob("*.yaml"))


def findings(case: Path) -> list[Diagnostic]:
    loaded = read_policy(decode_source(case.name, case.read_bytes()))
    return [*loaded.diagnostics, *(advise(loaded.policy) if loaded.policy else ())]


def test_every_code_has_a_case() -> None:
    seen = {found.code for case in CASES for found in findings(case)}
    # these are in test_loader.py and test_advice.py
    elsewhere = {FILE, NO_KIND, VERSION, TOO_LONG.name}
    assert seen | elsewhere == {code.name for code in (*ERRORS, *WARNINGS, *ADVICE)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_golden(case: Path, rewrite_golden: bool) -> None:
    text = "\n\n".join(render_text(found, colour=False) for found in findings(case)) + "\n"
    golden = case.with_suffix(".txt")
    if rewrite_golden:
        golden.write_text(text)
    assert text == golden.read_text()
