"""Configurations: what is read from files, variables and options, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanner.config import Config, Loaded, load_config
from lanner.config.durations import parse_duration_ms

if TYPE_CHECKING:
    from pathlib import Path


def loaded(tmp_path: Path, text: str, *options: str, **variables: str) -> Loaded:
    path = tmp_path / "lanner.yaml"
    path.write_text(text)
    return load_config(path, options, environment=variables)


def said(found: Loaded) -> list[str]:
    return [f"{one.code}: {one.message}" for one in found.diagnostics]


@pytest.mark.parametrize(
    ("text", "options", "key", "value"),
    [
        ("json_output: yes", [], "json_output", True),
        ("json_output: 'true'", [], "json_output", True),
        ("json_output: true", ["json_output=false"], "json_output", False),
        ("rules_files: a.yaml", [], "rules_files", ("a.yaml",)),
        (
            "rules_files: [a, b]",
            ["rules_files[]=c", "rules_files[0]=d"],
            "rules_files",
            ("d", "b", "c"),
        ),
        ("syscall_event_drops: {threshold: .5}", [], "syscall_event_drops.threshold", 0.5),
        ("webserver: {listen_port: 0x50}", [], "webserver.listen_port", 80),
        ("", ["http_output.headers.x\\.y=z"], "http_output.headers", {"x.y": "z"}),
        ("", ["static_fields={a: b}"], "static_fields", {"a": "b"}),
        ("priority: ${LEVEL}", [], "priority", "notice"),
        (
            "file_output: {filename: '$${LEVEL}/${LEVEL}/${'}",
            [],
            "file_output.filename",
            "${LEVEL}/notice/${",
        ),
        (
            "engine: {kind: replay}",
            ["engine.replay.capture_file=x"],
            "engine.replay.capture_file",
            "x",
        ),
    ],
)
def test_values(tmp_path: Path, text: str, options: list[str], key: str, value: Any) -> None:
    found = loaded(tmp_path, text, *options, LEVEL="notice")
    assert not said(found)
    place: Any = found.config
    for name in key.split("."):
        place = getattr(place, name)
    assert place == value


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("json_output: perhaps", [], "`json_output` is `true` or `false`, not `perhaps`"),
        ("json_output: [true]", [], "`json_output` is `true` or `false`, not a list"),
        ("webserver: 5", [], "`webserver` is a mapping, not `5`"),
        ("webserver: {listen_port: 70000}", [], "is from 0 to 65535, not 70000"),
        ("webserver: {listen_port: one}", [], "is a whole number, not `one`"),
        ("webserver: {listen_address: here}", [], "`here` is not an IP address"),
        ("engine: {kind: magic}", [], "is one of `kmod`, `modern_ebpf`, `nodriver`, `replay`"),
        ("engine: {kind: replay}", [], "`engine.replay.capture_file` is missing"),
        ("http_output: {enabled: true}", [], "`http_output.url` is missing"),
        ("priority: loud", [], "`loud` is not a priority"),
        ("store: {max_age: long}", [], "`long` is not a duration"),
        ("load_plugins: [x]", [], "`plugins` has no entry of that name"),
        ("plugins: [{name: x}]", [], "`library_path` is missing in `plugins[0]`"),
        ("plugins: [{name: x, library_path: l}]", [], "the plugin `x` cannot be loaded"),
        ("rules: [{disable: {rul: x}}]", [], "needs a `rule` or a `tag`"),
        ("rules_files: [a]\nrules_file: b", [], "`rules_file` is the old name"),
        ("redact: [{patterns: ['(']}]", [], "not a regular expression that Lanner takes: unclosed"),
        ("redact: [{patterns: ['(?<=a)b']}]", [], "look-behind, is not supported"),
        (r'store: {path: "a\0b"}', [], "`store.path` is text without NUL"),
        ("- a", [], "a configuration is a mapping"),
        ("a: [", [], "CONFIG_SYNTAX"),
        ("", ["json_output"], "not of the form key=value"),
        ("", ["a..b=1"], "does not name a key"),
        ("", ["rules_files[7]=x"], "leads nowhere"),
        ("", ["static_fields={a: [}"], "not valid YAML"),
        ("syscall_event_drops: {actions: [ignore, log]}", [], "does not go together"),
    ],
)
def test_errors(tmp_path: Path, text: str, options: list[str], message: str) -> None:
    found = loaded(tmp_path, text, *options)
    assert not found.ok
    assert any(message in one for one in said(found)), said(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jsn_output: true", "`jsn_output` is not a key"),
        ("webserver: {listen_prot: 1}", "`webserver.listen_prot` is not a key"),
        ("json_output: true\njson_output: false", "there already"),
        ("output_timeout: 5", "`output_timeout` has no effect in Lanner"),
        ("priority: ${NOWHERE}", "`NOWHERE` is not set"),
        ("redact: [{fields: [proc.evn]}]", "no field is named `proc.evn`"),
        ("aggregate: {by: [proc.name, contaner.id]}", "no field is named `contaner.id`"),
    ],
)
def test_warnings(tmp_path: Path, text: str, message: str) -> None:
    found = loaded(tmp_path, text)
    assert found.ok
    assert any(message in one for one in said(found)), said(found)


def test_fields_that_are_known(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "redact: [{fields: ['proc.env[TOKEN]', ka.verb, mine]}]\n"
        "append_output: [{extra_fields: [proc.pid, {mine: '%proc.name'}]}]",
    )
    assert not found.diagnostics


def test_unknown_keys_have_suggestions(tmp_path: Path) -> None:
    [found] = loaded(tmp_path, "file_ouput: {}").diagnostics
    assert found.help == "did you mean `file_output`?"


@pytest.mark.parametrize(
    ("strategy", "files", "priority"),
    [
        ("", ("a", "b"), "error"),
        ("append", ("a", "b"), "error"),
        ("override", ("b",), "error"),
        ("add-only", ("a",), "notice"),
    ],
)
def test_includes(tmp_path: Path, strategy: str, files: tuple[str, ...], priority: str) -> None:
    folder = tmp_path / "config.d"
    folder.mkdir()
    (folder / "10.yaml").write_text("rules_files: [b]\npriority: error\njson_output: true\n")
    include = f"{{path: {folder}, strategy: {strategy}}}" if strategy else str(folder)
    found = loaded(
        tmp_path, f"config_files: [{include}, /nowhere]\nrules_files: [a]\npriority: notice\n"
    )
    assert not said(found)
    assert found.config.rules_files == files
    assert found.config.priority == priority
    assert found.config.json_output
    assert [path.name for path in found.files] == ["lanner.yaml", "10.yaml"]


def test_includes_do_not_include(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("config_files: [x]\n")
    found = loaded(tmp_path, f"config_files: {tmp_path / 'more.yaml'}\n")
    assert any("not allowed in a file that is included" in one for one in said(found))
    found = loaded(tmp_path, f"config_files: {tmp_path / 'lanner.yaml'}\n")
    assert any("includes its own file" in one for one in said(found))


@pytest.mark.parametrize(
    ("text", "ms"),
    [("1h", 3_600_000), ("1m30s", 90_000), ("5000", 5_000), ("2m5ms", 120_005), ("30d", 2_592_000_000),
     ("1h5", None), ("", None), ("s", None), ("5s1h", None)],
)  # fmt: skip
def test_durations(text: str, ms: int | None) -> None:
    assert parse_duration_ms(text) == ms


@given(st.text(max_size=60), st.text(max_size=60))
def test_options_of_any_text_are_answered(key: str, value: str) -> None:
    found = load_config(None, [f"{key}={value}"], environment={})
    assert isinstance(found.config, Config)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Falco's own tests (`test_configuration_env_vars.cpp`)
        ("$LEVEL", "$LEVEL"),
        ("$$LEVEL", "$$LEVEL"),
        ("$${LEVEL}$${LEVEL}", "${LEVEL}${LEVEL}"),
        ("$${LEVEL}${LEVEL}", "${LEVEL}notice"),
        ("$${${LEVEL}}", "${notice}"),
        ("${OTHER}/x", "notice/x"),
        # what a lone dollar begins stands for itself
        ("^x$ ${LEVEL}", "^x$ ${LEVEL}"),
        ("${SECRET}/${LEVEL}", "pa$s/${LEVEL}"),
        ("${LEVEL", "${LEVEL"),
    ],
)
def test_variables(tmp_path: Path, text: str, value: str) -> None:
    variables = {"LEVEL": "notice", "OTHER": "${LEVEL}", "SECRET": "pa$s"}
    found = loaded(tmp_path, f"http_output: {{user_agent: '{text}'}}", **variables)
    assert found.config.http_output.user_agent == value


def test_variables_that_name_each_other(tmp_path: Path) -> None:
    found = loaded(tmp_path, "http_output: {user_agent: '${A}'}", A="${B}", B="${A}")
    assert not found.ok
    assert "with its variables replaced" in said(found)[0]


def test_variables_that_make_a_value_too_long(tmp_path: Path) -> None:
    text = "json_output: true\nhttp_output: {url: '" + "${A}" * 11 + "'}\n"
    found = loaded(tmp_path, text, A="x" * 100_000)
    assert said(found) == [
        "CONFIG_VALUE: with its variables replaced, this is longer than 1,048,576 characters"
    ]
    assert loaded(tmp_path, text, A="x" * 90_000).ok
