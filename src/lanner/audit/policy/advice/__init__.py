"""Advice on policies that kube-apiserver starts with: one check a module.

A check is a function that takes a policy and gives diagnostics; beside it stands its `Code`. To add
one, write the module and name it in `CHECKS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.advice import (
    bodies,
    catch_all,
    failed_logins,
    half_writes,
    noise,
    patterns,
    reads,
    received,
    shadowed,
)
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from lanner.audit.policy.model import Policy

CHECKS = (
    shadowed,
    patterns,
    half_writes,
    bodies,
    reads,
    noise,
    catch_all,
    failed_logins,
    received,
)
MAX_RULES = 300
TOO_LONG = Code(
    "AUDIT_POLICY_TOO_LONG",
    "Too long",
    f"The policy has more than {MAX_RULES} rules; it is valid, and no advice is given on it.",
)
CODES = (*(check.CODE for check in CHECKS), TOO_LONG)
"""The codes of all advice."""


def advise(policy: Policy) -> list[Diagnostic]:
    """All advice on a policy, in the order of the rules."""
    if len(policy.rules) > MAX_RULES:
        message = f"{len(policy.rules)} rules are too many to give advice on (most: {MAX_RULES})"
        return [Diagnostic(TOO_LONG.name, Severity.ADVICE, message, policy.places.get(""))]
    found = [diagnostic for check in CHECKS for diagnostic in check.check(policy)]
    return sorted(found, key=lambda diagnostic: diagnostic.span.start if diagnostic.span else 0)
