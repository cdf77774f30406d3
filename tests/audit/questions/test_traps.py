"""What makes a plain look at a log go wrong, in events made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lanner.api import audit
from lanner.api.query import QueryError
from lanner.audit.questions import QUESTIONS, actors
from tests.audit.questions.events import ask, event, in_stages, rows, time, written

if TYPE_CHECKING:
    from pathlib import Path

RBAC = "rbac.authorization.k8s.io"


def test_a_request_counts_once(tmp_path: Path) -> None:
    watch = event("watch", "secrets", namespace="prod")
    read = event("get", "secrets", "a", namespace="prod", second=1)
    refused = event("get", "secrets", "a", namespace="prod", second=2, code=403)
    begun = event("list", "secrets", second=3, stage="ResponseStarted")
    answer = ask(
        tmp_path,
        "who-read",
        *in_stages(watch, "RequestReceived", "ResponseStarted"),
        *in_stages(read, "RequestReceived"),
        read,
        *in_stages(refused, "RequestReceived"),
        begun,
    )
    assert rows(answer, "verb", "result", "requests") == [
        ("watch", 200, 1),
        ("get", 200, 1),
        ("get", 403, 1),
        ("list", 200, 1),
    ]


def test_a_reused_audit_id_hides_nothing(tmp_path: Path) -> None:
    events = [
        {**event("delete", "pods", name, namespace="prod", second=second), "auditID": "same"}
        for second, name in enumerate(("a", "b", "c"))
    ]
    answer = ask(tmp_path, "who-deleted", *events)
    assert rows(answer, "what") == [("pods a",), ("pods b",), ("pods c",)]


@pytest.mark.parametrize(
    ("verb", "uri", "command"),
    [
        (
            "create",
            "/exec?command=sh&command=-c&command=echo+hi%3B+id&container=c",
            "sh -c 'echo hi; id'",
        ),
        ("get", "/exec?command=bash&stdin=true", "bash"),
        ("get", "/exec?command=%1b%5b31m&command=%ff", "'\x1b[31m' '\ufffd'"),
        ("create", "/exec", None),
    ],
)
def test_command_lines(tmp_path: Path, verb: str, uri: str, command: str | None) -> None:
    """A websocket begins with a GET; the command is in the URI at every level."""
    done = event(verb, "pods", "web", namespace="prod", subresource="exec", uri=uri, code=101)
    assert rows(ask(tmp_path, "who-exec", done), "command") == [(command,)]


def test_other_ways_into_pods(tmp_path: Path) -> None:
    answer = ask(
        tmp_path,
        "who-exec",
        event("create", "pods", "a", subresource="portforward", uri="/x?ports=80&ports=443"),
        event("patch", "pods", "a", subresource="ephemeralcontainers", second=1),
        event("create", "nodes", "n", subresource="proxy", second=2),
        event("get", "pods", "a", subresource="log", second=3),
        event("get", "pods", "a", second=4),
    )
    assert rows(answer, "what", "command") == [
        ("pods/portforward a", "port 80, port 443"),
        ("pods/ephemeralcontainers a", None),
        ("nodes/proxy n", None),
    ]


def test_controllers_clean_up(tmp_path: Path) -> None:
    collector = "system:serviceaccount:kube-system:generic-garbage-collector"
    answer = ask(
        tmp_path,
        "who-deleted",
        event("delete", "deployments", "web", namespace="prod", group="apps", user="eve"),
        event("delete", "pods", "web-1", namespace="prod", user=collector, second=1),
        event("delete", "pods", "web-1", namespace="prod", user="system:node:n1", second=2),
        event("create", "pods", "web-2", namespace="prod", subresource="eviction", second=3),
        event("deletecollection", "pods", namespace="prod", second=4),
    )
    assert rows(answer, "is a", "what", "remark") == [
        ("user", "deployments.apps web", None),
        ("controller", "pods web-1", "its owner was deleted"),
        ("node", "pods web-1", "the pod ended, or was deleted by somebody before"),
        ("user", "pods/eviction web-2", "eviction"),
        ("user", "pods (all)", None),
    ]
    assert any("finish what somebody began" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("user", "kind"),
    [
        ("alice", "user"),
        ("", "nobody"),
        (None, "nobody"),
        ("system:anonymous", "anonymous"),
        ("system:kube-scheduler", "control plane"),
        ("system:serviceaccount:kube-system:namespace-controller", "controller"),
        ("system:serviceaccount:kube-system:coredns", "service account"),
        ("system:serviceaccount:evil:namespace-controller", "service account"),
        ("system:node:n1", "node"),
    ],
)
def test_kinds_of_actors(user: str | None, kind: str) -> None:
    assert actors.kind(user) == kind


def test_deleting_all_reaches_one(tmp_path: Path) -> None:
    answer = ask(
        tmp_path,
        "who-deleted",
        event("deletecollection", "secrets", namespace="prod"),
        event("deletecollection", "secrets", namespace="stage"),
        event("delete", "secrets", "other", namespace="prod"),
        name="db-cred",
        namespace="prod",
    )
    assert rows(answer, "what", "namespace") == [("secrets (all)", "prod")]


def test_made_names(tmp_path: Path) -> None:
    made: dict[str, Any] = {
        "responseObject": {"metadata": {"name": "job-x7"}},
        "level": "RequestResponse",
    }
    answer = ask(
        tmp_path,
        "who-created",
        event("create", "pods", namespace="a", code=201, **made),
        event("create", "pods", namespace="a", code=201, second=1),
        event("create", "pods", "p", namespace="a", code=201, uri="/?dryRun=All", second=2),
        event("create", "tokenreviews", group="authentication.k8s.io", code=201, second=3),
        event("create", "pods", "p", subresource="exec", code=101, second=4),
    )
    assert rows(answer, "what", "remark") == [
        ("pods job-x7", None),
        ("pods (name not recorded)", None),
        ("pods p", "dry run: nothing was created"),
    ]
    assert any("generateName" in note for note in answer.notes)


def test_failed_logins_have_only_one_stage(tmp_path: Path) -> None:
    login = event("list", "pods", namespace="a", user="", code=401, stage="ResponseStarted")
    answer = ask(tmp_path, "failed", login)
    assert rows(answer, "result", "who", "from") == [(401, "(not authenticated)", "10.0.0.1")]
    assert not any("ResponseStarted" in note for note in answer.notes)
    without = ask(tmp_path, "failed", event("get", "pods", "a"))
    assert any("omits that stage" in note for note in without.notes)
    assert any("nothing found in 1 event " in note for note in without.notes)


def test_a_stage_that_is_missing_is_told(tmp_path: Path) -> None:
    received = event("delete", "pods", "a", stage="RequestReceived", code=None)
    answer = ask(tmp_path, "who-deleted", received)
    assert rows(answer, "what", "result") == [("pods a", None)]
    assert any("omits that stage" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("verdict", "decision", "code", "uri"),
    [
        ("ALLOWED", "allow", 200, "/api/v1/secrets"),
        ("ALLOWED", None, 200, "/metrics"),
        ("allowed, as usual", "allow", 200, "/healthz?verbose"),
        ("allowed, as usual", "allow", 200, "/livez/etcd"),
        ("ALLOWED", "allow", 200, "/healthzz"),
        ("refused", "forbid", 403, "/version"),
        ("refused", None, 403, "/version"),
    ],
)
def test_anonymous(tmp_path: Path, verdict: str, decision: str | None, code: int, uri: str) -> None:
    annotations = {"authorization.k8s.io/decision": decision} if decision else {}
    done = event("get", user="system:anonymous", code=code, uri=uri, annotations=annotations)
    assert rows(ask(tmp_path, "anonymous", done), "verdict", "what") == [
        (verdict, uri.partition("?")[0])
    ]


@pytest.mark.parametrize(
    ("body", "danger", "effect"),
    [
        (
            {"roleRef": {"name": "cluster-admin"}, "subjects": [{"kind": "Group", "name": "system:authenticated"}]},
            "cluster-admin, everybody",
            "gives cluster-admin to Group system:authenticated",
        ),
        (
            {"roleRef": {"name": "x"}, "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "n"}]},
            None,
            "gives x to ServiceAccount n/s",
        ),
        (
            {"rules": [{"verbs": ["bind", "escalate"], "resources": ["roles"]}, {"verbs": ["impersonate"], "resources": ["users"], "resourceNames": ["bob"]}]},
            "bind, escalate, impersonate",
            "lets bind,escalate roles; lets impersonate users (bob)",
        ),
        ({"rules": [{"verbs": ["*"], "nonResourceURLs": ["/x"]}]}, "wildcard", "lets * /x"),
        ([{"op": "add", "path": "/rules/0", "value": {}}], None, "patch: add /rules/0"),
        ({"metadata": {"labels": {}}}, None, None),
        ({"rules": 7, "subjects": "x", "roleRef": []}, None, None),
        ({"rules": [7, {"verbs": "x", "resources": [1]}], "subjects": [None]}, None, "gives its role to None None; lets  ; lets  "),
        ("text", None, None),
    ],
)  # fmt: skip
def test_effects(tmp_path: Path, body: Any, danger: str | None, effect: str | None) -> None:
    """Bodies are what clients sent: anything may be in them."""
    change = event("patch", "clusterroles", "r", group=RBAC, level="Request", requestObject=body)
    answer = ask(tmp_path, "escalations", change)
    assert rows(answer, "look at", "effect") == [(danger, effect)]


def test_the_api_server_itself_is_left_out_only_when_it_is_that(tmp_path: Path) -> None:
    events = [
        {
            **event("create", "clusterroles", "r", group=RBAC, user=user, second=second),
            "sourceIPs": [address],
        }
        for second, (user, address) in enumerate(
            [
                ("system:apiserver", "127.0.0.1"),
                ("system:apiserver", "10.0.0.9"),
                ("eve", "127.0.0.1"),
            ]
        )
    ]
    assert rows(ask(tmp_path, "escalations", *events), "who") == [
        ("system:apiserver",),
        ("eve",),
    ]
    shown = ask(tmp_path, "escalations", *events, user="system:apiserver")
    assert len(shown.sections[0].rows) == 2


def test_token_bodies(tmp_path: Path) -> None:
    spec = {"spec": {"audiences": ["vault"], "expirationSeconds": 600}}
    approval = {"status": {"conditions": [{"type": "Approved"}]}, "spec": {"signerName": "s/x"}}
    answer = ask(
        tmp_path,
        "tokens",
        event("create", "serviceaccounts", "s", subresource="token", requestObject=spec),
        event(
            "create",
            "secrets",
            "t",
            second=1,
            requestObject={"type": "kubernetes.io/service-account-token"},
        ),
        event("create", "secrets", "o", second=2, requestObject={"type": "Opaque"}),
        event(
            "update",
            "certificatesigningrequests",
            "c",
            subresource="approval",
            second=3,
            requestObject=approval,
        ),
        event("create", "secrets", "u", second=4),
    )
    assert rows(answer, "what", "details") == [
        ("serviceaccounts/token s", "for vault, 600 seconds"),
        ("secrets t", "kubernetes.io/service-account-token"),
        ("certificatesigningrequests/approval c", "Approved, signer s/x"),
    ]
    assert rows(answer, "what", table=1) == [("secrets u",)]


def test_first_seen_without_a_past_says_so(tmp_path: Path) -> None:
    answer = ask(tmp_path, "first-seen", event("get", "pods", "a"), baseline_ns=0)
    assert any("everybody looks new" in note for note in answer.notes)


def test_a_timeline_counts_by_minute(tmp_path: Path) -> None:
    events = [event("get", "pods", "a", namespace="n", second=second) for second in (0, 1, 59, 60)]
    answer = ask(tmp_path, "timeline", *events, user="alice")
    assert rows(answer, "minute (UTC)", "requests") == [
        ("2026-11-23T07:00", 3),
        ("2026-11-23T07:01", 1),
    ]


def test_evidence_and_windows(tmp_path: Path) -> None:
    events = [event("get", "secrets", "a", namespace="n", second=second) for second in range(9)]
    log = written(tmp_path, events)
    (row,) = audit.ask("who-read", [log], evidence=5).sections[0].rows
    assert row.count == 9
    assert row.evidence == tuple(one["auditID"] for one in events[:5])
    start = 1_795_417_200 * 10**9
    (row,) = (
        audit.ask("who-read", [log], since_ns=start + 2 * 10**9, until_ns=start + 5 * 10**9)
        .sections[0]
        .rows
    )
    assert row.count == 3


def test_a_further_condition(tmp_path: Path) -> None:
    events = [
        event("get", "secrets", "a", user="x"),
        event("get", "secrets", "a", user='b"y'),
    ]
    found = ask(tmp_path, "who-read", *events, where="ka.user.name = x or ka.user.name = z")
    assert rows(found, "who") == [("x",)]
    assert rows(ask(tmp_path, "who-read", *events, user='b"y'), "who") == [('b"y',)]
    with pytest.raises(QueryError):
        ask(tmp_path, "who-read", *events, where="ka.nope = 1")
    with pytest.raises(ValueError, match="cannot write"):
        ask(tmp_path, "who-read", *events, user="x\\")


def test_what_is_needed_must_be_asked(tmp_path: Path) -> None:
    for question in QUESTIONS.values():
        if question.required:
            with pytest.raises(ValueError, match=question.required[0]):
                ask(tmp_path, question.name)
    with pytest.raises(KeyError):
        ask(tmp_path, "why")


def test_logs_without_stages(tmp_path: Path) -> None:
    """Google's log has one record for a request, and no stage."""
    record = {
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "k8s.io",
            "methodName": "io.k8s.core.v1.secrets.get",
            "resourceName": "core/v1/namespaces/prod/secrets/db",
            "authenticationInfo": {"principalEmail": "a@example.com"},
        },
        "insertId": "1",
        "resource": {"type": "k8s_cluster"},
        "timestamp": time(0),
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access",
    }
    answer = ask(tmp_path, "who-read", record)
    assert rows(answer, "who", "verb", "what", "namespace") == [
        ("a@example.com", "get", "secrets db", "prod")
    ]
    assert not answer.notes
