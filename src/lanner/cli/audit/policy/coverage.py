"""`lanner audit policy coverage`: detection rules that can never fire under a policy."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from lanner.audit.policy.coverage import SOURCE, gaps
from lanner.cli import common
from lanner.cli.audit.policy.loading import DEFAULT_POLICY, PolicyOption, policy_or_exit


def coverage(
    policy: PolicyOption = DEFAULT_POLICY,
    rules: common.RulesOption = None,
    local: common.LocalOption = None,
    tag: common.TagOption = None,
    rule: common.RuleOption = None,
    priority: common.PriorityOption = "debug",
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which detection rules can never fire, because the policy does not record what they need.

    A rule needs requests that are recorded, at a stage that is not omitted, with the bodies that
    its fields look into.

    Exit code: 0 when every rule can fire; 1 when one cannot, or something is invalid; 2 usage.

    Example: lanner audit policy coverage --policy audit-policy.yaml -r k8s_audit_rules.yaml
    """
    ruleset = common.select_or_exit(
        common.load_or_exit(rules, local), priority=priority, tags=tag, rules=rule
    )
    chosen = [one for one in ruleset.rules if one.source == SOURCE]
    if not chosen:
        common.usage_error("none of these rules is for audit events")
    found = gaps(chosen, policy_or_exit(policy))
    if json_output:
        dead = [asdict(gap) for gap in found]
        print(json.dumps({"rules": len(chosen), "cannotFire": dead}))  # noqa: T201
    else:
        for gap in found:
            print(f"{gap.rule}\n    " + "\n    ".join(gap.reasons))  # noqa: T201
        print(f"{len(chosen) - len(found)} of {len(chosen)} rules can fire")  # noqa: T201
    if found:
        raise typer.Exit(1)
