"""Rules for some ways of writing that forget the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.model import Level
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.model import Policy

CODE = Code(
    "AUDIT_POLICY_HALF_OF_WRITES",
    "Half of writes",
    "The rule names `update` and not `patch`, or `delete` and not `deletecollection`, so that other"
    " rules decide about half of the changes.",
)
_OTHER_HALVES = {
    "update": ("patch", "`kubectl apply`, `edit`, `label` and `scale` send it"),
    "delete": ("deletecollection", "`kubectl delete --all` sends it"),
}


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Every rule that records one half only."""
    for number, rule in enumerate(policy.rules):
        if rule.level is Level.NONE:
            continue
        for index, verb in enumerate(rule.verbs):
            other, why = _OTHER_HALVES.get(verb, (verb, ""))
            if other not in rule.verbs:
                yield Diagnostic(
                    CODE.name,
                    Severity.ADVICE,
                    f"rules[{number}] has `{verb}` and not `{other}`: {why}",
                    rule.places.get(f"verbs[{index}]", rule.span),
                    help=f"add `{other}`",
                )
