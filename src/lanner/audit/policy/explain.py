"""Why a policy decides what it decides about a request: as data, for text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lanner.audit.policy.evaluate import (
    Decision,
    Mismatch,
    evaluate,
    group_name,
    reasons,
    stages_of,
    stages_written,
)
from lanner.audit.policy.model import Level, Stage

if TYPE_CHECKING:
    from lanner.audit.policy.attributes import Attributes
    from lanner.audit.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, why earlier rules do not match, and the stages that are written."""

    policy: Policy
    request: Attributes
    decision: Decision
    passed_over: tuple[Mismatch, ...]
    stages: tuple[Stage, ...]

    def line_of(self, rule: int) -> int | None:
        """The line of a rule in its file, from one."""
        span = self.policy.rules[rule].span
        return span.source.position(span.start).line if span else None


def explain(policy: Policy, request: Attributes) -> Explanation:
    """Evaluates the policy, and says why."""
    decision = evaluate(policy, request)
    stages = stages_written(decision, request)
    return Explanation(policy, request, decision, reasons(policy, request), stages)


def as_lines(explanation: Explanation) -> list[str]:
    """The explanation for people."""
    request, decision = explanation.request, explanation.decision
    lines = [f"request: {_request_text(request)}"]
    for number, why in enumerate(explanation.passed_over):
        lines.append(f"{_rule_text(explanation, number)}: does not match: {why}")
    if decision.rule is None:
        return [*lines, "no rule matches: nothing is recorded"]
    lines.append(f"{_rule_text(explanation, decision.rule)}: matches, and decides")
    if decision.level is Level.NONE:
        return [*lines, "level None: nothing is recorded"]
    omitted = [stage for stage in stages_of(request) if stage in decision.omit_stages]
    written = ", ".join(explanation.stages) or "no stage"
    lines.append(
        f"level {decision.level.spelling}: recorded at {written}"
        + (f"; {', '.join(omitted)} omitted" if omitted else "")
        + ("; without managedFields" if _drops_fields(decision) else "")
    )
    return lines


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation for programs. Rules count from zero, lines from one."""
    request, decision = explanation.request, explanation.decision
    return {
        "request": {
            "user": request.user,
            "groups": list(request.groups),
            "verb": request.verb,
            "path": request.path,
            "isResourceRequest": request.is_resource_request,
            "apiGroup": request.api_group,
            "apiVersion": request.api_version,
            "resource": request.resource,
            "subresource": request.subresource,
            "namespace": request.namespace,
            "name": request.name,
        },
        "passedOver": [
            {
                "rule": number,
                "line": explanation.line_of(number),
                "condition": why.condition,
                "reason": why.reason,
            }
            for number, why in enumerate(explanation.passed_over)
        ],
        "rule": decision.rule,
        "line": None if decision.rule is None else explanation.line_of(decision.rule),
        "level": decision.level.spelling,
        "stages": list(explanation.stages),
        "omitStages": sorted(decision.omit_stages),
        "omitManagedFields": decision.omit_managed_fields,
    }


def _drops_fields(decision: Decision) -> bool:
    return decision.omit_managed_fields and decision.level >= Level.REQUEST


def _rule_text(explanation: Explanation, rule: int) -> str:
    level = explanation.policy.rules[rule].level.spelling
    line = explanation.line_of(rule)
    place = "" if line is None else f", line {line}"
    return f"rules[{rule}] ({level}{place})"


def _request_text(request: Attributes) -> str:
    words = [request.verb or "(no verb)"]
    if request.is_resource_request:
        words.append(request.combined_resource or "(no resource)")
        if request.name:
            words.append(request.name)
        words.append(f"({group_name(request.api_group)})")
        words.append(f"in {request.namespace}" if request.namespace else "in no namespace")
    else:
        words.append(request.path)
    if request.user is None:
        return " ".join([*words, "by nobody: authentication failed"])
    groups = f" ({', '.join(request.groups)})" if request.groups else ""
    return " ".join([*words, f"by {request.user or 'a user without name'}{groups}"])
