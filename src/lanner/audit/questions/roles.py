"""Accesses as Roles, ClusterRoles and their bindings."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lanner.audit.questions.access import Access

NAMES = "names"
"""To expand these: roles name no objects."""
NAMESPACES = "namespaces"
"""To expand these: what was done in several namespaces is allowed in all."""
EXPANDABLE = frozenset({NAMES, NAMESPACES})

_MOST_NAMES = 5
"""More objects are not named one by one."""

_API = "rbac.authorization.k8s.io"
_SERVICE_ACCOUNT = "system:serviceaccount:"
_DISCOVERY = re.compile(r"/(?:(?:api|apis|openapi|healthz|livez|readyz|version)(?:/.*)?)?")
"""Allowed to everybody who is authenticated: system:discovery, system:public-info-viewer."""
_SELF_REVIEWS = re.compile(r"selfsubject(?:access|rules)?reviews")
"""The same: system:basic-user."""


def manifests(user: str, accesses: set[Access], expand: frozenset[str]) -> str:
    """YAML documents that allow a user these accesses; comments say what is left out."""
    needed = {access for access in accesses if not _is_open(access)}
    by_namespace = _by_namespace(needed, expand)
    head = f"# What {json.dumps(user, ensure_ascii=False)} did and was allowed to do.\n"
    if needed != accesses:
        head += (
            "# Left out: discovery, health and reviews of one's own access, which every\n"
            "# authenticated user is allowed by default.\n"
        )
    documents = [
        document
        for namespace in sorted(by_namespace)
        for document in _role_and_binding(user, namespace, by_namespace[namespace])
    ]
    if not documents:
        return head + "# Nothing else: no role is needed.\n"
    return head + yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True)


def _is_open(access: Access) -> bool:
    if access.path:
        return access.verb in {"get", "head"} and bool(_DISCOVERY.fullmatch(access.path))
    return access.verb == "create" and bool(_SELF_REVIEWS.fullmatch(access.resource))


def _by_namespace(
    accesses: Iterable[Access], expand: frozenset[str]
) -> dict[str, list[dict[str, list[str]]]]:
    """The rules for each namespace; the empty one is the cluster."""
    # namespace → (group, resource, verb) → names
    used: defaultdict[str, defaultdict[tuple[str, str, str], set[str]]]
    used = defaultdict(lambda: defaultdict(set))
    urls: defaultdict[str, set[str]] = defaultdict(set)
    for access in accesses:
        if access.path:
            urls[access.path].add(access.verb)
        else:
            key = (access.group, access.resource, access.verb)
            used[access.namespace][key].add(access.name)
    if NAMESPACES in expand:
        _join_namespaces(used)
    cluster: dict[tuple[str, str, str], set[str]] = dict(used.get("", ()))
    found = {}
    for namespace, keys in used.items():
        named = {
            key: _names(names, expand)
            for key, names in keys.items()
            # what is allowed everywhere is not allowed again
            if not namespace or "" not in cluster.get(key, ())
        }
        rules = _rules(named)
        if rules:
            found[namespace] = rules
    if urls:
        found.setdefault("", []).extend(_url_rules(urls))
    return found


def _join_namespaces(used: dict[str, defaultdict[tuple[str, str, str], set[str]]]) -> None:
    """Moves what was done in several namespaces into the cluster."""
    places = defaultdict(list)
    for namespace, keys in used.items():
        for key in keys:
            places[key].append(namespace)
    for key, namespaces in places.items():
        if len(namespaces) > 1:
            used.setdefault("", defaultdict(set))[key] |= set().union(
                *(used[namespace].pop(key) for namespace in namespaces)
            )


def _names(names: set[str], expand: frozenset[str]) -> tuple[str, ...]:
    """The names to write into a rule; none where all objects are allowed."""
    if "" in names or len(names) > _MOST_NAMES or NAMES in expand:
        return ()
    return tuple(sorted(names))


def _rules(
    named: dict[tuple[str, str, str], tuple[str, ...]],
) -> list[dict[str, list[str]]]:
    """Rules that say the same of several verbs or resources become one."""
    verbs = defaultdict(list)
    for (group, resource, verb), names in sorted(named.items()):
        verbs[group, resource, names].append(verb)
    resources = defaultdict(list)
    for (group, resource, names), same in verbs.items():
        resources[group, names, tuple(same)].append(resource)
    rules: list[dict[str, list[str]]] = []
    for (group, names, its_verbs), its_resources in sorted(resources.items()):
        rule = {"apiGroups": [group], "resources": its_resources, "verbs": list(its_verbs)}
        if names:
            rule["resourceNames"] = list(names)
        rules.append(rule)
    return rules


def _url_rules(urls: dict[str, set[str]]) -> list[dict[str, list[str]]]:
    by_verbs = defaultdict(list)
    for path, verbs in sorted(urls.items()):
        by_verbs[tuple(sorted(verbs))].append(path)
    return [
        {"nonResourceURLs": paths, "verbs": list(verbs)}
        for verbs, paths in sorted(by_verbs.items())
    ]


def _role_and_binding(
    user: str, namespace: str, rules: list[dict[str, list[str]]]
) -> list[dict[str, Any]]:
    prefix = "" if namespace else "Cluster"
    # a name that kubectl and people can type, whatever the user is called
    name = "used-by-" + (re.sub("[^a-z0-9]+", "-", user.lower()).strip("-")[:40] or "user")
    place = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **place}
    return [
        {"apiVersion": f"{_API}/v1", "kind": f"{prefix}Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{_API}/v1",
            "kind": f"{prefix}RoleBinding",
            "metadata": dict(metadata),
            "subjects": [_subject(user)],
            "roleRef": {"apiGroup": _API, "kind": f"{prefix}Role", "name": name},
        },
    ]


def _subject(user: str) -> dict[str, str]:
    if user.startswith(_SERVICE_ACCOUNT):
        namespace, _, name = user.removeprefix(_SERVICE_ACCOUNT).partition(":")
        return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    return {"kind": "User", "name": user, "apiGroup": _API}
