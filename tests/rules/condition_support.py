"""Helpers for tests of conditions and outputs: from text to checked results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.diagnostics import Source
from lanner.rules.condition_text import MappedText
from lanner.rules.parser import parse_condition
from lanner.rules.passes.check_types import CheckedCondition, check_condition
from lanner.rules.typed import TCheck

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.diagnostics import Diagnostic


def mapped(text: str) -> MappedText:
    """A text that stands in a source as it is."""
    return MappedText.of(Source("<test>", text))


def checked(text: str, source: str = "syscall") -> CheckedCondition:
    """A condition without macros, parsed and type-checked."""
    condition, problems = parse_condition(mapped(text))
    assert condition is not None, problems
    return check_condition(condition, source)


def typed_check(text: str, source: str = "syscall") -> TCheck:
    """The one check that a valid condition consists of."""
    result = checked(text, source)
    assert result.typed is not None, result.diagnostics
    assert isinstance(result.typed, TCheck)
    return result.typed


def first_error(text: str, source: str = "syscall") -> str | None:
    """What Falco says of a condition, or None if it is valid."""
    result = checked(text, source)
    errors = falco_messages(found for found in result.diagnostics if found.is_error)
    assert (result.typed is None) == bool(errors)
    return errors[0] if errors else None


def falco_messages(found: Iterable[Diagnostic]) -> list[str]:
    """The findings in Falco's words."""
    return [one.message if one.falco_message is None else one.falco_message for one in found]
