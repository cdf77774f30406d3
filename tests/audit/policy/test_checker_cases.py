"""The cases of kubernetes/apiserver's own tests of its policy checker, as tables of facts.

Source: `pkg/audit/policy/checker_test.go` (0.37.2): TestChecker, TestCheckerPolicyOmitStages,
TestUnionStages, TestOmitManagedFields.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from lanner.audit.policy import GroupResources, Level, Policy, PolicyRule, Stage
from lanner.audit.policy.attributes import Attributes
from lanner.audit.policy.evaluate import evaluate

NONE, METADATA, REQUEST, ALL = Level
RECEIVED, STARTED, COMPLETE, PANIC = Stage
TIM = Attributes("tim@k8s.io", ("humans", "developers"), "get")
POD = replace(
    TIM,
    is_resource_request=True,
    path="/api/v1/namespaces/default/pods/busybox",
    namespace="default",
    api_version="v1",
    resource="pods",
    name="busybox",
)
ROLE = replace(
    TIM,
    is_resource_request=True,
    api_group="rbac.authorization.k8s.io",
    api_version="v1beta1",
    resource="clusterroles",
    name="edit",
)
REQUESTS = {
    "pod": POD,
    "log": replace(POD, subresource="log"),
    "nobody": replace(POD, user=None, groups=()),
    "role": ROLE,
    "role-status": replace(ROLE, verb="update", name="somerole", subresource="status"),
    "path": replace(TIM, path="/logs/kubelet.log"),
}


def _get(level: Level, *resources: str) -> PolicyRule:
    return PolicyRule(level, verbs=("get",), resources=(GroupResources("", resources),))


RULES = {
    "default": PolicyRule(METADATA),
    "create": PolicyRule(REQUEST, verbs=("create",)),
    "tims": PolicyRule(METADATA, users=("tim@k8s.io",)),
    "humans": PolicyRule(METADATA, user_groups=("humans",)),
    "robots": PolicyRule(REQUEST, user_groups=("system:serviceaccounts",)),
    "pods": _get(ALL, "pods"),
    "logs": _get(REQUEST, "pods/log"),
    "any": _get(REQUEST, "*"),
    "any-log": _get(REQUEST, "*/log"),
    "pods-any": _get(REQUEST, "pods/*"),
    "roles": PolicyRule(
        ALL,
        verbs=("get",),
        resources=(GroupResources("rbac.authorization.k8s.io", ("clusterroles",)),),
        namespaces=("",),
    ),
    "any-status": PolicyRule(
        ALL, verbs=("update",), resources=(GroupResources("*", ("*/status",)),)
    ),
    "log-files": PolicyRule(ALL, verbs=("get",), non_resource_urls=("/logs*",)),
    "metrics": PolicyRule(REQUEST, verbs=("get",), non_resource_urls=("/metrics",)),
    "edit": PolicyRule(
        REQUEST,
        resources=(GroupResources("rbac.authorization.k8s.io", ("clusterroles",), ("edit",)),),
    ),
    "no-received": PolicyRule(REQUEST, omit_stages=(RECEIVED,)),
    "panic-only": PolicyRule(REQUEST, omit_stages=(RECEIVED, STARTED, COMPLETE)),
}

LEVELS = {
    "pod": {
        "default": METADATA,
        "create": NONE,
        "tims": METADATA,
        "humans": METADATA,
        "robots": NONE,
        "pods": ALL,
        "roles": NONE,
        "log-files": NONE,
        "metrics": NONE,
        "metrics robots default": METADATA,
        "metrics pods default": ALL,
        "logs pods": ALL,
    },
    "role": {
        "default": METADATA,
        "create": NONE,
        "tims": METADATA,
        "humans": METADATA,
        "robots": NONE,
        "pods": NONE,
        "roles": ALL,
        "edit roles": REQUEST,
        "log-files": NONE,
        "metrics": NONE,
        "metrics robots default": METADATA,
        "metrics roles default": ALL,
        "logs pods": NONE,
    },
    "path": {
        "default": METADATA,
        "create": NONE,
        "tims": METADATA,
        "humans": METADATA,
        "robots": NONE,
        "pods": NONE,
        "roles": NONE,
        "log-files": ALL,
        "metrics": NONE,
        "metrics robots default": METADATA,
        "log-files roles default": ALL,
        "logs pods": NONE,
    },
    "log": {"logs pods": REQUEST, "any": REQUEST, "any-log": REQUEST, "pods-any": REQUEST},
    "nobody": {"tims": NONE, "tims default": METADATA, "humans": NONE, "humans default": METADATA},
    "role-status": {"any-status": ALL},
}
CASES = [
    (request, rules, level) for request, cases in LEVELS.items() for rules, level in cases.items()
]


def test_there_are_as_many_cases_as_upstream() -> None:
    assert len(CASES) == 46


@pytest.mark.parametrize("omitted", [(), (RECEIVED, STARTED)])
@pytest.mark.parametrize(("request_name", "rules", "level"), CASES)
def test_levels(request_name: str, rules: str, level: Level, omitted: tuple[Stage, ...]) -> None:
    policy = Policy(tuple(RULES[name] for name in rules.split()), omit_stages=omitted)
    decision = evaluate(policy, REQUESTS[request_name])
    assert decision.level is level
    assert decision.omit_stages == set(omitted)


@pytest.mark.parametrize("request_name", ["pod", "role", "path"])
@pytest.mark.parametrize(
    ("omitted", "rules", "expected"),
    [
        ((), "no-received pods default", {RECEIVED}),
        ((), "panic-only pods default", {RECEIVED, STARTED, COMPLETE}),
        ((RECEIVED, STARTED), "no-received pods default", {RECEIVED, STARTED}),
        ((RECEIVED, STARTED), "panic-only pods default", {RECEIVED, STARTED, COMPLETE}),
        ((RECEIVED, STARTED), "default no-received pods", {RECEIVED, STARTED}),
        ((RECEIVED, RECEIVED), "default", {RECEIVED}),
        ((PANIC, RECEIVED), "no-received", {RECEIVED, PANIC}),
    ],
)
def test_stages(
    request_name: str, omitted: tuple[Stage, ...], rules: str, expected: set[Stage]
) -> None:
    policy = Policy(tuple(RULES[name] for name in rules.split()), omit_stages=omitted)
    assert evaluate(policy, REQUESTS[request_name]).omit_stages == expected


@pytest.mark.parametrize(
    ("of_policy", "of_rule", "expected"),
    [(False, None, False), (True, None, True), (True, False, False), (False, True, True)],
)
def test_managed_fields(of_policy: bool, of_rule: bool | None, expected: bool) -> None:
    rule = PolicyRule(ALL, verbs=("get",), omit_managed_fields=of_rule)
    policy = Policy((rule,), omit_managed_fields=of_policy)
    assert evaluate(policy, REQUESTS["pod"]).omit_managed_fields is expected
    nothing_matches = Policy((RULES["create"],), omit_managed_fields=of_policy)
    assert evaluate(nothing_matches, REQUESTS["pod"]).omit_managed_fields is of_policy
