"""Messages equal those of the real Falco, given the same values.

The captures hold the alerts of Falco 0.44.1 with the values of all fields of their outputs. An
event with those values, run through the rule's output, must print Falco's message.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from lanner import _native
from lanner.diagnostics import Source
from lanner.outputs.alert import decode_alerts
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.plan.model import AndNode, FieldNode, Plan
from lanner.rules.loader import load

if TYPE_CHECKING:
    from pathlib import Path

RULES = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")
# what the container plugin has stock Falco append to every output
SUGGESTED = (
    " container_id=%container.id container_name=%container.name"
    " container_image_repository=%container.image.repository"
    " container_image_tag=%container.image.tag"
    " k8s_pod_name=%k8s.pod.name k8s_ns_name=%k8s.ns.name"
)


def scalar(value: Any) -> dict[str, Any]:
    """A JSON value as the engine's test events write it."""
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, int):
        return {"u": value} if value >= 0 else {"i": value}
    return {"f": value} if isinstance(value, float) else {"s": value}


def event(alert: dict[str, Any], plan: Plan) -> bytes:
    """The event with the values of an alert."""
    values = alert["output_fields"]
    fields = {}
    for name, operand in plan.rules[0].fields:
        node = plan.operands[operand]
        assert isinstance(node, FieldNode)
        key = node.name if node.argument is None else f"{node.name}[{node.argument}]"
        if values[name] is not None:
            found = values[name] if isinstance(values[name], list) else [values[name]]
            fields[key] = [scalar(value) for value in found]
    return json.dumps({"time_ns": values["evt.time.iso8601"], "fields": fields}).encode()


def always(plan: Plan) -> dict[str, Plan]:
    """By rule, a plan in which this rule alone is left, and matches every event."""
    nodes = (*plan.nodes, AndNode(()))
    true = len(plan.nodes)
    plans = {}
    for rule in plan.rules:
        alone = msgspec.structs.replace(rule, condition=true, residual=true)
        plans[rule.name] = msgspec.structs.replace(plan, nodes=nodes, rules=(alone,), dispatch=())
    return plans


def test_messages_equal_the_real_falcos(captures: Path) -> None:
    sources = []
    for name in RULES:
        text = (captures / "rules" / name).read_text()
        sources.append(Source(name, text))
    result = load(sources)
    assert result.ok, [found.message for found in result.diagnostics if found.is_error][:5]
    overrides = "".join(
        f"- rule: {json.dumps(rule.name)}\n  output: {json.dumps(SUGGESTED[1:])}\n"
        "  override: {output: append}\n"
        for rule in result.rules
    )
    result = load([*sources, Source("suggested.yaml", overrides)])
    assert result.ok, [found.message for found in result.diagnostics if found.is_error][:5]
    plans = always(build(result.rules, "syscall"))
    engines: dict[str, _native.MapEngine] = {}
    compared = 0
    for path in sorted((captures / "scap").glob("*.upstream44-all.falco.jsonl")):
        for line in path.read_text().splitlines():
            wanted = json.loads(line)
            name = wanted["rule"]
            if name not in engines:
                engines[name] = _native.MapEngine(encode(plans[name]))
            (alert,) = decode_alerts(engines[name].alerts(event(wanted, plans[name])))
            message = wanted["output"].split(": ", 1)[1].removeprefix(f"{wanted['priority']} ")
            assert alert.message == message, path.name
            assert (alert.priority_name, list(alert.tags)) == (wanted["priority"], wanted["tags"])
            fields = dict(wanted["output_fields"])
            assert fields.pop("evt.time.iso8601") == alert.time_ns
            assert alert.output_fields == fields
            compared += 1
    assert compared > 50
