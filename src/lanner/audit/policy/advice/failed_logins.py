"""Failed logins: one event each, at a stage that policies often leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.attributes import from_url
from lanner.audit.policy.evaluate import evaluate, stages_written
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


_ATTEMPTS = (
    from_url("GET", "/api/v1/namespaces/default/pods", None),
    from_url("GET", "/api/v1/namespaces/default/pods/web", None),
    from_url("POST", "/api/v1/namespaces/default/pods", None),
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Whether failed logins leave an event. Where no rule matches them, a catch-all is missing."""
    for attempt in _ATTEMPTS:
        decision = evaluate(policy, attempt)
        if decision.rule is not None and not stages_written(decision, attempt):
            yield _lost(policy, decision.rule)
            return


def _lost(policy: Policy, number: int) -> Diagnostic:
    rule = policy.rules[number]
    message = f"rules[{number}] drops failed logins (401) too"
    hint = "they have no user: a rule that names users or groups does not match them"
    span = rule.span
    if rule.level is not Level.NONE:
        message = (
            f"rules[{number}] does not record failed logins (401): they have ResponseStarted only"
        )
        hint = "omit ResponseStarted only in rules that name users or groups"
        place, omitted = rule.places, rule.omit_stages
        if Stage.RESPONSE_STARTED in policy.omit_stages:
            place, omitted = policy.places, policy.omit_stages
        span = place.get(f"omitStages[{omitted.index(Stage.RESPONSE_STARTED)}]", rule.span)
    return Diagnostic(CODE.name, Severity.ADVICE, message, span, help=hint)
