"""What Falco appends to the outputs of rules by itself.

Falco's container plugin (0.7.1) suggests these fields, and stock settings append what plugins
suggest (`append_output: [suggested_output: true]`; falcosecurity/falco `init_falco_engine.cpp`).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from lanner.diagnostics import Source
from lanner.rules.condition_text import MappedText
from lanner.rules.output_format import parse_output
from lanner.rules.typed import Output

if TYPE_CHECKING:
    from lanner.rules.model import CheckedRule

SUGGESTED_FIELDS = {
    "syscall": (
        "container.id",
        "container.name",
        "container.image.repository",
        "container.image.tag",
        "k8s.pod.name",
        "k8s.ns.name",
    )
}


def suggested_text(source: str) -> str:
    """What is appended to outputs of rules of an event source; may be empty."""
    names = SUGGESTED_FIELDS.get(source, ())
    return "".join(f" {name.replace('.', '_')}=%{name}" for name in names)


def with_suggested(rule: CheckedRule) -> Output:
    """The output of a rule with the suggested fields appended."""
    added = _suggested(rule.source)
    if added is None:
        return rule.output
    fields = dict(rule.output.fields) | dict(added.fields)
    return Output((*rule.output.parts, *added.parts), tuple(sorted(fields.items())))


@cache
def _suggested(source: str) -> Output | None:
    text = suggested_text(source)
    return parse_output(MappedText.of(Source("<suggested>", text)), source)[0] if text else None
