"""What docs/tutorial.md has people type, but for what needs a kernel or a cluster."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from tests import tutorial
from tests.cli.run import lanner

if TYPE_CHECKING:
    from pathlib import Path


def typed(start: str) -> str:
    """What the command that begins like this prints; it must succeed."""
    (command,) = (one for one in tutorial.commands() if one.startswith(start))
    done = lanner(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_its_rules_are_valid_behind_the_default_rules(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(tutorial.yaml("# /etc/lanner/rules.d/app.yaml"))
    done = lanner("validate", "--local", "app.yaml", cwd=tmp_path)
    assert done.stdout.decode() == tutorial.output_of("lanner validate")
    (tmp_path / "site.yaml").write_text(tutorial.yaml("# /etc/lanner/rules.d/site.yaml"))
    assert lanner("validate", "--local", tmp_path).returncode == 0
    rules = json.loads(lanner("rules", "--json", "--local", tmp_path).stdout)
    enabled = {rule["name"]: rule["enabled"] for rule in rules}
    assert enabled["Write to app config"]
    assert not enabled["Launch Package Management Process in Container"]
    shown = lanner("rules", "--local", tmp_path, "Terminal shell in container").stdout.decode()
    assert "fish" in shown


def test_its_policy_does_what_it_says(tmp_path: Path) -> None:
    policy = tmp_path / "audit-policy.yaml"
    policy.write_text(tutorial.yaml("# audit-policy.yaml"))
    assert lanner("audit", "policy", "check", policy).returncode == 0

    def level(*request: str) -> str:
        answer = lanner("audit", "policy", "explain", "--policy", policy, "--json", *request)
        assert answer.returncode == 0, answer.stderr.decode()
        return str(json.loads(answer.stdout)["level"])

    pod = ("--resource", "pods", "--namespace", "prod", "--user", "dev")
    secret = ("--resource", "secrets", "--namespace", "prod", "--user", "dev")
    assert level("--verb", "get", *secret) == "Metadata"
    assert level("--verb", "patch", *pod) == "Request"
    assert level("--verb", "get", *pod) == "Metadata"
    proxy = ("--resource", "services", "--user", "system:kube-proxy")
    assert level("--verb", "watch", *proxy) == "None"


def test_its_questions_are_answered() -> None:
    names = typed("lanner audit query -r").splitlines()
    assert set(names) == {"system:serviceaccount:shop:web"}
    (deleted,) = map(json.loads, typed("lanner audit query -c").splitlines())
    assert deleted["res"] == "pods"
    assert "system:serviceaccount:shop:web" in typed("lanner audit ask who-read")
    assert "chroot /host sh" in typed("lanner audit ask who-exec")
    assert "Terminal shell in container" in typed("lanner rules")
