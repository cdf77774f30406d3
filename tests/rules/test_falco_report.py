"""The JSON and the text of `falco -V`, compared with the real Falco's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lanner.diagnostics import Source
from lanner.rules.falco_report import falco_json, falco_text
from lanner.rules.loader import decode_source, load, read_source
from tests.rules.helpers import load_texts

if TYPE_CHECKING:
    from pathlib import Path

# places within conditions are ours: Falco's do not point into the file
_EXPRESSION = "condition expression"


def _verdicts(captures: Path) -> dict[str, dict[str, Any]]:
    found = json.loads((captures / "validation/falco-0.44-validate.json").read_text())
    assert isinstance(found, dict)
    return found


def _read(captures: Path, name: str) -> Source:
    source = decode_source(name, (captures / "validation/files" / name).read_bytes())
    assert isinstance(source, Source)
    return source


def test_places_are_falcos(captures: Path) -> None:
    compared = 0
    for name, verdict in _verdicts(captures).items():
        (wanted,) = verdict["json"]["falco_load_results"]
        (got,) = falco_json(load([_read(captures, name)]))["falco_load_results"]
        for kind in ("errors", "warnings"):
            for ours, theirs in zip(got[kind], wanted[kind], strict=True):
                kinds = [place["item_type"] for place in theirs["context"]["locations"]]
                assert [place["item_type"] for place in ours["context"]["locations"]] == kinds
                if _EXPRESSION not in kinds:
                    assert ours["context"] == theirs["context"], name
                    compared += 1
    assert compared > 80


def test_text_is_falcos(captures: Path) -> None:
    compared = 0
    for name, verdict in _verdicts(captures).items():
        if _EXPRESSION in verdict["text"]:
            continue
        wanted = verdict["text"].rstrip("\n")
        assert falco_text(load([_read(captures, name)])).rstrip("\n") == wanted
        compared += 1
    assert compared > 80


def test_several_files() -> None:
    result = load_texts("- list: l\n  items: [a]\n", "- list: m\n", "")
    assert falco_text(result) == (
        "1.yaml: Ok, with warnings\n"
        "2.yaml: Invalid\n"
        "1 Errors:\n"
        "In rules content: (2.yaml:0:0)\n"
        "    list 'm': (2.yaml:0:2)\n"
        "------\n- list: m\n  ^\n------\n"
        "LOAD_ERR_YAML_VALIDATE (Error validating internal structure of YAML file): Item has no"
        " mapping for key 'items'\n"
        "\n"
        "3.yaml: Ok, with warnings"
    )
    report = falco_json(result)
    assert [file["successful"] for file in report["falco_load_results"]] == [True, False, True]
    assert [file["name"] for file in report["falco_load_results"]] == ["1.yaml", "2.yaml", "3.yaml"]


def test_long_lines_are_cut() -> None:
    text = "- list: l\n  items: " + "x" * 300 + "\n"
    (error,) = falco_json(load_texts(text))["falco_load_results"][0]["errors"]
    line, caret, _ = error["context"]["snippet"].split("\n")
    assert line.startswith("  items: xxx")
    assert line.endswith("x...")
    assert caret == " " * 9 + "^"
    text = f"- {{list: l, x: {'y' * 300}, items: {'z' * 300}}}\n"
    (error,) = falco_json(load_texts(text))["falco_load_results"][0]["errors"]
    line, caret, _ = error["context"]["snippet"].split("\n")
    assert line.startswith("...yyy")
    assert line.endswith("zzz...")
    assert line[caret.index("^") :].startswith("zzz")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    result = load([read_source(tmp_path / "no.yaml")])
    (file,) = falco_json(result)["falco_load_results"]
    assert file["successful"] is False
    assert [error["code"] for error in file["errors"]] == ["LOAD_ERR_FILE_READ"]
    assert "no.yaml: Invalid" in falco_text(result)
