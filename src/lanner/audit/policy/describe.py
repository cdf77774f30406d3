"""Rules in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.audit.policy.model import GroupResources, PolicyRule

MAX_NAMES = 4
"""Of a longer list, the first names and how many more there are."""


def describe(rule: PolicyRule) -> str:
    """What a rule is about: `get, list core/secrets in kube-system by alice`."""
    about = [_names(entry) for entry in rule.resources]
    about += list(rule.non_resource_urls)
    parts = [
        _list(rule.verbs),
        _list(about),
        _list([one or "no namespace" for one in rule.namespaces], "in "),
        _list([*rule.users, *(f"group {group}" for group in rule.user_groups)], "by "),
    ]
    return " ".join(part for part in parts if part) or "everything"


def _names(entry: GroupResources) -> str:
    group = entry.group or "core"
    named = _list(entry.resource_names, " ")
    return f"{group}/{'|'.join(entry.resources) or '*'}{named}"


def _list(names: Sequence[str], before: str = "") -> str:
    if not names:
        return ""
    shown = ", ".join(names[:MAX_NAMES])
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return before + shown + more
