"""Two events where one says it all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.model import Level, Stage
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.model import Policy

CODE = Code(
    "AUDIT_POLICY_RECEIVED",
    "RequestReceived",
    "The policy records requests when they arrive and again when they are answered. The first event"
    " says nothing that the second does not, and doubles the log.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Whether the stage RequestReceived is recorded anywhere."""
    numbers = [
        number
        for number, rule in enumerate(policy.rules)
        if rule.level is not Level.NONE
        and Stage.REQUEST_RECEIVED not in policy.stages_omitted_by(rule)
    ]
    if numbers:
        rules = ", ".join(f"rules[{number}]" for number in numbers[:3])
        more = ", …" if len(numbers) > 3 else ""
        yield Diagnostic(
            CODE.name,
            Severity.ADVICE,
            f"requests are recorded twice: RequestReceived is not omitted ({rules}{more})",
            policy.rules[numbers[0]].span,
            help="write `omitStages: [RequestReceived]` above `rules:`",
        )
