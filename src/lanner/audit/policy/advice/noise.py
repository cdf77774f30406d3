"""Requests that clusters make all the time and that nobody looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy.attributes import from_url
from lanner.audit.policy.evaluate import evaluate, stages_written
from lanner.diagnostics import Diagnostic, Severity
from lanner.diagnostics.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lanner.audit.policy.attributes import Attributes
    from lanner.audit.policy.model import Policy

CODE = Code(
    "AUDIT_POLICY_NOISE",
    "Noise",
    "The policy records requests that clusters make all the time: health checks, leases, events,"
    " watches of system components, the status of nodes. They fill the log and push out the rest.",
)
_NODE = ("system:node:node-1", ("system:nodes", "system:authenticated"))
_PROXY = ("system:kube-proxy", ("system:node-proxier", "system:authenticated"))
_MANAGER = ("system:kube-controller-manager", ("system:authenticated",))
_ANYBODY = ("system:anonymous", ("system:unauthenticated",))
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1"


def _request(caller: tuple[str, tuple[str, ...]], method: str, url: str) -> Attributes:
    return from_url(method, url, *caller)


_NOISY = (
    (
        "health checks",
        "`level: None` with `nonResourceURLs: [/healthz*, /livez*, /readyz*]`",
        (
            _request(_ANYBODY, "GET", "/healthz"),
            _request(_ANYBODY, "GET", "/livez"),
            _request(_ANYBODY, "GET", "/readyz"),
        ),
    ),
    (
        "leases",
        "`level: None` for `leases` in group `coordination.k8s.io`",
        (_request(_NODE, "PUT", _LEASE), _request(_NODE, "PATCH", _LEASE)),
    ),
    (
        "events",
        '`level: None` for `events` in the groups "" and `events.k8s.io`',
        (
            _request(_NODE, "POST", "/api/v1/namespaces/default/events"),
            _request(_MANAGER, "PATCH", "/apis/events.k8s.io/v1/namespaces/default/events/x"),
        ),
    ),
    (
        "kube-proxy's watches",
        "`level: None` with `users: [system:kube-proxy]` and `verbs: [get, list, watch]`",
        (
            _request(_PROXY, "GET", "/apis/discovery.k8s.io/v1/endpointslices?watch=true"),
            _request(_PROXY, "GET", "/api/v1/services?watch=true"),
        ),
    ),
    (
        "updates of endpoints by controllers",
        "`level: None` for `endpoints` and `endpointslices`, with the users that write them",
        (
            _request(_MANAGER, "PUT", "/api/v1/namespaces/default/endpoints/x"),
            _request(_MANAGER, "PUT", "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices/x"),
        ),
    ),
    (
        "the status that kubelets report of their nodes",
        "`level: None` with `userGroups: [system:nodes]` for `nodes/status`",
        (_request(_NODE, "PATCH", "/api/v1/nodes/node-1/status"),),
    ),
    (
        "watches of kubelets",
        "`level: None` with `userGroups: [system:nodes]` and `verbs: [watch]`",
        (_request(_NODE, "GET", "/api/v1/nodes?watch=true"),),
    ),
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """One diagnostic a rule, with all that it should leave to others."""
    by_rule: dict[int, list[tuple[str, str]]] = {}
    for name, remedy, requests in _NOISY:
        for request in requests:
            decision = evaluate(policy, request)
            if decision.rule is not None and stages_written(decision, request):
                by_rule.setdefault(decision.rule, []).append((name, remedy))
                break
    for number, noises in by_rule.items():
        rule = policy.rules[number]
        message = f"rules[{number}] records {', '.join(name for name, _ in noises)}"
        remedies = "; ".join(remedy for _, remedy in noises)
        yield Diagnostic(
            CODE.name, Severity.ADVICE, message, rule.span, help=f"before this rule: {remedies}"
        )
