"""Answers to reads: most of the volume, little of the use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.model import Level
from lanner.audit.policy.reach import Target, decided, targets_of
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.model import Policy, PolicyRule

CODE = Code(
    "AUDIT_POLICY_READ_BODIES",
    "Read bodies",
    "The rule records the answers to get and list: whole lists of objects, again and again.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Every rule with RequestResponse that decides about reads."""
    for number, rule in enumerate(policy.rules):
        if rule.level < Level.REQUEST_RESPONSE or rule.non_resource_urls:
            continue
        reads = [verb for verb in ("get", "list") if decided(policy, number, _targets(rule, verb))]
        if reads:
            message = f"rules[{number}] records the answers to {' and '.join(reads)}"
            help_text = (
                "add `verbs: [create, update, patch, delete, deletecollection]`, and leave reads to"
                " a rule with `level: Metadata`"
            )
            span = rule.places.get("level", rule.span)
            yield Diagnostic(CODE.name, Severity.ADVICE, message, span, help=help_text)


def _targets(rule: PolicyRule, verb: str) -> Iterator[Target]:
    for target in targets_of(rule):
        yield target._replace(verb=verb)
