"""`lanner audit policy`, as commands."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.run import lanner

if TYPE_CHECKING:
    from pathlib import Path

# the policy of a tutorial, with its gap: `kubectl apply` sends patch
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: ["RequestReceived"]
rules:
  - level: Metadata
    resources:
      - group: ""
        resources: ["secrets", "configmaps"]
  - level: Request
    namespaces: ["prod"]
    resources:
      - group: ""
        resources: ["pods"]
    verbs: ["create", "update", "delete"]
  - level: None
    users: ["system:kube-proxy"]
    verbs: ["watch", "get"]
  - level: Metadata
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return file


def explain(policy: Path, *words: str) -> str:
    done = lanner("audit", "policy", "explain", "--policy", policy, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_check_advises_on_the_tutorial(policy: Path) -> None:
    done = lanner("audit", "policy", "check", policy)
    assert done.returncode == 0
    text = done.stdout.decode()
    assert f"{policy}:14:23" in text
    assert "`update` and not `patch`" in text
    assert text.endswith(f"{policy}: Ok (3 advice)\n")
    assert lanner("audit", "policy", "check", "-q", policy).stdout.decode() == f"{policy}: Ok\n"


def test_check_refuses_what_kube_apiserver_refuses(policy: Path) -> None:
    policy.write_text(POLICY.replace("level: Request\n", "level: request\n"))
    done = lanner("audit", "policy", "check", policy)
    assert done.returncode == 1
    text = done.stdout.decode()
    assert 'rules[1].level: Unsupported value: "request"' in text
    assert "did you mean `Request`?" in text
    assert text.endswith(f"{policy}: Invalid (1 error)\n")


def test_warnings_fail_with_strict_only(policy: Path) -> None:
    policy.write_text(POLICY.replace("namespaces:", "namespace:"))
    assert lanner("audit", "policy", "check", policy).returncode == 0
    done = lanner("audit", "policy", "check", "--strict", "--json", policy)
    assert done.returncode == 1
    (report,) = json.loads(done.stdout)
    assert report["ok"]
    assert report["diagnostics"][0]["code"] == "AUDIT_POLICY_UNKNOWN_FIELD"
    assert report["diagnostics"][0]["span"]["start"]["line"] == 10


def test_explain_says_why_not(policy: Path) -> None:
    text = explain(policy, "--verb", "patch", "--resource", "pods", "-n", "prod", "--user", "dev")
    assert "rules[1] (Request, line 9): does not match: verbs: patch is not" in text
    assert "rules[3] (Metadata, line 18): matches" in text
    assert text.endswith("recorded at ResponseComplete; RequestReceived omitted\n")


@pytest.mark.parametrize(
    ("words", "rule", "level", "stages"),
    [
        (["--verb", "get", "--resource", "secrets", "--name", "x"], 0, "Metadata", 1),
        (["--verb", "create", "--resource", "pods", "--namespace", "prod"], 1, "Request", 1),
        (["--verb", "create", "--resource", "pods/exec", "-n", "prod"], 3, "Metadata", 2),
        (["--verb", "create", "--resource", "pods", "--subresource", "log"], 3, "Metadata", 2),
        (["--verb", "get", "--resource", "secrets", "--api-group", "x.io"], 3, "Metadata", 1),
        (["--verb", "watch", "--resource", "pods", "--user", "system:kube-proxy"], 2, "None", 0),
        (["--url", "/healthz"], 3, "Metadata", 1),
        (["--method", "DELETE", "--url", "/api/v1/namespaces/prod/pods/x"], 1, "Request", 1),
        (["--verb", "get", "--resource", "pods", "--unauthenticated"], 3, "Metadata", 1),
    ],
)
def test_explain_by_flags(
    policy: Path, words: list[str], rule: int, level: str, stages: int
) -> None:
    found = json.loads(explain(policy, "--json", *words))
    assert (found["rule"], found["level"], len(found["stages"])) == (rule, level, stages)
    assert len(found["passedOver"]) == rule


def test_groups_that_the_api_server_adds(policy: Path) -> None:
    words = ("--json", "--verb", "get", "--resource", "deployments", "--user")
    found = json.loads(explain(policy, *words, "system:serviceaccount:ci:bot", "--group", "x"))
    assert found["request"]["apiGroup"] == "apps"
    assert found["request"]["groups"] == [
        *("x", "system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated")
    ]
    anonymous = json.loads(explain(policy, *words, "system:anonymous"))
    assert anonymous["request"]["groups"] == ["system:unauthenticated"]


def test_the_name_of_a_new_object_is_not_seen(policy: Path) -> None:
    words = ("--verb", "create", "--resource", "namespaces", "--name", "prod", "--json")
    assert json.loads(explain(policy, *words))["request"]["name"] == ""


EVENT = {
    "kind": "Event",
    "auditID": "7c0d",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/namespaces/prod/pods/web",
    "verb": "delete",
    "user": {"username": "dev"},
}


def test_explain_an_event(policy: Path, tmp_path: Path) -> None:
    by_stdin = lanner(
        *("audit", "policy", "explain", "--policy", policy, "--event", "-"),
        stdin=json.dumps(EVENT, indent=2).encode(),
    )
    assert "rules[1] (Request, line 9): matches" in by_stdin.stdout.decode()
    log = tmp_path / "audit.log.gz"
    other = {**EVENT, "auditID": "8", "user": {"username": "7c0d"}}
    log.write_bytes(gzip.compress(f"{json.dumps(other)}\n{json.dumps(EVENT)}\n".encode()))
    chosen = explain(policy, "--event", str(log), "--audit-id", "7c0d")
    assert "by dev" in chosen
    several = lanner("audit", "policy", "explain", "--policy", policy, "--event", log)
    assert several.returncode == 1
    assert b"--audit-id" in several.stderr


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 10_000, b"[1]", b'{"auditID": 5}\n{"auditID": 6}', b"\xff", b"\0"]
)
def test_events_that_are_none(policy: Path, tmp_path: Path, content: bytes) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(content)
    for more in ((), ("--audit-id", "5")):
        done = lanner("audit", "policy", "explain", "--policy", policy, "--event", log, *more)
        assert done.returncode == 1, done.stdout
        assert str(log).encode() in done.stderr


def test_every_request_of_a_real_log(captures: Path) -> None:
    folder = captures / "apiserver"
    with gzip.open(folder / "mixed.audit.log.gz", "rt") as file:
        event = json.loads(file.readlines()[-1])
    words = ("--event", str(folder / "mixed.audit.log.gz"), "--audit-id", event["auditID"])
    found = json.loads(explain(folder / "policy-mixed.yaml", "--json", *words))
    assert found["level"] == event["level"]
    assert event["stage"] in found["stages"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--verb", "get"],
        ["--resource", "pods"],
        ["--verb", "gte", "--resource", "pods"],
        ["--verb", "get", "--resource", "widgets"],
        ["--url", "healthz"],
        ["--url", "/api/v1/watch"],
        ["--url", "/x", "--event", "-"],
        ["--url", "/x", "--audit-id", "1"],
    ],
)
def test_usage(policy: Path, words: list[str]) -> None:
    done = lanner("audit", "policy", "explain", "--policy", policy, *words)
    assert done.returncode == 2
    assert done.stderr


def test_explain_needs_a_valid_policy(policy: Path, tmp_path: Path) -> None:
    policy.write_text("rules: []")
    for path in (policy, tmp_path / "nothing"):
        done = lanner("audit", "policy", "explain", "--policy", path, "--url", "/x")
        assert done.returncode == 1
        assert b"AUDIT_POLICY_" in done.stderr


def test_init_writes_what_check_takes_and_overwrites_nothing(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    done = lanner("audit", "policy", "init", "-o", file)
    assert done.returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert lanner("audit", "policy", "check", file).stdout.decode() == f"{file}: Ok\n"
    before = file.read_bytes()
    assert before == lanner("audit", "policy", "init").stdout
    again = lanner("audit", "policy", "init", "--profile", "cks", "-o", file)
    assert again.returncode == 1
    assert b"was not changed" in again.stderr
    assert file.read_bytes() == before
    nowhere = lanner("audit", "policy", "init", "-o", tmp_path / "no/where")
    assert nowhere.returncode == 1


def test_coverage_says_what_is_missing(policy: Path) -> None:
    words = ("audit", "policy", "coverage", "--policy", policy, "--rule", "ClusterRole With*")
    done = lanner(*words)
    assert done.returncode == 1
    text = done.stdout.decode()
    assert (
        "ClusterRole With Pod Exec Created\n    rules[3] records its requests at Metadata" in text
    )
    assert text.endswith(" rules can fire\n")
    report = json.loads(lanner(*words, "--json").stdout)
    assert report["rules"] == len(report["cannotFire"]) == text.count("ClusterRole With")
    policy.write_text(POLICY.replace("  - level: Metadata\n", "  - level: Request\n"))
    assert lanner(*words).returncode == 0
    assert lanner("audit", "policy", "coverage", "--rule", "Terminal shell*").returncode == 2


def test_help() -> None:
    for words in (["audit"], ["audit", "policy"]):
        assert b"policy" in lanner(*words, "--help").stdout
    for command in ("check", "coverage", "explain", "init"):
        assert b"Example" in lanner("audit", "policy", command, "--help").stdout
