"""Failed logins: one event each, at a stage that policies often leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.attributes import from_url
from lanner.audit.policy.evaluate import evaluate
from lanner.audit.policy.model import Level, Stage
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.model import Policy

CODE = Code(
    "AUDIT_POLICY_FAILED_LOGINS",
    "Failed logins",
    "A request whose authentication fails (401) makes one event, at the stage ResponseStarted and"
    " without a user. The policy does not record it.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Whether a failed login leaves an event."""
    decision = evaluate(policy, from_url("GET", "/api/v1/namespaces/default/pods", None))
    if decision.rule is None:
        return  # there is no catch-all, which is said elsewhere
    rule = policy.rules[decision.rule]
    if decision.level is not Level.NONE and Stage.RESPONSE_STARTED not in decision.omit_stages:
        return
    if decision.level is Level.NONE:
        message = f"rules[{decision.rule}] drops failed logins (401) too"
        hint = "they have no user: a rule that names users or groups does not match them"
        span = rule.span
    else:
        message = (
            "failed logins (401) are not recorded: their only stage, ResponseStarted, is omitted"
        )
        hint = "omit ResponseStarted only in rules for `verbs: [watch]`"
        span = rule.places.get("omitStages", rule.span)
        if Stage.RESPONSE_STARTED in policy.omit_stages:
            number = policy.omit_stages.index(Stage.RESPONSE_STARTED)
            span = policy.places.get(f"omitStages[{number}]", span)
    yield Diagnostic(CODE.name, Severity.ADVICE, message, span, help=hint)
