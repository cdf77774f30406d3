"""The upstream audit rules decide Falco's own regression cases, and real logs are read whole."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import lanner

if TYPE_CHECKING:
    from pathlib import Path


def test_regression_cases_of_falco(captures: Path) -> None:
    data = json.loads((captures / "k8s_audit/expected.json").read_text())
    upstream = captures / "rules/k8s_audit_rules.yaml"
    wrong = []
    for case in data["cases"]:
        texts = {name: data["extra_rules"][name] for name in case["extra_rules"]}
        rules = lanner.load_rules(upstream, texts=texts)
        assert rules.ok, case["name"]
        path = captures / "k8s_audit/inputs" / case["input"]
        fired = Counter(alert.rule for alert in lanner.Scan(lanner.Engine(rules), [path]))
        for rule, count in case["expected_rule_counts"].items():
            if fired[rule] != count:
                wrong.append((case["name"], rule, count, fired[rule]))
    assert len(data["cases"]) == 40
    assert not wrong


@pytest.mark.parametrize("name", ["all", "hardened", "mixed"])
def test_real_logs_of_kube_apiserver(captures: Path, name: str) -> None:
    path = captures / f"apiserver/{name}.audit.log.gz"
    with gzip.open(path, "rt") as file:
        events = [json.loads(line) for line in file]
    rules = lanner.load_rules(captures / "rules/k8s_audit_rules.yaml", defaults=False)
    scan = lanner.Scan(lanner.Engine(rules), [path])
    alerts = list(scan)
    stats = scan.stats()
    assert stats.events == len(events)
    assert stats.skipped == 0
    fired = Counter(alert.rule for alert in alerts)
    # counted by hand from the JSON, rule by rule
    done = [event for event in events if event["stage"] == "ResponseComplete"]

    def count(verb: str, resource: str, ok: bool = True) -> int:
        return sum(
            event["verb"] == verb
            and event.get("objectRef", {}).get("resource") == resource
            and (str(event["responseStatus"]["code"]).startswith("2") is ok)
            for event in done
        )

    assert fired["K8s Secret Get Successfully"] == count("get", "secrets")
    assert fired["K8s Secret Get Unsuccessfully Tried"] == count("get", "secrets", ok=False)
    assert fired["K8s ConfigMap Created"] == count("create", "configmaps")
    assert fired["K8s Deployment Deleted"] == count("delete", "deployments")
    assert fired["K8s ClusterRoleBinding Created"] == count("create", "clusterrolebindings")
