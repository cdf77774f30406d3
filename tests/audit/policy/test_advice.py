"""Advice: what is said of which policy, and that "can never match" is true."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.audit.policy import Policy, PolicyRule, read_policy
from lanner.audit.policy.advice import MAX_RULES, TOO_LONG, advise
from lanner.audit.policy.evaluate import evaluate
from lanner.audit.policy.profiles import Profile, profile_text
from lanner.audit.policy.reach import deciders
from lanner.diagnostics import Source
from tests.audit.policy.test_evaluate_random import requests, rules

if TYPE_CHECKING:
    from lanner.audit.policy.attributes import Attributes

HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n"
CATCH_ALL = "- level: Metadata\n"


def advice(text: str) -> list[str]:
    """Codes without their common beginning; noise, which small policies always make, is left out."""
    loaded = read_policy(Source("policy.yaml", text))
    assert loaded.policy is not None, loaded.diagnostics
    names = [found.code.removeprefix("AUDIT_POLICY_") for found in advise(loaded.policy)]
    return [name for name in names if name != "NOISE"]


def rule(level: str, **fields: str) -> str:
    return f"- {{level: {level}" + "".join(f", {key}: {fields[key]}" for key in fields) + "}\n"


CORE_SECRETS = '[{group: "", resources: [secrets]}]'
SENSITIVE = (
    '[{group: "", resources: [secrets, configmaps, serviceaccounts/token]},'
    " {group: authentication.k8s.io}]"
)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (CATCH_ALL, []),
        (CATCH_ALL + rule("Request"), ["SHADOWED"]),
        (rule("Metadata", users="[a]") + rule("None", users="[a, b]") + CATCH_ALL, []),
        (rule("Metadata", users="[a, b]") + rule("None", users="[b]") + CATCH_ALL, ["SHADOWED"]),
        (
            rule("Metadata", resources='[{group: "", resources: ["pods/*"]}]')
            + rule("Metadata", resources='[{group: "", resources: [pods, pods/log]}]')
            + CATCH_ALL,
            ["SHADOWED"],
        ),
        (
            # neither of the two keeps everything from the third, and both do
            rule("Metadata", verbs="[get, list, watch, deletecollection]")
            + rule("Metadata", verbs="[create, update, patch, delete]")
            + rule("Metadata", resources=CORE_SECRETS)
            + CATCH_ALL,
            ["HALF_OF_WRITES", "SHADOWED"],
        ),
        (rule("Metadata", namespaces="[prod]"), ["CATCH_ALL"]),
        (rule("Metadata", nonResourceURLs='["*"]'), ["CATCH_ALL"]),
        (
            rule("Metadata", nonResourceURLs='["*"]') + rule("None", namespaces="[a]") + CATCH_ALL,
            [],
        ),
        (rule("None"), ["FAILED_LOGINS"]),
        (rule("None", users="[a]") + CATCH_ALL, []),
        ("- {level: Metadata, omitStages: [ResponseStarted]}\n", ["FAILED_LOGINS"]),
        (rule("Request"), ["SECRET_BODIES"]),
        (rule("Metadata", resources=SENSITIVE) + rule("Request"), []),
        (
            rule("Metadata", resources=SENSITIVE, verbs="[get, list]") + rule("Request"),
            ["SECRET_BODIES"],
        ),
        (rule("Metadata", resources=SENSITIVE, users="[a]") + rule("Request"), ["SECRET_BODIES"]),
        (rule("Request", verbs="[get, list, watch]") + CATCH_ALL, []),
        (
            rule("Metadata", resources=SENSITIVE) + rule("RequestResponse"),
            ["READ_BODIES"],
        ),
        (
            rule("Metadata", resources=SENSITIVE)
            + rule("RequestResponse", verbs="[create]")
            + CATCH_ALL,
            [],
        ),
        (
            rule("Metadata", verbs="[get, list, watch]")
            + rule("Metadata", resources=SENSITIVE)
            + rule("RequestResponse"),
            [],
        ),
        (rule("RequestResponse", nonResourceURLs="[/metrics]") + CATCH_ALL, []),
        (rule("Metadata", verbs="[update]") + CATCH_ALL, ["HALF_OF_WRITES"]),
        (rule("Metadata", verbs="[update, patch]") + CATCH_ALL, []),
        (rule("None", verbs="[delete]") + CATCH_ALL, []),
        (
            rule("None", resources='[{group: "", resources: ["*/*"]}]') + CATCH_ALL,
            ["MATCHES_NOTHING"],
        ),
        (rule("None", resources="[{group: example.com, resources: [widgets]}]") + CATCH_ALL, []),
        (rule("None", resources="[{resources: [widgets]}]") + CATCH_ALL, ["MATCHES_NOTHING"]),
        (rule("None", nonResourceURLs="[/apis*, /api/v1]") + CATCH_ALL, []),
        (rule("None", users='["system:serviceaccounts:ci"]') + CATCH_ALL, ["MATCHES_NOTHING"]),
    ],
)
def test_advice(text: str, codes: list[str]) -> None:
    assert advice(HEAD + text) == codes


def test_request_received() -> None:
    text = HEAD.replace("omitStages: [RequestReceived]\n", "")
    assert advice(text + CATCH_ALL) == ["RECEIVED"]
    assert advice(text + "- {level: Metadata, omitStages: [RequestReceived]}") == []


def test_long_policies() -> None:
    loaded = read_policy(Source("x", HEAD + CATCH_ALL * (MAX_RULES + 1)))
    assert loaded.policy is not None
    assert [found.code for found in advise(loaded.policy)] == [TOO_LONG.name]


# verbs that requests for resources and other requests both have
REAL_VERBS = {"a": "get", "b": "delete", "ab": "patch", "": "patch", "*": "*"}


@settings(max_examples=1500, deadline=None)
@given(st.lists(rules, min_size=2, max_size=5), requests)
def test_nothing_reaches_what_is_called_unreachable(
    policy_rules: list[PolicyRule], request: Attributes
) -> None:
    policy = Policy(
        tuple(
            replace(rule, verbs=tuple(REAL_VERBS[verb] for verb in rule.verbs))
            for rule in policy_rules
        )
    )
    decision = evaluate(policy, replace(request, verb=REAL_VERBS[request.verb]))
    if decision.rule is not None:
        assert deciders(policy, decision.rule) is None


@pytest.mark.parametrize("profile", Profile)
def test_profiles(profile: Profile) -> None:
    loaded = read_policy(Source(profile, profile_text(profile)))
    assert loaded.policy is not None
    assert not loaded.diagnostics
    said = [found.code for found in advise(loaded.policy)]
    # the comments of the small one say so
    assert said == (["AUDIT_POLICY_NOISE"] if profile is Profile.CKS else [])
