"""Audit logs: Lanner against jq and against only parsing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from bench.generate_rules import rules
from bench.measure import CAPTURES, DATA, LANNER, ROOT, Ratio, in_turn, tables, warm

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = int(os.environ.get("LANNER_BENCH_EVENTS", "1000000"))
POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: ["system:kube-proxy"], verbs: [watch]}
- {level: None, nonResourceURLs: ["/healthz*", "/version", "/readyz*", "/livez*"]}
- {level: Metadata, resources: [{group: "", resources: [secrets, configmaps]}]}
- {level: Request, verbs: [create, update, patch, delete], resources: [{group: "", resources: [pods]}]}
- {level: RequestResponse, resources: [{group: "rbac.authorization.k8s.io"}]}
- {level: None, userGroups: ["system:nodes"], verbs: [get, list, watch]}
- {level: Metadata}
"""
RATIOS = [
    Ratio("jq select / simulate a policy", "jq", "simulate a policy", "at least 10×"),
    Ratio("jq select / scan with 48 rules", "jq", "scan, 48 rules", "at least 10×"),
    Ratio("scan with 48 rules / parse only", "scan, 48 rules", "parse only", "at most 2.5×"),
    Ratio("scan with 1000 rules / 48 rules", "scan, 1000 rules", "scan, 48 rules", "at most 1.5×"),
]


def inputs() -> tuple[Path, list[Path], Path]:
    """The log, the audit rules, and further generated rules."""
    DATA.mkdir(parents=True, exist_ok=True)
    log = DATA / f"audit-{EVENTS}.jsonl"
    if not log.exists():
        print(f"generating {EVENTS} events", file=sys.stderr)
        part = log.with_suffix(".part")
        command = [
            sys.executable,
            "-m",
            "bench.generate_audit_log",
            "--events",
            str(EVENTS),
            "--seed",
            "7",
            "--out",
            str(part),
        ]
        subprocess.run(command, cwd=ROOT, check=True)
        part.rename(log)
    audit = CAPTURES / "rules/k8s_audit_rules.yaml"
    base = (
        [audit] if audit.exists() else [ROOT / "src/lanner/rules/defaults/lanner_audit_rules.yaml"]
    )
    more = DATA / "more-rules.yaml"
    more.write_text(rules(1000 - 48))
    return log, base, more


def commands(log: Path, base: list[Path], more: Path) -> dict[str, list[str]]:
    """What is compared, by name."""
    named = [option for path in base for option in ("-r", str(path))]
    parse = f"from lanner import _native; print(_native.parse_only({str(log)!r}))"
    found = {
        "scan, 48 rules": [LANNER, "scan", "-q", str(log), *named],
        "scan, 1000 rules": [LANNER, "scan", "-q", str(log), *named, "-r", str(more)],
        "parse only": [sys.executable, "-c", parse],
    }
    policy = DATA / "policy.yaml"
    policy.write_text(POLICY)
    simulate = [LANNER, "audit", "policy", "simulate", "--policy", str(policy), str(log)]
    found["simulate a policy"] = simulate
    if shutil.which("jq"):
        found["jq"] = ["jq", "-c", 'select(.verb=="delete")', str(log)]
    files = [
        CAPTURES / f"rules/{name}.yaml"
        for name in (
            "falco_rules",
            "falco-incubating_rules",
            "falco-sandbox_rules",
            "k8s_audit_rules",
        )
    ]
    if all(file.exists() for file in files):
        found["load four rule files"] = [LANNER, "validate", "-q", *map(str, files)]
    return found


def section() -> str:
    """The measured part about audit logs."""
    log, base, more = inputs()
    warm(log)
    runs = in_turn(commands(log, base, more))
    size = log.stat().st_size / 1e6
    return f"Log of {EVENTS:,} events, {size:,.0f} MB.\n\n" + tables(runs, RATIOS)
