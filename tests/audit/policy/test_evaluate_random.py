"""The evaluator against a second statement of the documented rules, made of sets of strings."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from lanner.audit.policy import GroupResources, Level, Policy, PolicyRule
from lanner.audit.policy.attributes import Attributes
from lanner.audit.policy.evaluate import evaluate, reasons

WORDS = ("", "*", "a", "b", "ab")
PATTERNS = ("*", "a", "b", "a/b", "a/*", "*/a", "*/b", "*/*", "b/a", "")
URLS = ("*", "/a", "/a*", "/a/b", "/*", "/b")


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2).map(tuple)


entries = st.builds(GroupResources, st.sampled_from(WORDS), some(*PATTERNS), some(*WORDS))
conditions = {
    "users": some(*WORDS),
    "user_groups": some(*WORDS),
    "verbs": some(*WORDS),
}
of_resources = st.fixed_dictionaries(
    {
        **conditions,
        "resources": st.lists(entries, max_size=2).map(tuple),
        "namespaces": some(*WORDS),
    }
)
of_urls = st.fixed_dictionaries({**conditions, "non_resource_urls": some(*URLS)})
rules = st.builds(
    lambda level, parts: PolicyRule(level, **parts), st.sampled_from(Level), of_resources | of_urls
)
words = st.sampled_from(("", "a", "b", "ab"))
requests = st.builds(
    Attributes,
    user=words | st.none(),
    groups=some("a", "b", "ab"),
    verb=words,
    path=st.sampled_from(("/a", "/a/b", "/ab", "/b", "/")),
    is_resource_request=st.booleans(),
    namespace=words,
    api_group=words,
    resource=st.sampled_from(("a", "b")),
    subresource=words,
    name=words,
)


def spelt(request: Attributes) -> set[str]:
    """Every way in which a rule can name the resource of a request."""
    names = {"*", f"{request.resource}/*"}
    if request.subresource:
        return names | {f"*/{request.subresource}", f"{request.resource}/{request.subresource}"}
    return names | {request.resource}


def holds(rule: PolicyRule, request: Attributes) -> bool:
    identity: set[str] = set() if request.user is None else {request.user}
    groups: set[str] = set() if request.user is None else set(request.groups)
    checks: list[object] = [
        not rule.users or identity & set(rule.users),
        not rule.user_groups or groups & set(rule.user_groups),
        not rule.verbs or {request.verb} & set(rule.verbs),
    ]
    if rule.namespaces or rule.resources:
        checks.append(request.is_resource_request)
        checks.append(not rule.namespaces or {request.namespace} & set(rule.namespaces))
        checks.append(
            not rule.resources
            or [
                entry
                for entry in rule.resources
                if {request.api_group, "*"} & {entry.group}
                and (
                    not entry.resources
                    or (
                        spelt(request) & set(entry.resources)
                        and (not entry.resource_names or {request.name} & set(entry.resource_names))
                    )
                )
            ]
        )
    elif rule.non_resource_urls:
        checks.append(not request.is_resource_request)
        globs = [re.escape(url).replace(r"\*", ".*") for url in rule.non_resource_urls]
        checks.append([glob for glob in globs if re.fullmatch(glob, request.path)])
    return all(bool(check) for check in checks)


@settings(max_examples=1500, deadline=None)
@given(st.lists(rules, max_size=4).map(tuple), requests)
def test_the_first_rule_that_holds_decides(
    policy_rules: tuple[PolicyRule, ...], request: Attributes
) -> None:
    policy = Policy(policy_rules)
    deciding = [number for number, rule in enumerate(policy_rules) if holds(rule, request)]
    decision = evaluate(policy, request)
    assert decision.rule == (deciding[0] if deciding else None)
    assert decision.level is (policy_rules[deciding[0]].level if deciding else Level.NONE)
    why = reasons(policy, request)
    assert len(why) == (deciding[0] if deciding else len(policy_rules))
    assert all(str(one) for one in why)
