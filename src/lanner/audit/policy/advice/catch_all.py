"""Requests that no rule matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.attributes import Attributes
from lanner.audit.policy.evaluate import evaluate
from lanner.audit.policy.reach import ANY, OTHER_VERBS, RESOURCE_VERBS
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.model import Policy

CODE = Code(
    "AUDIT_POLICY_CATCH_ALL",
    "Catch-all",
    "Some requests match no rule of the policy, and nothing is recorded of them.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Whether something that the policy does not name falls through."""
    unmatched = []
    of_resources = (
        Attributes(ANY, (), verb, "", True, ANY, ANY, "v1", ANY) for verb in RESOURCE_VERBS
    )
    if any(evaluate(policy, request).rule is None for request in of_resources):
        unmatched.append("requests for resources that no rule names")
    others = (Attributes(ANY, (), verb, f"/{ANY}") for verb in OTHER_VERBS)
    if any(evaluate(policy, request).rule is None for request in others):
        unmatched.append("requests for other URLs")
    if unmatched and policy.rules:
        yield Diagnostic(
            CODE.name,
            Severity.ADVICE,
            f"{' and '.join(unmatched)} are not recorded: there is no catch-all rule",
            policy.rules[-1].span,
            help="end with `- level: Metadata`, or with `- level: None` if that is what you want",
        )
