"""Secrets are hidden wherever they stand in an alert."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lanner import Engine, load_rules
from lanner.outputs.redaction import Pattern, Redaction, Redactor

if TYPE_CHECKING:
    from lanner.outputs.store import Row

ALERT = {
    "output": "x: Warning login --token s3cret of bob",
    "output_fields": {"proc.args": "--token s3cret", "user.name": "bob", "proc.pid": 7},
    "rule": "login",
    "tags": ["a"],
}
ROW: Row = (1, 4, "login", "syscall", json.dumps(ALERT), "text --token s3cret of bob")


def test_values_and_patterns_are_hidden_everywhere() -> None:
    hidden = Redaction(
        fields=frozenset(("user.name",)), patterns=(Pattern(r"--token (?<secret>\S+)"),)
    )
    [row] = Redactor([hidden]).rows([ROW])
    assert row[5] == "text --token <redacted> of <redacted>"
    alert = json.loads(row[4])
    assert alert["output"] == "x: Warning login --token <redacted> of <redacted>"
    assert alert["output_fields"] == {
        "proc.args": "--token <redacted>",
        "user.name": "<redacted>",
        "proc.pid": 7,
    }
    assert (alert["rule"], alert["tags"]) == ("login", ["a"])


def test_a_field_without_argument_is_hidden_with_all() -> None:
    alert = {**ALERT, "output_fields": {"proc.env[TOKEN]": "s3cret", "proc.environ": "x"}}
    row: Row = (1, 4, "login", "syscall", json.dumps(alert), "--token s3cret")
    [found] = Redactor([Redaction(fields=frozenset(("proc.env",)))]).rows([row])
    fields = {"proc.env[TOKEN]": "<redacted>", "proc.environ": "x"}
    assert json.loads(found[4])["output_fields"] == fields
    assert found[5] == "--token <redacted>"


def test_values_with_control_characters_are_hidden_in_text_too() -> None:
    """With the text that the engine makes of them."""
    loaded = load_rules(
        texts={
            "r": "- rule: r\n  desc: d\n  condition: ka.verb=get\n  source: k8s_audit\n"
            "  priority: NOTICE\n  output: '%ka.user.name at %ka.useragent'"
        }
    )
    user = "".join(map(chr, range(1, 0xA1)))
    assert loaded.ok
    event: dict[str, Any] = {
        "kind": "Event",
        "auditID": "1",
        "stageTimestamp": "2026-01-01T00:00:00.000000Z",
        "stage": "ResponseComplete",
        "verb": "get",
        "user": {"username": user},
        "userAgent": "token:\tabcdef",
    }
    (plain,) = Engine(loaded).batch(json.dumps(event).encode()).rows("h")
    assert "\\n" in plain[5]
    hidden = Redaction(
        fields=frozenset(("ka.user.name",)), patterns=(Pattern(r"token:\s(?<secret>\S+)"),)
    )
    ((*_, text),) = Redactor([hidden]).rows([plain])
    assert text.endswith("Notice <redacted> at token:\\t<redacted>")


def test_only_alerts_that_are_meant() -> None:
    everything = (Pattern("."),)
    for other in (
        Redaction(rule="other", patterns=everything),
        Redaction(source="k8s_audit", patterns=everything),
        Redaction(tags=frozenset(("a", "b")), patterns=everything),
    ):
        [row] = Redactor([other]).rows([ROW])
        assert (json.loads(row[4]), row[5]) == (ALERT, ROW[5])


def test_without_redactions_rows_are_left_alone() -> None:
    rows = [ROW]
    assert Redactor().rows(rows) is rows


def test_a_text_cannot_make_a_pattern_slow() -> None:
    """Backtracking would take longer than the universe is old."""
    text = "a" * 5_000 + "!"
    row: Row = (1, 4, "login", "syscall", json.dumps(ALERT | {"output": text}), text)
    [found] = Redactor([Redaction(patterns=(Pattern("(a+)+$"),))]).rows([row])
    assert found[5] == text


def test_what_either_hides() -> None:
    first = Redactor([Redaction(fields=frozenset({"a"}))])
    second = Redactor([Redaction(patterns=(Pattern("two"),))])
    json = '{"output":"one two","output_fields":{"a":"one","b":"two"}}'
    [found] = (first | second).rows([(1, 4, "r", "syscall", json, "one two")])
    assert "one" not in str(found)
    assert "two" not in str(found)
