"""The questions on logs of a real API server: the answer is what `workload.sh` did.

The same workload was recorded under three policies; what these do not record cannot be found.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lanner.api import audit
from tests.audit.questions.events import rows

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.audit.questions.model import Answer

POLICIES = ("all", "hardened", "mixed")


@pytest.fixture(params=POLICIES)
def log(request: pytest.FixtureRequest, captures: Path) -> Path:
    return captures / f"apiserver/{request.param}.audit.log.gz"


def of_all(captures: Path, question: str, **asked: Any) -> Answer:
    return audit.ask(question, [captures / "apiserver/all.audit.log.gz"], **asked)


def test_who_read_the_secret(log: Path) -> None:
    answer = audit.ask("who-read", [log], name="db-cred", namespace="prod", verb="get")
    assert rows(answer, "who", "what", "namespace", "result", "requests") == [
        ("admin", "secrets db-cred", "prod", 200, 1),
        ("dev-user", "secrets db-cred", "prod", 200, 1),
        ("ops-user", "secrets db-cred", "prod", 403, 1),
        ("admin (as eve)", "secrets db-cred", "prod", 200, 1),
    ]


def test_lists_reach_the_secret(log: Path) -> None:
    answer = audit.ask("who-read", [log], resource="secrets", name="db-cred", verb="list")
    people = {"admin", "dev-user", "ops-user", "system:anonymous"}
    found = Counter(
        row for row in rows(answer, "who", "what", "namespace", "result") if row[0] in people
    )
    assert found == Counter(
        {
            ("admin", "secrets (all)", "prod", 200): 1,
            ("admin", "secrets (all)", "(all)", 200): 1,
            ("admin", "secrets db-cred", "prod", 200): 1,
            ("dev-user", "secrets (all)", "prod", 200): 1,
            ("dev-user", "secrets (all)", "(all)", 403): 1,
            ("ops-user", "secrets (all)", "prod", 403): 1,
            ("ops-user", "secrets (all)", "(all)", 403): 1,
            ("system:anonymous", "secrets (all)", "(all)", 403): 1,
        }
    )


def test_who_executed(log: Path) -> None:
    answer = audit.ask("who-exec", [log])
    # dev-user and ops-user may not even get the pod, so that kubectl gives up before
    assert rows(answer, "who", "what", "namespace", "container", "command") == [
        ("admin", "pods/exec web-1", "prod", "c", "sh -c id"),
        ("admin", "pods/exec web-1", "prod", "c", "/bin/bash"),
        ("admin", "pods/attach web-1", "prod", "c", None),
    ]


def test_who_deleted(log: Path) -> None:
    answer = audit.ask("who-deleted", [log], user="admin")
    assert rows(answer, "what", "result") == [
        ("pods web-5", 200),
        ("namespaces stage", 200),
        ("pods web-1", 200),
        ("pods web-2", 200),
        ("pods web-4", 200),
        ("secrets db-cred", 200),
        ("clusterroles.rbac.authorization.k8s.io wild", 200),
        ("clusterrolebindings.rbac.authorization.k8s.io dev-admin", 200),
        ("configmaps app-config", 200),
        ("configmaps creds", 200),
        ("namespaces kube-public2", 200),
    ]


def test_a_dry_run_deletes_nothing(captures: Path) -> None:
    answer = of_all(captures, "who-deleted", user="admin", resource="namespaces")
    assert rows(answer, "what", "remark") == [
        ("namespaces stage", "dry run: nothing was deleted"),
        ("namespaces kube-public2", None),
    ]


def test_who_created(log: Path) -> None:
    answer = audit.ask("who-created", [log], namespace="prod")
    made = [row for row in rows(answer, "who", "what", "result") if row[2] == 201]
    assert made == [
        ("admin", what, 201)
        for what in (
            "secrets db-cred",
            "configmaps app-config",
            "configmaps creds",
            "roles.rbac.authorization.k8s.io reader",
            "rolebindings.rbac.authorization.k8s.io dev-reader",
            "pods web-1",
            "pods web-2",
            "pods web-4",
            "pods web-5",
            "deployments.apps api",
            "services api",
            "serviceaccounts robot",
            "secrets s-admin",
            "ingresses.extensions old",
        )
    ]


def test_who_failed(log: Path) -> None:
    answer = audit.ask("failed", [log])
    found = rows(answer, "result", "who", "verb", "what", "namespace")
    assert (401, "(not authenticated)", "list", "pods (all)", "default") in found
    assert (403, "dev-user", "delete", "pods web-5", "prod") in found
    assert (403, "system:anonymous", "post", "/nothing", None) in found
    assert (403, "admin (as dev-user)", "list", "pods (all)", "prod") in found
    assert {row[0] for row in found} == {401, 403}


def test_anonymous_requests(captures: Path) -> None:
    answer = of_all(captures, "anonymous")
    assert rows(answer, "verdict", "verb", "what", "requests") == [
        ("allowed, as usual", "get", "/readyz", 1),
        ("allowed, as usual", "get", "/livez", 1),
        ("refused", "list", "secrets (all)", 1),
        ("refused", "post", "/nothing", 1),
        ("refused", "get", "/readyz", 2),
    ]


def test_escalations(captures: Path) -> None:
    answer = of_all(captures, "escalations")
    assert rows(answer, "who", "verb", "what", "look at", "effect") == [
        ("admin", "create", "clusterroles pod-exec", "pods/exec", "lets create pods/exec"),
        ("admin", "create", "clusterroles wild", "wildcard", "lets * *"),
        (
            "admin",
            "create",
            "clusterrolebindings dev-admin",
            "cluster-admin",
            "gives cluster-admin to User eve",
        ),
        ("admin", "create", "clusterrolebindings dev-view", None, "gives view to Group dev"),
        ("admin", "create", "clusterrolebindings ops-edit", None, "gives edit to User ops-user"),
        ("admin", "create", "roles reader", None, "lets get,list secrets"),
        ("admin", "create", "rolebindings dev-reader", None, "gives reader to User dev-user"),
        ("admin", "delete", "clusterroles wild", None, None),
        ("admin", "delete", "clusterrolebindings dev-admin", None, None),
    ]
    assert rows(answer, "who", "in groups", "what", "result", table=1) == [
        ("admin (as dev-user)", "system:authenticated", "pods (all)", 403),
        ("admin (as eve)", "system:masters, system:authenticated", "secrets db-cred", 200),
    ]
    assert any("of the API server itself are left out" in note for note in answer.notes)


def test_without_bodies_it_says_so(captures: Path) -> None:
    answer = audit.ask("escalations", [captures / "apiserver/hardened.audit.log.gz"])
    assert set(rows(answer, "verb", "look at", "effect")) == {
        ("create", "unknown", "not recorded (level Metadata)"),
        ("delete", None, None),
    }
    assert any("at the level Request to see it" in note for note in answer.notes)


def test_tokens(captures: Path) -> None:
    answer = audit.ask("tokens", [captures / "apiserver/hardened.audit.log.gz"])
    assert rows(answer, "who", "what", "details") == [
        ("admin", "serviceaccounts/token robot", "not recorded (level Metadata)")
    ]
    assert rows(answer, "what", table=1) == [("secrets db-cred",), ("secrets s-admin",)]
    assert of_all(captures, "tokens").sections[1].rows == ()


def test_timeline(log: Path) -> None:
    answer = audit.ask("timeline", [log], user="dev-user", resource="secrets")
    done = Counter[tuple[Any, ...]]()
    for *what, requests in rows(answer, "verb", "what", "namespace", "result", "requests"):
        done[tuple(what)] += requests
    assert list(done.items()) == [
        (("get", "secrets db-cred", "prod", 200), 1),
        (("list", "secrets (all)", "prod", 200), 1),
        (("list", "secrets (all)", "(all)", 403), 2),
        (("create", "secrets", "prod", 403), 1),
    ]


def test_noisiest(captures: Path) -> None:
    answer = of_all(captures, "noisiest")
    assert rows(answer, "who", "requests")[:3] == [
        ("system:apiserver", 412),
        ("admin", 186),
        ("dev-user", 20),
    ]
    assert [sum(row.count for row in section.rows) for section in answer.sections] == [658] * 3


def test_deprecated(log: Path) -> None:
    answer = audit.ask("deprecated", [log], user="admin")
    assert set(rows(answer, "API", "gone in", "verb")) == {
        ("extensions/v1beta1 ingresses", "1.22", "get"),
        ("extensions/v1beta1 ingresses", "1.22", "create"),
    }


def test_first_seen(captures: Path) -> None:
    everybody = rows(of_all(captures, "first-seen", baseline_ns=0), "who", "first")
    assert len(everybody) == 9
    # 07:38:54: the bad token, and after it kube-proxy and the impersonations
    answer = of_all(captures, "first-seen", baseline_ns=1_795_419_534_000_000_000)
    assert {row[0] for row in rows(answer, "who")} == {
        "(not authenticated)", "system:kube-proxy", "admin (as dev-user)", "admin (as eve)",
    }  # fmt: skip
    assert answer.sections[1].rows == ()


def test_rbac(log: Path) -> None:
    answer = audit.ask("rbac", [log], user="dev-user")
    role, binding = yaml.safe_load_all(answer.document or "")
    assert role["kind"] == "Role"
    assert role["metadata"]["namespace"] == "prod"
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]},
        {
            "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"],
            "resourceNames": ["db-cred"],
        },
    ]  # fmt: skip
    assert binding["subjects"] == [
        {"kind": "User", "name": "dev-user", "apiGroup": "rbac.authorization.k8s.io"}
    ]


@pytest.mark.parametrize("question", ["who-read", "failed", "noisiest", "timeline"])
def test_stages_count_once(captures: Path, question: str) -> None:
    """Two policies that record the same requests, one of them in all stages: the same counts."""

    def total(policy: str) -> int:
        log = captures / f"apiserver/{policy}.audit.log.gz"
        answer = audit.ask(question, [log], user="dev-user")
        return sum(row.count for row in answer.sections[0].rows)

    assert total("all") == total("hardened") > 0
