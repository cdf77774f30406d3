"""Audit policies: load them, say what is wrong with them, and what they decide."""

from lanner.audit.policy.encode import encode
from lanner.audit.policy.loader import LoadedPolicy, load_policy, read_policy
from lanner.audit.policy.model import GroupResources, Level, Policy, PolicyRule, Stage

__all__ = [
    "GroupResources",
    "Level",
    "LoadedPolicy",
    "Policy",
    "PolicyRule",
    "Stage",
    "encode",
    "load_policy",
    "read_policy",
]
