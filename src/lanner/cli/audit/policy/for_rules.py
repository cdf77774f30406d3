"""`lanner audit policy for-rules`: the smallest policy under which detection rules can fire."""

from __future__ import annotations

import typer

from lanner.audit.policy.coverage import SOURCE
from lanner.audit.policy.for_rules import as_yaml
from lanner.audit.policy.for_rules import for_rules as policy_for
from lanner.cli import common


def for_rules(
    rules: common.RulesOption = None,
    local: common.LocalOption = None,
    tag: common.TagOption = None,
    rule: common.RuleOption = None,
    priority: common.PriorityOption = "debug",
) -> None:
    """Print the smallest audit policy under which detection rules can fire.

    For every kind of request that a rule looks at, the lowest level that it needs; users,
    namespaces and names are left out. It records nothing else: join it with what you want to keep
    for other reasons. `lanner audit policy coverage` says what a policy of your own lacks.

    Exit code: 0; 1 when a rule can never fire, whatever is recorded, or something is invalid; 2
    usage.

    Example: lanner audit policy for-rules -r k8s_audit_rules.yaml > audit-policy.yaml
    """
    ruleset = common.select_or_exit(
        common.load_or_exit(rules, local), priority=priority, tags=tag, rules=rule
    )
    chosen = [one for one in ruleset.rules if one.source == SOURCE]
    if not chosen:
        common.usage_error("none of these rules is for audit events")
    needed = policy_for(chosen)
    print(as_yaml(needed), end="")  # noqa: T201
    for name in needed.never:
        common.complain(f"{name}: can never fire, whatever is recorded")
    if needed.never:
        raise typer.Exit(1)
