"""The catalogue knows every field and event type that the public rule files use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from lanner import catalog

if TYPE_CHECKING:
    from pathlib import Path

FILES = [
    "falco_rules.yaml",
    "falco-incubating_rules.yaml",
    "falco-sandbox_rules.yaml",
    "falco_rules-3.2.0.yaml",
    "falco-incubating_rules-3.2.0.yaml",
    "falco-sandbox_rules-3.2.0.yaml",
    "k8s_audit_rules.yaml",
]
_FIELD = r"([a-z][a-z0-9]*(?:\.[a-zA-Z][a-zA-Z0-9_]*)+)(?:\[([^\]]*)\])?"
_IN_CONDITION = re.compile(_FIELD + r"\s*(?:=|!=|<|>|(?:in|exists|[bi]?contains|pmatch|i?glob)\b)")
_IN_OUTPUT = re.compile("%" + _FIELD)
_EVENT_TYPES = re.compile(r"evt\.type\s*(?:=|!=|in)\s*(\([^)]*\)|\w+)")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
# removed from libs before 0.25, replaced by the empty string in outputs
_GONE = {"container.info"}


@pytest.mark.parametrize("name", FILES)
def test_fields_and_event_types(captures: Path, name: str) -> None:
    items = yaml.safe_load((captures / "rules" / name).read_text(encoding="utf-8"))
    source = "k8s_audit" if name.startswith("k8s") else "syscall"
    fields = set()
    for item in items:
        condition = _QUOTED.sub("''", str(item.get("condition", "")))
        fields |= set(_IN_CONDITION.findall(condition))
        fields |= set(_IN_OUTPUT.findall(str(item.get("output", ""))))
        for values in _EVENT_TYPES.findall(condition):
            for event_type in re.findall(r"\w+", values):
                assert catalog.is_event_type(event_type), event_type
                assert catalog.event_codes(event_type)
    assert len(fields) > 10
    for field, argument in fields:
        # a full stop may end the sentence behind a field
        found = catalog.resolve(field.rstrip("."), argument or None, source)
        assert isinstance(found, catalog.ResolvedField) or field in _GONE, found
