"""YAML nodes → a policy, as the API server decodes and validates it, with the place of everything.

Unknown fields and fields that are given twice are warnings: the API server starts, logs a line and
leaves them out (kubernetes/apiserver `pkg/audit/policy/reader.go`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.audit.policy import checks, codes, metadata
from lanner.audit.policy.fields import GROUP, POLICY, RULE, Reader
from lanner.audit.policy.model import LEVELS, STAGES, GroupResources, Level, Policy, PolicyRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.audit.policy.model import Stage
    from lanner.audit.policy.values import Field
    from lanner.diagnostics import Span
    from lanner.rules.yaml_nodes import Node


def decode(root: Node, reader: Reader) -> Policy:
    """The policy in a document; it holds only if the reader found no error."""
    fields = reader.fields(root, POLICY, "")
    metadata.check(fields.get("metadata"), reader)
    places: dict[str, Span] = {"": root.span}
    stages = _checked(reader, fields, "omitStages", "", places, checks.refused_stage)
    entries = reader.items(fields.get("rules"), "rules")
    policy = Policy(
        rules=tuple(_rule(reader, entry, f"rules[{n}]") for n, entry in enumerate(entries)),
        omit_stages=_stages(stages),
        omit_managed_fields=bool(
            reader.boolean(fields.get("omitManagedFields"), "omitManagedFields")
        ),
        source=root.source,
        places=places,
    )
    if not policy.rules and "rules" not in reader.broken:
        place = fields["rules"][0].span if "rules" in fields else root.span
        message = "loaded illegal policy with 0 rules"
        reader.error(
            codes.NO_RULES, message, place, "a rule that matches the rest: `- level: Metadata`"
        )
    return policy


def _rule(reader: Reader, node: Node, path: str) -> PolicyRule:
    fields = reader.fields(node, RULE, path)
    places: dict[str, Span] = {"": node.span}
    for name, (key, _) in fields.items():
        places[name] = key.span
    level = _level(reader, fields, path, node, places)
    urls = _checked(reader, fields, "nonResourceURLs", path, places, checks.refused_url)
    entries = reader.items(fields.get("resources"), f"{path}.resources")
    stages = _checked(reader, fields, "omitStages", path, places, checks.refused_stage)
    rule = PolicyRule(
        level=level,
        users=_checked(reader, fields, "users", path, places),
        user_groups=_checked(reader, fields, "userGroups", path, places),
        verbs=_checked(reader, fields, "verbs", path, places),
        resources=tuple(
            _group(reader, entry, path, f"resources[{n}]", places)
            for n, entry in enumerate(entries)
        ),
        namespaces=_checked(reader, fields, "namespaces", path, places),
        non_resource_urls=urls,
        omit_stages=_stages(stages),
        omit_managed_fields=reader.boolean(
            fields.get("omitManagedFields"), f"{path}.omitManagedFields"
        ),
        places=places,
    )
    place = places.get("nonResourceURLs", node.span)
    reader.refuse(checks.refused_mixture(rule), f"{path}.nonResourceURLs", place)
    return rule


def _level(
    reader: Reader, fields: dict[str, Field], path: str, node: Node, places: dict[str, Span]
) -> Level:
    text = ""
    if "level" in fields:
        value = fields["level"][1]
        places["level"] = value.span
        text = reader.text(value, f"{path}.level")
    if f"{path}.level" not in reader.broken and path not in reader.broken:
        place = places.get("level", node.span)
        reader.refuse(checks.refused_level(text), f"{path}.level", place)
    return LEVELS.get(text, Level.NONE)


def _group(
    reader: Reader, node: Node, rule: str, path: str, places: dict[str, Span]
) -> GroupResources:
    whole = f"{rule}.{path}"
    fields = reader.fields(node, GROUP, whole)
    places[path] = node.span
    group = ""
    if "group" in fields:
        value = fields["group"][1]
        places[f"{path}.group"] = value.span
        group = reader.text(value, f"{whole}.group")
        # the API server's path has no index here
        reader.refuse(checks.refused_group(group), f"{rule}.resources.group", value.span)
        if group == "*":
            message = '`group: "*"` needs Kubernetes 1.36: older API servers do not start with it'
            reader.warning(codes.VERSION, message, value.span, "name the groups")
    inner: dict[str, Span] = {}
    entry = GroupResources(
        group,
        _checked(reader, fields, "resources", whole, inner),
        _checked(reader, fields, "resourceNames", whole, inner),
    )
    places.update((f"{path}.{name}", span) for name, span in inner.items())
    place = fields["resourceNames"][0].span if "resourceNames" in fields else node.span
    reader.refuse(checks.refused_names(entry), f"{rule}.resources.resourceNames", place)
    return entry


def _checked(
    reader: Reader,
    fields: dict[str, Field],
    name: str,
    path: str,
    places: dict[str, Span],
    check: Callable[[str], checks.Refusal | None] | None = None,
) -> tuple[str, ...]:
    """The texts of a list, after a check of each."""
    texts = []
    whole = f"{path}.{name}" if path else name
    for number, item in enumerate(reader.items(fields.get(name), whole)):
        place = f"{whole}[{number}]"
        places[f"{name}[{number}]"] = item.span
        text = reader.text(item, place)
        texts.append(text)
        if check is not None and place not in reader.broken:
            reader.refuse(check(text), place, item.span)
    return tuple(texts)


def _stages(texts: tuple[str, ...]) -> tuple[Stage, ...]:
    return tuple(STAGES[text] for text in texts if text in STAGES)
