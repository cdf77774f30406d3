"""Rules that can never match, because rules before them match first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.reach import deciders
from lanner.diagnostics import Diagnostic, Label, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.model import Policy

CODE = Code(
    "AUDIT_POLICY_SHADOWED",
    "Shadowed",
    "The first rule that matches decides, and everything that this rule matches is matched by rules"
    " before it.",
)
_MAX_LABELS = 3


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Every rule that is never reached, with the rules that see to that."""
    for number, rule in enumerate(policy.rules):
        before = sorted(deciders(policy, number) or ())
        if not before:
            continue
        names = [f"rules[{earlier}]" for earlier in before[:_MAX_LABELS]]
        more = ", …" if len(before) > _MAX_LABELS else ""
        come = "comes" if len(before) == 1 else "come"
        message = f"rules[{number}] can never match: {', '.join(names)}{more} {come} first"
        labels = tuple(
            Label(span, f"rules[{earlier}], level {policy.rules[earlier].level.spelling}")
            for earlier in before[:_MAX_LABELS]
            if (span := policy.rules[earlier].span) is not None
        )
        yield Diagnostic(
            CODE.name,
            Severity.ADVICE,
            message,
            rule.span,
            labels,
            help="move the rule up, or remove it",
        )
