"""The native engine's regular expressions against the reference's, which RE2 itself has checked."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lanner import _native
from lanner.diagnostics import Source
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.rules.loader import load
from lanner.rules.regex_match import Regex
from lanner.rules.regexes import regex_problem
from lanner.rules.typed import Constant, Kind, TCheck
from tests.rules.test_regexes import patterns, texts

RULE = """\
- rule: r
  desc: d
  priority: INFO
  source: k8s_audit
  output: o
  condition: ka.verb regex 'a[bc]'
"""


@given(patterns.filter(lambda pattern: regex_problem(pattern) is None), st.lists(texts, min_size=4))
@settings(max_examples=300)
def test_both_match_the_same(pattern: str, candidates: list[str]) -> None:
    (rule,) = load([Source("x.yaml", RULE)]).rules
    assert isinstance(rule.condition, TCheck)
    condition = replace(rule.condition, constants=(Constant(Kind.STRING, pattern),))
    plan = encode(build([replace(rule, condition=condition)], "k8s_audit", "all"))
    events = [{"fields": {"ka.verb": [{"s": text}]}} for text in candidates]
    matches = _native.MapEngine(plan).match_many(json.dumps(events).encode())
    regex = Regex(pattern)
    assert [bool(found) for found in matches] == [regex.matches(text) for text in candidates]
