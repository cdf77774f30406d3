"""The field catalogue: all of Falco's fields, each with a type, a text and an example that loads."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from lanner import catalog
from lanner.rules.typed import Kind
from lanner.rules.types import kind_of
from tests.rules.helpers import load_condition

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.catalog import Field

SYSCALL_CLASSES = {
    "evt": 75,
    "proc": 73,
    "thread": 20,
    "fd": 46,
    "fdlist": 6,
    "fs": 6,
    "user": 6,
    "group": 2,
    "syscall": 1,
    "container": 29,
    "k8s": 29,
    "k8smeta": 25,
}
AUDIT_CLASSES = {"evt": 18, "ka": 100, "json": 3, "jevt": 3}
ARGUMENTS = {
    "-",
    "number?",
    "number!",
    "index?",
    "key?",
    "key!",
    "both!",
    "parameter!",
    "dotted?",
    "dotted!",
}
FLAGS = {
    "list",
    "few",
    "always",
    "deprecated",
    "table_only",
    "print_only",
    "filter_only",
    "no_rhs",
    "no_transformer",
}
# the length of one line in `lanner fields` on a wide terminal
LONGEST_DOC = 120
NOT_FOR_RULES = {"deprecated", "table_only", "print_only"}

EVERY = catalog.fields()
WITH_EXAMPLE = [field for field in EVERY if field.example]


def name_of(field: Field) -> str:
    return field.name


@pytest.mark.parametrize(
    ("source", "expected"), [("syscall", SYSCALL_CLASSES), ("k8s_audit", AUDIT_CLASSES)]
)
def test_every_class_is_complete(source: str, expected: dict[str, int]) -> None:
    """Counts of libs 0.25.4 and the plugins container 0.7, k8smeta 0.4, k8saudit 0.18, json 0.7."""
    assert Counter(field.field_class for field in catalog.fields(source)) == expected


def test_counts_without_the_fields_for_tables_only() -> None:
    usable = [field for field in catalog.fields("syscall") if "table_only" not in field.flags]
    counts = Counter(field.field_class for field in usable)
    assert counts["evt"] + counts["syscall"] == 61
    assert counts["thread"] == 17
    assert sum(field.name.startswith("proc.is_container_") for field in usable) == 3


def test_old_kubernetes_fields_are_marked() -> None:
    old = [field for field in EVERY if field.field_class == "k8s" and "deprecated" in field.flags]
    assert len(old) == 19
    for field in old:
        replacement = field.doc.rpartition("use ")[2].rstrip(".")
        assert catalog.field(replacement) is not None, field.doc


def test_names_are_unique() -> None:
    assert len({field.name for field in EVERY}) == len(EVERY)


@pytest.mark.parametrize("field", EVERY, ids=name_of)
def test_every_field_is_described(field: Field) -> None:
    assert field.doc.endswith(".")
    assert len(field.doc) <= LONGEST_DOC
    assert field.argument in ARGUMENTS
    assert set(field.flags) <= FLAGS
    assert field.lifetime in ("event", "fd", "process", "container", "capture")
    assert field.source in ("any", "syscall", "k8s_audit")
    # the parameter decides the type of evt.rawarg
    assert kind_of(field.type) is not None or field.name == "evt.rawarg"
    assert bool(field.example) or NOT_FOR_RULES.intersection(field.flags)


@pytest.mark.parametrize("field", WITH_EXAMPLE, ids=name_of)
def test_every_example_loads(field: Field) -> None:
    assert field.name in field.example
    source = "k8s_audit" if field.source != "syscall" else "syscall"
    result = load_condition(field.example, source)
    errors = [found.message for found in result.diagnostics if found.is_error]
    assert result.ok, errors
    assert len(result.rules) == 1


@pytest.mark.parametrize("flag", ["no_rhs", "no_transformer"])
def test_flags_have_their_effect(flag: str) -> None:
    checked = 0
    for field in EVERY:
        if flag not in field.flags or field.argument.endswith("!"):
            continue
        condition = (
            f"proc.name = val({field.name})" if flag == "no_rhs" else f"toupper({field.name}) = A"
        )
        assert not load_condition(condition, "syscall").ok, field.name
        checked += 1
    assert checked >= 10


def test_sources_see_only_their_fields() -> None:
    audit = {field.name for field in catalog.fields("k8s_audit")}
    syscall = {field.name for field in catalog.fields("syscall")}
    both = audit & syscall
    assert {name.partition(".")[0] for name in both} == {"evt"}
    assert "evt.num" in both
    assert "evt.type" not in audit
    assert "ka.verb" not in syscall


def test_unknown_names() -> None:
    assert catalog.field("ka.verbs") is None
    assert catalog.suggest_field("ka.verbs", "k8s_audit") == "ka.verb"
    assert catalog.suggest_field("proc.exe_path", "syscall") == "proc.exepath"
    assert catalog.suggest_field("x" * 10_000, "syscall") is None
    # no field of another source
    assert catalog.suggest_field("ka.verb", "syscall") is None


_PYTHON_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.SIGNED: (int,),
    Kind.UNSIGNED: (int,),
    Kind.DOUBLE: (float,),
    Kind.BOOL: (bool,),
    Kind.IP: (str,),
    Kind.NET: (str,),
}
# printed in hexadecimal
_SHOWN_AS_TEXT = {"fd.dev"}


def test_real_values_have_the_declared_types(captures: Path) -> None:
    """Values that libsinsp extracted from captures fit the types of the catalogue."""
    seen: Counter[str] = Counter()
    for path in sorted((captures / "scap").glob("*.fields.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for _, line in zip(range(2_000), lines, strict=False):
                for key, value in json.loads(line).items():
                    name, _, argument = key.partition("[")
                    found = catalog.resolve(name, argument[:-1] or None, "syscall")
                    assert isinstance(found, catalog.ResolvedField), key
                    kind = kind_of(found.type)
                    assert kind is not None
                    if value is not None and name not in _SHOWN_AS_TEXT:
                        assert type(value) in _PYTHON_TYPES[kind], (key, value)
                        seen[name] += 1
    assert len(seen) > 70
