"""What is added to the outputs of rules: Falco's `append_output`.

Falco's container plugin (0.7.1) suggests fields, and stock settings append what plugins suggest
(`append_output: [suggested_output: true]`; falcosecurity/falco `init_falco_engine.cpp`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lanner.catalog import static_fields
from lanner.diagnostics import Source
from lanner.rules.condition_text import MappedText
from lanner.rules.output_format import parse_output
from lanner.rules.typed import (
    CallOperand,
    Constant,
    ConstantOperand,
    Kind,
    Output,
    OutputText,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.diagnostics import Diagnostic
    from lanner.rules.model import CheckedRule
    from lanner.rules.typed import Operand

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


@dataclass(frozen=True, slots=True)
class Addition:
    """What is added to outputs, and to which: those of a source, a rule, rules with all the tags.

    Attributes:
        text: what is appended to the message.
        fields: further output fields, each with its format: `%proc.name`.
        is_suggested: the fields that are suggested for the source are appended, too.

    """

    source: str = ""
    rule: str = ""
    tags: frozenset[str] = frozenset()
    text: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    is_suggested: bool = False

    def is_for(self, rule: CheckedRule) -> bool:
        """Whether the rule is meant."""
        return (
            self.source in {"", rule.source}
            and self.rule in {"", rule.name}
            and self.tags.issubset(rule.tags)
        )


SUGGESTED = (Addition(is_suggested=True),)
"""What stock Falco adds."""


class AdditionError(ValueError):
    """What is to be added does not fit a rule; `diagnostics` say why."""

    def __init__(self, rule: CheckedRule, text: str, found: list[Diagnostic]) -> None:
        why = "; ".join(one.message for one in found)
        super().__init__(f"`{text}` cannot be added to the output of `{rule.name}`: {why}")
        self.diagnostics = tuple(found)


def suggested_text(source: str, static: Iterable[str] = ()) -> str:
    """What is appended to outputs of rules of an event source; may be empty."""
    names = (*static, *SUGGESTED_FIELDS.get(source, ()))
    return " ".join(f"{name.replace('.', '_')}=%{name}" for name in names)


def _suggested(rule: CheckedRule) -> str:
    return suggested_text(rule.source, static_fields(rule.scope))


def with_additions(rule: CheckedRule, additions: Iterable[Addition]) -> Output:
    """The output of a rule with what is added to it.

    Raises:
        AdditionError: a text or a format is no output for this rule.

    """
    output = rule.output
    for addition in additions:
        if not addition.is_for(rule):
            continue
        texts = [addition.text, _suggested(rule) if addition.is_suggested else ""]
        for text in filter(None, texts):
            output = _joined(output, _parsed(rule, f" {text}"))
        own = {name: _value(_parsed(rule, form)) for name, form in addition.fields}
        fields = dict(output.fields) | own
        output = Output(output.parts, tuple(sorted(fields.items())))
    return output


def _joined(output: Output, added: Output) -> Output:
    fields = dict(output.fields) | dict(added.fields)
    return Output((*output.parts, *added.parts), tuple(sorted(fields.items())))


def _parsed(rule: CheckedRule, text: str) -> Output:
    output, found = _parse(text, rule.scope)
    if output is None:
        raise AdditionError(rule, text.strip(), found)
    return output


@cache
def _parse(text: str, scope: str) -> tuple[Output | None, list[Diagnostic]]:
    return parse_output(MappedText.of(Source("append_output", text)), scope)


def _value(output: Output) -> Operand:
    """The value of an output field that has a format: one part, or all of them as one text."""
    parts: list[Operand] = [
        ConstantOperand(Constant(Kind.STRING, part.text))
        if isinstance(part, OutputText)
        else part.operand
        for part in output.parts
    ]
    if len(parts) == 1 and not isinstance(parts[0], ConstantOperand):
        return parts[0]
    nothing = ConstantOperand(Constant(Kind.STRING, ""))
    # of one text, too, so that it is a value like others
    parts += [nothing] * (2 - len(parts))
    return CallOperand("concat", tuple(parts), None, Kind.STRING, is_list=False)
