"""The library, used as its README shows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

import lanner
from lanner.api import ruleset
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = ROOT / "examples/audit.log"
RULE = """
- rule: Deleted
  desc: d
  condition: ka.verb = delete
  output: "%ka.user.name deleted %ka.target.name"
  priority: NOTICE
  source: k8s_audit
  tags: [mine]
"""


def event(**changes: object) -> dict[str, object]:
    return {
        "kind": "Event",
        "auditID": "1",
        "stage": "ResponseComplete",
        "verb": "delete",
        "user": {"username": "ann"},
        "objectRef": {"resource": "pods", "name": "p"},
        "stageTimestamp": "2026-11-23T07:00:00.000001Z",
        **changes,
    }


@pytest.fixture
def engine() -> lanner.Engine:
    return lanner.Engine(lanner.load_rules(texts={"mine": RULE}))


def test_the_readmes_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102 - our own text
    assert isinstance(names["scan"], lanner.Scan)
    assert sum(names["scan"].stats().alerts_by_rule.values()) == 22


def test_match_takes_mappings_text_and_bytes(engine: lanner.Engine) -> None:
    text = json.dumps(event())
    for data in (event(), text, text.encode()):
        (alert,) = engine.match(data)
        assert alert.rule == "Deleted"
        assert alert.tags == ("mine",)
        assert alert.output.endswith("ann deleted p")
        assert alert.output_fields["ka.user.name"] == "ann"
        assert not engine.skipped
    assert not engine.match(event(verb="get"))


def test_what_is_no_event_is_told(engine: lanner.Engine) -> None:
    assert len(engine.match(json.dumps(event()) + "\nrubbish\n" + json.dumps(event()))) == 2
    (skipped,) = engine.skipped
    assert (skipped.line, skipped.excerpt) == (2, "rubbish")


def test_invalid_rules_make_no_engine() -> None:
    rules = lanner.load_rules(texts={"bad": "- rule: x\n"})
    assert not rules.ok
    with pytest.raises(lanner.RulesError):
        lanner.Engine(rules)


def test_unknown_choices_are_refused() -> None:
    rules = lanner.load_rules(texts={"mine": RULE})
    with pytest.raises(ValueError, match="loud"):
        rules.select(priority="loud")
    with pytest.raises(ValueError, match="rule_matching"):
        lanner.Engine(rules, rule_matching="some")


def test_select() -> None:
    rules = lanner.load_rules(texts={"mine": RULE})
    assert len(rules.select(tags=["mine"]).rules) == 1
    assert len(rules.select(rules=["Del*"]).rules) == 1
    assert not rules.select(tags=["other"]).rules
    assert not rules.select(priority="warning").rules


def test_an_empty_directory_is_no_rule_file(tmp_path: object) -> None:
    assert lanner.load_rules(f"{tmp_path}").ok is False


DEAR_AND_CHEAP = """
- rule: dear
  desc: d
  condition: ka.verb = delete and ka.uri regex '.*(x+x+)+y.*z?[^/]{3,40}q$'
  output: o
  priority: INFO
  source: k8s_audit
- rule: cheap
  desc: d
  condition: ka.verb = delete and not ka.uri endswith x
  output: o
  priority: INFO
  source: k8s_audit
"""


def test_what_rules_cost_is_estimated_and_outlives_them() -> None:
    engine = lanner.Engine(lanner.load_rules(texts={"two": DEAR_AND_CHEAP}))
    # 127 events are the most that go by before one is timed
    data = json.dumps(event(requestURI="/" + "x" * 1000)).encode() * 2000
    assert engine.match(data) == []
    counted = {rule.name: counted for rule, counted in engine.counts().rules}
    assert {(one.matched, one.evaluated) for one in counted.values()} == {(0, 2000)}
    assert counted["dear"].cost_ns > 10 * counted["cheap"].cost_ns
    assert engine.counts().dispatch_ns["syscall"] == 0

    fresh = lanner.Engine(lanner.load_rules(texts={"mine": RULE}))
    before = engine.adopt(fresh)
    assert {rule.name: counted for rule, counted in before.rules} == counted
    ((rule, new),) = engine.counts().rules
    assert (rule.name, new.evaluated) == ("Deleted", 0)


def test_the_sites_files_come_behind_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [tmp_path / name for name in ("lanner.local.yaml", "rules.d")]
    monkeypatch.setattr(ruleset, "SITE_RULES", tmp_path / "lanner_rules.yaml")
    monkeypatch.setattr(ruleset, "SITE_ADDITIONS", places)
    assert "Terminal shell in container" in names_of(lanner.load_rules(defaults=True))

    places[0].write_text(RULE)
    places[1].mkdir()
    assert names_of(lanner.load_rules(defaults=True))[-1] == "Deleted"
    (places[1] / "b.yaml").write_text(RULE.replace("Deleted", "Last"))
    (places[1] / "a.yml").write_text(RULE.replace("Deleted", "Earlier"))
    (places[1] / "README").write_text("no rules")
    assert names_of(lanner.load_rules(defaults=True))[-3:] == ["Deleted", "Earlier", "Last"]
    assert names_of(lanner.load_rules(defaults=False)) == []

    (tmp_path / "lanner_rules.yaml").write_text(RULE.replace("Deleted", "First"))
    assert names_of(lanner.load_rules(defaults=True)) == ["First", "Deleted", "Earlier", "Last"]


def test_a_file_that_is_named_is_not_loaded_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "rules.d"
    folder.mkdir()
    (folder / "a.yaml").write_text(RULE)
    monkeypatch.setattr(ruleset, "SITE_ADDITIONS", [folder])
    for local in (folder / "a.yaml", folder, folder / "../rules.d/a.yaml"):
        loaded = lanner.load_rules(defaults=True, local=[local])
        assert sum(file.name.endswith("a.yaml") for file in loaded.result.files) == 1


def names_of(loaded: lanner.Ruleset) -> list[str]:
    assert loaded.ok, loaded.diagnostics
    return [rule.name for rule in loaded.rules]
