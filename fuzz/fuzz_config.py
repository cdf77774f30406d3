"""Fuzzes configurations: YAML, sections, variables, options of the command line.

Run with a Python that has atheris (3.12 or newer):
    python fuzz/fuzz_config.py -max_total_time=600 -timeout=20 CORPUS fuzz/corpus/config
Behind a byte 0xfe stands an option (`key=value`).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lanner"]):
    import msgspec

    from lanner.config import load_config
    from lanner.diagnostics.render_json import to_json
    from lanner.diagnostics.render_text import render_text
    from lanner.service.redactions import redactor_of

FILE = Path(tempfile.mkdtemp()) / "lanner.yaml"


def fuzz_one(data: bytes) -> None:
    """Reads it; what is valid can be shown and used, what is not must be said."""
    text, *options = data.split(b"\xfe")[:4]
    FILE.write_bytes(text)
    found = load_config(
        FILE, [one.decode("utf-8", "replace") for one in options], environment={"A": "b", "N": "1"}
    )
    for one in found.diagnostics:
        assert one.message
        render_text(one)
        json.dumps(to_json(one))
    if found.ok:
        msgspec.json.encode(found.config)
        redactor_of(found.config)


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
