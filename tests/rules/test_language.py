"""Lists, macros, appends, overrides, exceptions: what the collected rules mean."""

from __future__ import annotations

import pytest

from lanner.rules.unparse import unparse
from tests.rules.helpers import codes, load_texts, only_rule

BASE = """\
- list: verbs
  items: [get, list]
- macro: reads
  condition: ka.verb in (verbs)
- rule: r
  desc: first
  condition: reads
  output: "by %ka.user.name"
  priority: NOTICE
  source: k8s_audit
  tags: [a]
"""


def _condition(*texts: str) -> str:
    return unparse(only_rule(load_texts(*texts)).syntax)


def test_lists_and_macros_are_replaced() -> None:
    assert _condition(BASE) == "ka.verb in (get, list)"


def test_list_append_reaches_a_condition_before_it() -> None:
    text = "- list: verbs\n  items: [watch]\n  append: true\n"
    assert _condition(BASE, text) == "ka.verb in (get, list, watch)"
    text = "- list: verbs\n  items: [watch]\n  override:\n    items: append\n"
    assert _condition(BASE, text) == "ka.verb in (get, list, watch)"
    assert _condition(BASE, "- list: verbs\n  items: [watch]\n") == "ka.verb in (watch)"
    assert _condition(BASE, "- list: verbs\n  items: []\n") == "ka.verb in ()"


def test_items_with_blanks_are_quoted() -> None:
    text = '- list: verbs\n  items: ["a b", c]\n'
    assert _condition(BASE, text) == 'ka.verb in ("a b", c)'


def test_macro_append_and_redefinition() -> None:
    text = "- macro: reads\n  condition: or ka.verb = watch\n  override:\n    condition: append\n"
    assert _condition(BASE, text) == "ka.verb in (get, list) or ka.verb = watch"
    assert _condition(BASE, "- macro: reads\n  condition: ka.verb = x\n") == "ka.verb = x"


def test_rule_override() -> None:
    text = """\
- rule: r
  condition: and ka.stage = ResponseComplete
  priority: ERROR
  tags: [b]
  output: "at %ka.uri"
  override:
    condition: append
    priority: replace
    tags: append
    output: append
"""
    rule = only_rule(load_texts(BASE, text))
    assert unparse(rule.syntax) == "ka.verb in (get, list) and ka.stage = ResponseComplete"
    assert rule.priority == 3
    assert rule.tags == ("a", "b")
    assert rule.output_text == "by %ka.user.name at %ka.uri"


def test_what_is_said_twice_may_be_left_out() -> None:
    never = "(evt.num = 0 or evt.num = 0)"
    condition = f"proc.name = a and not ({never} or (fd.num = 1 and fd.num = 1)) and not {never}"
    text = f"- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n"
    assert unparse(only_rule(load_texts(text)).syntax, repeats=False) == (
        "proc.name = a and not (evt.num = 0 or fd.num = 1) and not evt.num = 0"
    )


def test_enabled() -> None:
    assert not only_rule(load_texts(BASE, "- rule: r\n  enabled: false\n")).enabled
    text = "- rule: r\n  enabled: false\n  override:\n    enabled: replace\n"
    assert not only_rule(load_texts(BASE, text)).enabled


def test_a_redefinition_keeps_its_place() -> None:
    second = BASE.replace("rule: r", "rule: s").replace("list: verbs", "list: v2")
    again = BASE.replace("priority: NOTICE", "priority: ERROR")
    names = [rule.name for rule in load_texts(BASE, second, again).rules]
    assert names == ["r", "s"]


@pytest.mark.parametrize(
    ("exceptions", "expected"),
    [
        (
            "[{name: e, fields: [ka.user.name], values: [[admin], [root]]}]",
            "(ka.verb in (get, list)) and not (ka.user.name = admin or ka.user.name = root)",
        ),
        (
            "[{name: e, fields: ka.user.name, values: [admin, root]}]",
            "ka.verb in (get, list) and not ka.user.name in (admin, root)",
        ),
        (
            (
                "[{name: e, fields: [ka.user.name, ka.uri], comps: [in, startswith],"
                " values: [[[a, b], /x]]}]"
            ),
            "ka.verb in (get, list) and not (ka.user.name in (a, b) and ka.uri startswith /x)",
        ),
        ("[{name: e, fields: [ka.user.name]}]", "ka.verb in (get, list)"),
    ],
)
def test_exceptions(exceptions: str, expected: str) -> None:
    got = _condition(BASE + f"  exceptions: {exceptions}\n")
    assert got.replace("(ka.verb in (get, list)) and", "ka.verb in (get, list) and") == (
        expected.replace("(ka.verb in (get, list)) and", "ka.verb in (get, list) and")
    )


def test_exception_append() -> None:
    first = BASE + "  exceptions: [{name: e, fields: ka.user.name, values: [admin]}]\n"
    text = """\
- rule: r
  exceptions: [{name: e, values: [root]}]
  override:
    exceptions: append
"""
    assert _condition(first, text) == "ka.verb in (get, list) and not ka.user.name in (admin, root)"


def test_span_through_macro_list_and_file() -> None:
    result = load_texts(
        BASE, "- list: verbs\n  items: [evt.source]\n  override:\n    items: append\n"
    )
    (warning,) = result.files[1].diagnostics
    assert warning.code == "LOAD_COMPILE_CONDITION"
    assert warning.span is not None
    assert warning.span.source.name == "2.yaml"
    assert warning.span.text == "evt.source"
    assert [(step.kind, step.name) for step in warning.span.expansions()] == [
        ("list", "verbs"),
        ("macro", "reads"),
    ]


def test_unknown_source_and_unknown_field() -> None:
    text = BASE.replace("source: k8s_audit", "source: okta")
    result = load_texts(text)
    assert result.ok
    assert "LOAD_UNKNOWN_SOURCE" in codes(result)
    assert not result.rules
    text = (
        BASE.replace("condition: reads", "condition: ka.nosuch = 1")
        + "  skip-if-unknown-filter: true\n"
    )
    result = load_texts(text)
    assert result.ok
    assert "LOAD_UNKNOWN_FILTER" in codes(result)
    assert not result.rules


def test_tutorial_rules_load_as_typed() -> None:
    """The rule, list, macro and local file of the tutorial that this project started from."""
    text = """\
- macro: spawned_process
  condition: evt.type in (execve, execveat)
- macro: container
  condition: container.id != host
- macro: container_entrypoint
  condition: (not proc.pname exists or proc.pname in (runc, containerd-shim))
- macro: open_write
  condition: evt.type in (open, openat, openat2) and evt.is_open_write = true
- list: shell_binaries
  items: [bash, sh, zsh, ksh, csh, ash, dash]
- macro: shell_procs
  condition: proc.name in (shell_binaries)
- rule: Terminal shell in container
  desc: A shell was used as the entrypoint/exec target in a container
  condition: >
    spawned_process and container
    and shell_procs and proc.tty != 0
    and container_entrypoint
  output: >
    A shell was spawned in a container
    (user=%user.name container_id=%container.id
    container_name=%container.name shell=%proc.name
    parent=%proc.pname cmdline=%proc.cmdline)
  priority: NOTICE
  tags: [container, shell, mitre_execution]
"""
    local = """\
# /etc/falco/falco_rules.local.yaml
- rule: Write to app config dir
  desc: Detect any write attempt under /app/config
  condition: >
    open_write and container
    and fd.name startswith /app/config
  output: >
    Write under /app/config detected
    (user=%user.name file=%fd.name
    container=%container.name command=%proc.cmdline)
  priority: WARNING
  tags: [filesystem, custom]
"""
    result = load_texts(text, local)
    assert result.ok
    assert [rule.name for rule in result.rules] == [
        "Terminal shell in container",
        "Write to app config dir",
    ]
    assert not result.files[1].diagnostics
