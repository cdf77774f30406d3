"""What people read about a broken rule file, whole: change it, and look at it (`make golden`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanner.diagnostics.render_text import render_text
from lanner.rules.loader import decode_source, load

FOLDER = Path(__file__).with_name("golden")
FILES = sorted(FOLDER.glob("*.yaml"), key=lambda path: path.name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_diagnostics(path: Path, *, rewrite_golden: bool) -> None:
    result = load([decode_source(path.name, path.read_bytes())])
    got = "\n\n".join(render_text(found) for found in result.diagnostics) + "\n"
    golden = path.with_suffix(".txt")
    if rewrite_golden:
        golden.write_text(got)
    assert got == golden.read_text()


def test_there_are_files() -> None:
    assert len(FILES) >= 10
