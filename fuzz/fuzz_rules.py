"""Fuzzes rule files: YAML, items, overrides, exceptions, macros, lists, and the plan of the rest.

Run with a Python that has atheris (3.12 or newer):
    python fuzz/fuzz_rules.py -max_total_time=600 -timeout=20 -dict=fuzz/rules.dict corpus/
A byte 0xfe separates two files that are loaded one after the other.
"""

from __future__ import annotations

import json
import sys

import atheris

with atheris.instrument_imports(include=["lanner"]):
    from lanner.diagnostics.render_json import to_json
    from lanner.diagnostics.render_text import render_text
    from lanner.plan.build import build
    from lanner.plan.encode import encode
    from lanner.rules.loader import decode_source, load


def fuzz_one(data: bytes) -> None:
    """Loads the files; what is valid must become a plan, what is not must be shown."""
    files = data.split(b"\xfe")[:3]
    result = load([decode_source(f"{index}.yaml", file) for index, file in enumerate(files)])
    assert len(result.files) == len(files)
    for file in result.files:
        for found in file.diagnostics:
            assert found.message
            render_text(found)
            json.dumps(to_json(found))
    if result.ok:
        for source in ("syscall", "k8s_audit"):
            rules = tuple(rule for rule in result.rules if rule.source == source)
            encode(build(rules, source, "all"))


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
