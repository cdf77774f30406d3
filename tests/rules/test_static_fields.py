"""`static_fields` of a configuration, in conditions and outputs of rules."""

from __future__ import annotations

import json

import pytest

from lanner.api import Engine, load_rules
from lanner.rules.additions import SUGGESTED

VALUES = {"cluster": "b%r", "zone.name": "north"}
EVENT = {
    "kind": "Event",
    "auditID": "1",
    "stage": "ResponseComplete",
    "verb": "get",
    "requestURI": "/",
    "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
    "stageTimestamp": "2026-01-01T00:00:00.000000Z",
}


def alerts(condition: str, output: str = "o") -> list[dict[str, object]]:
    rule = {
        "rule": "r",
        "desc": "d",
        "condition": condition,
        "output": output,
        "priority": "INFO",
        "source": "k8s_audit",
    }
    ruleset = load_rules(texts={"r.yaml": json.dumps([rule])}, static=VALUES)
    assert ruleset.ok, ruleset.diagnostics
    engine = Engine(ruleset, static_fields=VALUES, additions=SUGGESTED)
    return [{"message": one.message, "fields": one.output_fields} for one in engine.match(EVENT)]


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ("static.cluster = b%r", True),
        ("static.cluster = other", False),
        ("not static.cluster = other and ka.verb = get", True),
        ("static.zone.name in (north, south) and static.cluster exists", True),
        ("toupper(static.zone.name) startswith NOR", True),
        ("ka.verb = val(static.cluster)", False),
    ],
)
def test_conditions(condition: str, is_met: bool) -> None:
    assert bool(alerts(condition)) == is_met


def test_outputs() -> None:
    (alert,) = alerts("ka.verb = get", "%static.cluster %6static.zone.name|")
    # as in Falco, what is suggested has them, too
    assert alert["message"] == "b%r north | static_cluster=b%r static_zone_name=north"
    assert alert["fields"] == {"static.cluster": "b%r", "static.zone.name": "north"}


def test_names_that_are_not_there() -> None:
    rule = (
        "- {rule: r, desc: d, condition: static.other = x, output: o, priority: INFO,"
        " source: k8s_audit}"
    )
    ruleset = load_rules(texts={"r.yaml": rule}, static=VALUES)
    assert [one.code for one in ruleset.diagnostics] == ["LOAD_ERR_COMPILE_CONDITION"]
