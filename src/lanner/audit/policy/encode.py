"""A policy as JSON: what goes down to the native evaluator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lanner.audit.policy.model import Stage

if TYPE_CHECKING:
    from lanner.audit.policy.model import Policy, PolicyRule


def encode(policy: Policy) -> bytes:
    """The policy as JSON, with the API's names.

    What a rule inherits is written out in it: its `omitStages` hold the policy's too, and
    `omitManagedFields` is what holds for the rule.
    """
    return msgspec.json.encode(
        {
            "rules": [_rule(policy, rule) for rule in policy.rules],
            "omitStages": _stages(policy, None),
            "omitManagedFields": policy.omit_managed_fields,
        }
    )


def _rule(policy: Policy, rule: PolicyRule) -> dict[str, Any]:
    return {
        "level": rule.level.spelling,
        "users": rule.users,
        "userGroups": rule.user_groups,
        "verbs": rule.verbs,
        "resources": [
            {
                "group": entry.group,
                "resources": entry.resources,
                "resourceNames": entry.resource_names,
            }
            for entry in rule.resources
        ],
        "namespaces": rule.namespaces,
        "nonResourceURLs": rule.non_resource_urls,
        "omitStages": _stages(policy, rule),
        "omitManagedFields": policy.managed_fields_omitted_by(rule),
    }


def _stages(policy: Policy, rule: PolicyRule | None) -> list[str]:
    omitted = policy.stages_omitted_by(rule)
    return [stage.value for stage in Stage if stage in omitted]
