"""Roles from what was done: sufficient, and no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lanner.audit.questions.access import Access
from lanner.audit.questions.roles import EXPANDABLE, manifests
from tests.audit.questions.events import ask, event

if TYPE_CHECKING:
    from pathlib import Path


def is_allowed(documents: list[dict[str, Any]], access: Access) -> bool:
    """What RBAC decides, from its documentation: any rule of a role that applies is enough."""
    for role in documents:
        if role["kind"] == "ClusterRole":
            applies = True
        else:
            applies = role["kind"] == "Role" and (
                bool(access.namespace) and role["metadata"]["namespace"] == access.namespace
            )
        if applies and any(_rule_allows(rule, access) for rule in role["rules"]):
            return True
    return False


def _rule_allows(rule: dict[str, list[str]], access: Access) -> bool:
    if access.verb not in rule["verbs"]:
        return False
    if access.path:
        return access.path in rule.get("nonResourceURLs", ())
    if access.group not in rule.get("apiGroups", ()) or access.resource not in rule["resources"]:
        return False
    return "resourceNames" not in rule or access.name in rule["resourceNames"]


def documents_of(text: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(text) if document]


ACCESSES = st.one_of(
    st.builds(
        Access,
        namespace=st.sampled_from(["", "a", "b"]),
        group=st.sampled_from(["", "apps"]),
        resource=st.sampled_from(["pods", "secrets", "pods/exec"]),
        verb=st.sampled_from(["get", "list", "create", "delete"]),
        name=st.sampled_from(["", *"uvwxyz"]),
    ),
    st.builds(
        lambda verb, path: Access("", "", "", verb, "", path),
        st.sampled_from(["get", "post"]),
        st.sampled_from(["/metrics", "/logs", "/apis/x"]),
    ),
)


@given(st.sets(ACCESSES), st.sets(st.sampled_from(sorted(EXPANDABLE))))
def test_all_that_was_done_is_allowed(accesses: set[Access], expand: set[str]) -> None:
    roles = documents_of(manifests("alice", accesses, frozenset(expand)))
    for access in accesses:
        is_open = access.path.startswith("/apis") and access.verb == "get"
        assert is_open or is_allowed(roles, access), access


@given(st.sets(ACCESSES), ACCESSES)
def test_nothing_else_is_allowed(accesses: set[Access], other: Access) -> None:
    """Without expanding: another name is allowed only where names do not matter or are many,
    another namespace only where something was done in all of them.
    """
    roles = documents_of(manifests("alice", accesses, frozenset()))
    like = [
        access
        for access in accesses
        if (access.group, access.resource, access.verb, access.path)
        == (other.group, other.resource, other.verb, other.path)
        and access.namespace in {"", other.namespace}
    ]
    names = [access.name for access in like]
    is_covered = any(name in {"", other.name} for name in names) or len(set(names)) > 5
    assert is_covered or not is_allowed(roles, other)


def test_a_binding_for_every_role() -> None:
    text = manifests(
        "system:serviceaccount:ci:robot",
        {Access("a", "", "pods", "get", ""), Access("", "", "nodes", "list", "")},
        frozenset(),
    )
    cluster, its_binding, role, binding = documents_of(text)
    assert [one["kind"] for one in (cluster, its_binding, role, binding)] == [
        "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
    ]  # fmt: skip
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": role["metadata"]["name"],
    }
    assert binding["metadata"]["namespace"] == "a"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "robot", "namespace": "ci"}]


@pytest.mark.parametrize("user", ["a\nkind: Evil\n---", "", "Ünï", "system:x" * 50, "- \"'#"])
def test_names_of_users_break_nothing(user: str) -> None:
    role, binding = documents_of(manifests(user, {Access("a", "", "pods", "get", "")}, frozenset()))
    assert binding["subjects"][0]["name"] == user
    assert len(role["metadata"]["name"]) <= 63


def rules(tmp_path: Path, *events: dict[str, Any], user: str = "alice") -> list[Any]:
    """Namespace and rule of each rule."""
    document = ask(tmp_path, "rbac", *events, user=user).document
    return [
        (role["metadata"].get("namespace", ""), rule)
        for role in documents_of(document or "")
        if role["kind"].endswith("Role")
        for rule in role["rules"]
    ]


def rule(verbs: list[str], resources: list[str], *names: str, group: str = "") -> dict[str, Any]:
    found = {"apiGroups": [group], "resources": resources, "verbs": verbs}
    return {**found, "resourceNames": list(names)} if names else found


ALLOW: dict[str, Any] = {"annotations": {"authorization.k8s.io/decision": "allow"}}
FORBID: dict[str, Any] = {"annotations": {"authorization.k8s.io/decision": "forbid"}}


def test_names_of_what_is_created_are_not_in_the_url(tmp_path: Path) -> None:
    assert rules(
        tmp_path,
        event("create", "pods", "p", namespace="n", code=201),
        event("create", "pods", "p", namespace="n", subresource="exec", code=101),
        event("deletecollection", "pods", namespace="n"),
    ) == [
        ("n", rule(["create", "deletecollection"], ["pods"])),
        ("n", rule(["create"], ["pods/exec"], "p")),
    ]


def test_only_what_was_allowed(tmp_path: Path) -> None:
    assert rules(
        tmp_path,
        event("get", "pods", "a", namespace="n", code=404, **ALLOW),
        event("get", "secrets", "a", namespace="n", code=403, **FORBID),
        event("get", "configmaps", "a", namespace="n", code=403),
        # admission said no: RBAC had allowed it
        event("create", "services", "a", namespace="n", code=403, **ALLOW),
        event("delete", "pods", "a", namespace="n", stage="RequestReceived", code=None),
        event("get", "nodes", "a", user="bob"),
    ) == [("n", rule(["create"], ["services"])), ("n", rule(["get"], ["pods"], "a"))]


def test_impersonation_is_for_the_one_and_the_rest_for_the_other(tmp_path: Path) -> None:
    groups = ["dev", "system:authenticated"]
    done = event(
        "list", "pods", namespace="n", impersonatedUser={"username": "bob", "groups": groups}
    )
    assert rules(tmp_path, done, user="alice") == [
        ("", rule(["impersonate"], ["users"], "bob")),
        ("", rule(["impersonate"], ["groups"], "dev")),
    ]
    assert rules(tmp_path, done, user="bob") == [("n", rule(["list"], ["pods"]))]
    as_account = event(
        "get", "pods", impersonatedUser={"username": "system:serviceaccount:ci:robot"}
    )
    assert rules(tmp_path, as_account) == [
        ("ci", rule(["impersonate"], ["serviceaccounts"], "robot"))
    ]


def test_applying_what_is_not_there_creates_it(tmp_path: Path) -> None:
    applied = event("patch", "deployments", "d", namespace="n", group="apps", code=201)
    assert rules(tmp_path, applied) == [
        ("n", rule(["create"], ["deployments"], group="apps")),
        ("n", rule(["patch"], ["deployments"], "d", group="apps")),
    ]


def test_what_everybody_may_is_left_out(tmp_path: Path) -> None:
    answer = ask(
        tmp_path,
        "rbac",
        event("get", uri="/apis/apps/v1?timeout=32s"),
        event("create", "selfsubjectaccessreviews", group="authorization.k8s.io", code=201),
        user="alice",
    )
    assert documents_of(answer.document or "") == []
    assert "no role is needed" in (answer.document or "")


def test_nobody_has_no_roles(tmp_path: Path) -> None:
    answer = ask(tmp_path, "rbac", event("get", "pods", "a"), user="nobody")
    assert answer.document is None
    assert any("nothing found" in note for note in answer.notes)
