"""Fuzzes conditions and outputs: parser, types, event types, warnings, output templates.

Run with a Python that has atheris (3.12 or newer):
    python fuzz/fuzz_condition.py -max_total_time=600 -timeout=10 -dict=fuzz/condition.dict corpus/
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import atheris

with atheris.instrument_imports(include=["lanner"]):
    from lanner.diagnostics import Source
    from lanner.diagnostics.render_text import render_text
    from lanner.rules.condition_text import MappedText
    from lanner.rules.output_format import parse_output
    from lanner.rules.parser import parse_condition
    from lanner.rules.passes.check_types import check_condition
    from lanner.rules.passes.event_types import event_codes
    from lanner.rules.passes.resolve_macros import macro_names
    from lanner.rules.passes.warnings import condition_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.diagnostics import Diagnostic


def fuzz_one(data: bytes) -> None:
    """The first byte chooses the event source, the rest is the text."""
    source = "k8s_audit" if data[:1] > b"\x7f" else "syscall"
    text = data[1:].decode("utf-8", "surrogateescape")
    mapped = MappedText.of(Source("fuzz", text))
    if text:
        condition, problems = parse_condition(mapped)
        check_places(problems, text)
        assert (condition is None) == any(found.is_error for found in problems)
        if condition is not None and not macro_names(condition):
            check_places(condition_warnings(condition), text)
            checked = check_condition(condition, source)
            check_places(checked.diagnostics, text)
            errors = [found for found in checked.diagnostics if found.is_error]
            assert (checked.typed is None) == bool(errors)
            if checked.typed is not None:
                event_codes(checked.typed)
    output, problems = parse_output(mapped, source)
    check_places(problems, text)
    assert (output is None) == any(found.is_error for found in problems)


def check_places(found: Iterable[Diagnostic], text: str) -> None:
    """Diagnostics point into the text and can be shown."""
    for one in found:
        assert one.message
        if one.span is not None:
            assert 0 <= one.span.start <= one.span.end <= len(text)
        render_text(one)


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
