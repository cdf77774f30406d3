"""Secrets that the log would hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.model import Level
from lanner.audit.policy.reach import RESOURCE_VERBS, Target, decided
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.model import Policy

CODE = Code(
    "AUDIT_POLICY_SECRET_BODIES",
    "Secret bodies",
    "The rule records bodies that hold secrets: Secrets, ConfigMaps, tokens. kube-apiserver redacts"
    " nothing, and whoever reads the log reads them.",
)
_TOKENS = "authentication.k8s.io"
_SENT = ("create", "update", "patch")
_ANSWERED = tuple(verb for verb in RESOURCE_VERBS if verb != "watch")
_SENSITIVE = (
    ("secrets", Target("", "secrets"), _SENT),
    ("configmaps", Target("", "configmaps"), _SENT),
    ("serviceaccounts/token", Target("", "serviceaccounts", "token"), ()),
    ("tokenreviews", Target(_TOKENS, "tokenreviews"), ("create",)),
)
"""What holds secrets, and the verbs with which a client sends them; answers hold them too.

The body of a token request names audiences; the token is in the answer.
"""
_CREATED_ONLY = frozenset(("serviceaccounts/token", "tokenreviews"))


def check(policy: Policy) -> Iterator[Diagnostic]:
    """Every rule that decides about such requests at Request or above."""
    for number, rule in enumerate(policy.rules):
        if rule.level < Level.REQUEST:
            continue
        found = [
            name
            for name, target, sent in _SENSITIVE
            if decided(policy, number, _with_verbs(name, target, sent, rule.level))
        ]
        if found:
            message = (
                f"rules[{number}] records the bodies of {', '.join(found)}: secrets in the log"
            )
            help_text = "put a rule with `level: Metadata` for them before this one"
            span = rule.places.get("level", rule.span)
            yield Diagnostic(CODE.name, Severity.ADVICE, message, span, help=help_text)


def _with_verbs(name: str, target: Target, sent: tuple[str, ...], level: Level) -> list[Target]:
    verbs = sent
    if level is Level.REQUEST_RESPONSE:
        verbs = ("create",) if name in _CREATED_ONLY else _ANSWERED
    return [target._replace(verb=verb) for verb in verbs]
