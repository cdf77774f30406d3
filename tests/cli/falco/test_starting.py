"""What `lanner-falco` says and refuses while it starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.falco.test_command import config, falco, replay

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["config"]

RULE = "- {rule: Opened, desc: d, condition: evt.type=open, output: o, priority: INFO, tags: [t]}\n"
PLUGIN_RULE = (
    "- required_plugin_versions: [{name: cloudtrail, version: 0.6.0}]\n"
    "- {rule: c, desc: d, condition: ct.name=x, output: o, priority: INFO, source: aws_cloudtrail}\n"
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULE)
    return path


def said(text: str) -> list[str]:
    """Lines of a log without their times."""
    return [line.split(": ", 1)[-1] for line in text.splitlines()]


def test_the_lines_of_a_start(captures: Path, config: Path, rules: Path) -> None:
    words = replay(captures, config, rules, "-o", "rules[].disable.tag=x", name="cat_write")
    done = falco(*words)
    lines = said(done.stderr)
    expected = [
        "Falco initialized with configuration files:",
        f"   {config} | schema validation: ok",
        "Loading rules from:",
        f"   {rules} | schema validation: ok",
        "Disabling rules with tag: x",
        f"Replaying events from the capture file: {captures}/scap/cat_write.scap",
    ]
    assert lines[0].startswith("Falco version: 0.44.1 (")
    assert [line for line in lines if line in expected] == expected


def test_warnings_are_logged(config: Path, rules: Path) -> None:
    rules.write_text(RULE + "- macro: unused\n  condition: evt.type=close\n")
    for words in (("-V", rules), ("-r", rules, "--dry-run")):
        done = falco("-c", config, *words)
        assert done.returncode == 0
        assert "LOAD_UNUSED_MACRO" in done.stderr
        assert "LOAD_UNUSED_MACRO" not in done.stdout


def test_invalid_rules_are_told_in_the_words_of_falco(config: Path, rules: Path) -> None:
    rules.write_text(RULE.replace("evt.type", "evt.typex"))
    done = falco("-c", config, "-r", rules)
    assert done.returncode == 1
    assert f"Error: {rules}: Invalid\n1 Errors:\nIn rules content" in done.stderr
    assert "LOAD_ERR_COMPILE_CONDITION (Error compiling condition)" in done.stderr


def test_nothing_runs_without_an_output(captures: Path, config: Path, rules: Path) -> None:
    off = ("-o", "stdout_output.enabled=false")
    for words in (replay(captures, config, rules), ("-c", config, "-r", rules, "--dry-run")):
        done = falco(*words, *off)
        assert done.returncode == 1
        assert "Error: No output configured" in done.stderr


@pytest.mark.parametrize("words", [("-V", "{}"), ("-r", "{}", "--dry-run"), ("-L", "-r", "{}")])
def test_plugins_that_rules_require(config: Path, rules: Path, words: tuple[str, ...]) -> None:
    rules.write_text(PLUGIN_RULE)
    done = falco("-c", config, *(word.format(rules) for word in words))
    assert done.returncode == 1
    assert (
        "Error: Plugin requirement not satisfied, must load one of: cloudtrail (>= 0.6.0)\n"
        in done.stderr
    )


def test_a_plugin_that_is_not_served_is_refused(config: Path, rules: Path) -> None:
    with config.open("a") as file:
        file.write("plugins: [{name: cloudtrail, library_path: libcloudtrail.so}]\n")
    done = falco("-c", config, "-r", rules, "--dry-run")
    assert done.returncode == 1
    assert "the plugin `cloudtrail` cannot be loaded" in done.stderr
    # as the file that ships with Falco has it
    with config.open("a") as file:
        file.write("load_plugins: []\n")
    assert falco("-c", config, "-r", rules, "--dry-run").returncode == 0


def test_k8smeta_is_accepted_and_its_fields_are_said_to_have_no_values(
    config: Path, rules: Path
) -> None:
    """Falco's chart loads it where its collector is asked for."""
    with config.open("a") as file:
        file.write("plugins: [{name: k8smeta, library_path: libk8smeta.so}]\n")
    rules.write_text("- required_plugin_versions: [{name: k8smeta, version: 0.4.0}]\n" + RULE)
    done = falco("-c", config, "-r", rules, "--dry-run")
    assert done.returncode == 0
    assert "fields of `k8smeta` have no values in Lanner" in done.stderr


def test_a_capture_is_all_that_a_replay_reads(captures: Path, config: Path, rules: Path) -> None:
    """Sources on the command line mean nothing then, and no webhook is opened."""
    with config.open("a") as file:
        plugin = "{name: k8saudit, library_path: libk8saudit.so, open_params: 'http://:0/'}"
        file.write(f"plugins: [{plugin}]\n")
    done = falco(*replay(captures, config, rules, "--disable-source", "syscall", name="cat_write"))
    assert done.returncode == 0, done.stderr
    assert "Events detected: 4\n" in done.stdout


def test_what_tutorials_type(config: Path, rules: Path) -> None:
    done = falco("-c", config, "-V", "-r", rules)
    assert (done.returncode, done.stdout) == (0, f"{rules}: Ok\n")
    assert falco("-c", config, "-V").stderr == "Error: Option -V is missing an argument\n"
    # a local file uses macros of what the configuration names
    local = rules.with_name("falco_rules.local.yaml")
    using = RULE.replace("evt.type", "of_all and evt.type")
    rules.write_text("- {macro: of_all, condition: evt.num > 0}\n" + using)
    local.write_text(using.replace("Opened", "Local"))
    with config.open("a") as file:
        file.write(f"rules_files: [{rules}, {local}, /not/there.yaml]\n")
    done = falco("-c", config, "-V", "-r", local)
    assert (done.returncode, done.stdout) == (0, f"{rules}: Ok\n{local}: Ok\n")
    assert falco("-c", config, "-V", local).returncode == 1
    # words that are no options mean nothing to Falco
    assert falco("-c", config, "-V", rules, "stray").stdout == f"{rules}: Ok\n"


def test_validation_describes_rules(config: Path, rules: Path) -> None:
    shown = falco("-c", config, "-L", "-V", rules).stdout
    assert shown.startswith(f"{rules}: Ok\n\nRule ")
    assert "\nOpened " in shown
    found = json.loads(falco("-c", config, "-L", "-V", rules, "-o", "json_output=true").stdout)
    assert found["falco_describe_results"]["rules"][0]["info"]["name"] == "Opened"


def test_support_has_the_shape_of_falco_and_no_secrets(config: Path, rules: Path) -> None:
    secret = (
        *("-o", "http_output.headers={authorization: hidden}"),
        "-ohttp_output.url=https://user:hidden@localhost/",
        "--option=static_fields={key: hidden}",
    )
    with config.open("a") as file:
        file.write("plugins: [{name: json, library_path: libjson.so}]\n")
    done = falco("-c", config, "-r", rules, "--support", *secret)
    found = json.loads(done.stdout)
    assert found["rules_files"] == [{"name": str(rules), "variants": [{"content": RULE}]}]
    assert found["engine_info"]["engine_version_semver"] == "0.62.0"
    assert found["engine_info"]["plugin_versions"] == {"json": "0.7.4"}
    shown = json.loads(found["config"])
    assert shown["syslog_output"]["ident"] == "falco", "what filters of system logs look for"
    assert shown["stdout_output"]["enabled"] is True
    assert shown["http_output"]["headers"] == "<not shown>"
    assert "-o http_output.headers=<not shown>" in found["cmdline"]
    assert "hidden" not in found["cmdline"]


def test_without_a_configuration() -> None:
    done = falco("--list", "-c", "/nowhere/falco.yaml")
    assert done.stderr == "Error: Could not find configuration file at /nowhere/falco.yaml\n"


@pytest.mark.parametrize(
    "init_config",
    ["{sslCertificate: /nowhere/x.pem}", '\'{"sslCertificate": "/nowhere/x.pem"}\''],
)
def test_a_webhook_that_cannot_open_ends_the_process(
    config: Path, rules: Path, init_config: str
) -> None:
    """It must not hang; its settings are a mapping, or JSON as text."""
    plugin = f"name: k8saudit, library_path: libk8saudit.so, init_config: {init_config}"
    with config.open("a") as file:
        file.write(f"plugins: [{{{plugin}, open_params: 'https://127.0.0.1:0/k8s-audit'}}]\n")
    done = falco("-c", config, "-r", rules, "-o", "engine.kind=nodriver")
    assert done.returncode == 1
    assert "Error: audit: /nowhere/x.pem: No such file or directory\n" in done.stderr


def test_init_config_that_is_no_json(config: Path, rules: Path) -> None:
    plugin = "{name: k8saudit, library_path: l, init_config: '{x', open_params: 'https://:0/'}"
    with config.open("a") as file:
        file.write(f"plugins: [{plugin}]\n")
    done = falco("-c", config, "-r", rules, "-o", "engine.kind=nodriver")
    assert done.returncode == 1
    assert "k8saudit: init_config is not JSON" in done.stderr


def test_switches_have_values_as_in_falco(config: Path, rules: Path) -> None:
    usual = ("-c", config, "-r", rules)
    for words in (("--dry-run=true",), ("-U=1", "--dry-run"), ("-L=false", "--dry-run=T")):
        done = falco(*usual, *words)
        assert (done.returncode, done.stdout) == (0, "")
    assert falco(*usual, "--version=true").stdout.startswith("Falco version:")
    done = falco(*usual, "--dry-run=yes")
    assert (done.returncode, done.stderr) == (1, "Error: Argument 'yes' failed to parse\n")
    # the value of another option is none
    assert falco(*usual, "-p", "%evt.num --version=false", "--dry-run").returncode == 0
