"""The native engine and the reference interpreter agree on random conditions and events.

`LANNER_DIFFERENTIAL_CASES` sets how many (condition, event) pairs are compared.
"""

from __future__ import annotations

import os

import pytest

from lanner import _native
from lanner.backends.reference import Reference
from lanner.diagnostics import Source
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.rules.loader import load
from tests.backends.generate import Generator
from tests.backends.generate import encode as encode_events

CASES = int(os.environ.get("LANNER_DIFFERENTIAL_CASES", "20000"))
RULES = 40
EVENTS = 50


def rules_of(generator: Generator) -> tuple[list[str], str]:
    conditions = [generator.condition() for _ in range(RULES)]
    text = "".join(
        f"- rule: r{index}\n  desc: d\n  priority: INFO\n  output: '%proc.name %5fd.name %fd.types %fd.sport'\n"
        f"  condition: >\n    {condition}\n"
        for index, condition in enumerate(conditions)
    )
    return conditions, text


@pytest.mark.parametrize("matching", ["all", "first"])
def test_native_equals_reference(matching: str) -> None:
    rounds = max(1, CASES // (2 * RULES * EVENTS))
    fired = 0
    for seed in range(rounds):
        generator = Generator(seed * 2 + (matching == "first"))
        conditions, text = rules_of(generator)
        result = load([Source("random.yaml", text)])
        assert result.ok, [found.message for found in result.diagnostics if found.is_error]
        events = [generator.event() for _ in range(EVENTS)]
        data = encode_events(events)
        plan = build(result.rules, "syscall", matching)
        native = _native.MapEngine(encode(plan)).match_many(data)
        undispatched = build(result.rules, "syscall", matching, use_dispatch=False)
        assert _native.MapEngine(encode(undispatched)).match_many(data) == native
        reference = Reference(plan)
        for event, got in zip(events, native, strict=True):
            wanted = reference.match(event)
            fired += len(wanted)
            if got != wanted:
                odd = sorted(set(got) ^ set(wanted))
                pytest.fail(
                    f"seed {seed}: {[conditions[rule] for rule in odd]} on {event}: native {got}"
                )
    assert fired > rounds


def test_outputs_are_the_same() -> None:
    generator = Generator(7)
    _, text = rules_of(generator)
    result = load([Source("random.yaml", text)])
    plan = build(result.rules, "syscall")
    engine, reference = _native.MapEngine(encode(plan)), Reference(plan)
    compared = 0
    for _ in range(200):
        event = generator.event()
        data = encode_events([event])[1:-1]
        outputs = [reference.output(plan.rules[rule], event) for rule in reference.match(event)]
        assert engine.outputs(data) == outputs
        compared += len(outputs)
    assert compared
