"""Verdict, codes and messages equal the real Falco's, on real and on broken rule files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lanner.diagnostics import Source
from lanner.rules.falco_report import falco_json
from lanner.rules.loader import load, read_source

if TYPE_CHECKING:
    from pathlib import Path


def test_rule_files(captures: Path) -> None:
    expected = json.loads((captures / "validation/falco-0.44-validate.json").read_text())
    assert len(expected) == 102
    different = []
    for name, verdict in expected.items():
        result = load([read_source(captures / "validation/files" / name)])
        (wanted,) = verdict["json"]["falco_load_results"]
        (got,) = falco_json(result)["falco_load_results"]
        for kind in ("errors", "warnings"):
            left = sorted((entry["code"], entry["message"]) for entry in got[kind])
            right = sorted((entry["code"], entry["message"]) for entry in wanted[kind])
            if left != right:
                different.append((name, left, right))
        keys = ("schema_valid", "schema_warnings")
        different += [
            (name, got.get(key), wanted.get(key)) for key in keys if got.get(key) != wanted.get(key)
        ]
        if got["successful"] != wanted["successful"] or result.ok != (verdict["exit"] == 0):
            different.append((name, got["successful"], wanted["successful"]))
    assert not different


def test_shape_of_the_json(captures: Path) -> None:
    expected = json.loads((captures / "validation/falco-0.44-validate.json").read_text())
    name = "append_single_rule.yaml"
    (wanted,) = expected[name]["json"]["falco_load_results"]
    (got,) = falco_json(load([read_source(captures / "validation/files" / name)]))[
        "falco_load_results"
    ]
    assert got.keys() == wanted.keys()
    for kind in ("errors", "warnings"):
        (left,), (right,) = got[kind], wanted[kind]
        assert left.keys() == right.keys()
        assert left["context"].keys() == right["context"].keys()
        ours = left["context"]["locations"]
        theirs = right["context"]["locations"]
        assert [place["item_type"] for place in ours] == [place["item_type"] for place in theirs]
        assert [place["item_name"] for place in ours] == [place["item_name"] for place in theirs]
        assert ours[-1]["position"]["line"] == theirs[-1]["position"]["line"]


def test_conditions(captures: Path) -> None:
    cases = json.loads((captures / "validation/falco-0.44-conditions.json").read_text())
    assert len(cases) == 125
    different = []
    for case in cases:
        text = (
            "- rule: r\n  desc: d\n  condition: >\n    "
            + case["condition"]
            + "\n  output: o\n  priority: INFO\n"
        )
        result = load([Source("rule.yaml", text)])
        got = sorted(
            (found.code, found.message if found.falco_message is None else found.falco_message)
            for found in result.files[0].falco_view()
        )
        wanted = sorted(
            (entry["code"], entry["message"]) for entry in case["errors"] + case["warnings"]
        )
        if got != wanted or result.ok != case["valid"]:
            different.append((case["condition"], got, wanted))
    assert not different


def test_upstream_rules_load_unmodified(captures: Path) -> None:
    rules = captures / "rules"
    names = ("falco_rules", "falco-incubating_rules", "falco-sandbox_rules", "k8s_audit_rules")
    result = load([read_source(rules / f"{name}.yaml") for name in names])
    assert result.ok
    assert not result.diagnostics
    counts = [
        sum(rule.source == source for rule in result.rules) for source in ("syscall", "k8s_audit")
    ]
    assert counts == [93, 48]
    for name in names[:3]:
        assert load([read_source(rules / f"{name}-3.2.0.yaml")]).ok
