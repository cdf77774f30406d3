"""The default rules have Falco's names, and local files written for Falco's rules load on them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml

import lanner
from lanner.plan.build import build
from lanner.plan.model import FieldNode
from lanner.rules.defaults import default_rules
from tests.rules.default_syscall_rules.disagreements import UPSTREAM
from tests.rules.default_syscall_rules.support import CASES, fired, load

if TYPE_CHECKING:
    from pathlib import Path

    from lanner.rules.model import LoadResult

WORD = re.compile(r"[A-Za-z]\w+")


def upstream(captures: Path) -> LoadResult:
    return lanner.load_rules(*(captures / f"rules/{name}.yaml" for name in UPSTREAM)).result


def names_in_use(captures: Path) -> set[str]:
    """Macros and lists that those of Falco's rules use that we have, directly or not."""
    rules = {rule.name for rule in load().result.rules}
    definitions: dict[str, str] = {}
    texts = []
    for name in UPSTREAM:
        for item in yaml.safe_load((captures / f"rules/{name}.yaml").read_text()):
            kind = "macro" if "macro" in item else "list" if "list" in item else None
            if kind:
                text = item.get("condition") or " ".join(map(str, item["items"]))
                definitions.setdefault(item[kind], text)
            elif item.get("rule") in rules:
                texts.append(item["condition"])
    found: set[str] = set()
    while texts:
        new = set(WORD.findall(texts.pop())) & set(definitions) - found
        found |= new
        texts += [definitions[name] for name in new]
    return found


def test_no_warnings_with_the_audit_rules() -> None:
    ruleset = lanner.load_rules(*default_rules())
    assert ruleset.ok
    assert not ruleset.diagnostics
    assert len({rule.name for rule in ruleset.result.rules if rule.source == "syscall"}) == 67


def test_rules_say_what_they_are() -> None:
    for rule in load().result.rules:
        assert {"host", "container"} & set(rule.tags), rule.name
        assert any(tag.startswith("mitre_") for tag in rule.tags), rule.name
        assert any(re.fullmatch(r"T\d{4}(\.\d{3})?", tag) for tag in rule.tags), rule.name
        assert sum(tag.startswith("maturity_") for tag in rule.tags) == 1, rule.name


def test_priorities_and_switches_are_those_of_falco(captures: Path) -> None:
    theirs = {rule.name: rule for rule in upstream(captures).rules}
    for rule in load().result.rules:
        falco = theirs[rule.name]
        assert (rule.priority, rule.enabled) == (falco.priority, falco.enabled), rule.name
        maturity = {tag for tag in falco.tags if tag.startswith("maturity_")}
        assert maturity <= set(rule.tags), rule.name


def test_all_rules_of_the_first_two_files_are_there(captures: Path) -> None:
    theirs = lanner.load_rules(*(captures / f"rules/{name}.yaml" for name in UPSTREAM[:2]))
    assert {rule.name for rule in theirs.result.rules} <= {r.name for r in load().result.rules}


def test_names_are_kept(captures: Path) -> None:
    result = load().result
    ours = {macro.name for macro in result.macros} | {each.name for each in result.lists}
    assert names_in_use(captures) <= ours


def test_what_is_appended_to_a_rule_holds_for_all_of_it() -> None:
    # a condition that ends with `or …` would take it for its last part only
    append = "".join(
        f"- rule: {name}\n  condition: and never_true\n  override: {{condition: append}}\n"
        for name in CASES
    )
    for name, table in CASES.items():
        local = append + table.get("local", "")
        for case in table["fires"]:
            assert name not in fired(case, local), name


@pytest.mark.parametrize(
    "how",
    [
        "append: true",
        "override: {KEY: append}",
        "override: {KEY: replace}",
        "",
    ],
    ids=["append", "override append", "override replace", "define again"],
)
def test_every_list_and_macro_can_be_changed(how: str) -> None:
    result = load().result
    # lists of addresses and numbers do not take just any word
    lists = "".join(
        f"- list: {item.name}\n  items: {json.dumps([*item.items[:1]] or ['x'])}\n"
        f"  {how.replace('KEY', 'items')}\n"
        for item in result.lists
    )
    condition = "and evt.num > 0" if "append" in how else "(evt.num > 0)"
    macros = "".join(
        f"- macro: {item.name}\n  condition: {condition}\n  {how.replace('KEY', 'condition')}\n"
        for item in result.macros
    )
    found = load(lists + macros)
    assert found.ok, [one.message for one in found.diagnostics][:3]


def test_every_rule_can_be_appended_to() -> None:
    exceptions = "exceptions: [{name: mine, fields: [proc.name], comps: [in], values: [[[a, b]]]}]"
    rules = "".join(
        f"- rule: {name}\n  condition: and not proc.name = mine\n  tags: [mine]\n  {exceptions}\n"
        "  override: {condition: append, tags: append, exceptions: append}\n"
        for name in CASES
    )
    found = load(rules)
    assert found.ok, [one.message for one in found.diagnostics][:3]
    assert not found.diagnostics


LOCAL = """
- macro: user_known_write_below_etc_activities
  condition: (proc.name = mycfgd and fd.name startswith /etc/my/)
- macro: user_known_package_manager_in_container
  condition: (container.image.repository = docker.io/library/builder)
- list: user_known_change_thread_namespace_binaries
  items: [mycni]
  append: true
- list: falco_privileged_images
  items: [registry.example.org/agent]
  override: {items: append}
- macro: nginx_writing_conf
  condition: or (proc.name = mynginx and fd.name startswith /etc/nginx/)
  append: true
- list: ms_oms_binaries
  items: [myagent]
  append: true
- macro: never_true
  condition: (evt.num = 0)
- rule: Launch Suspicious Network Tool on Host
  enabled: false
  override: {enabled: replace}
- rule: Unexpected Shell Of Ours
  desc: a rule of the user that uses Falco's macros
  condition: >
    spawned_process and container and shell_procs and proc.tty != 0 and container_entrypoint
    and not user_expected_terminal_shell_in_container_conditions
  output: shell (user=%user.name %container.info)
  priority: NOTICE
- rule: Written By Somebody
  desc: the same for files
  condition: (open_write or open_read or rename or remove) and etc_dir and not package_mgmt_procs
  output: file=%fd.name
  priority: INFO
"""


def test_a_local_file_takes_effect() -> None:
    ruleset = load(LOCAL)
    assert ruleset.ok
    assert "Launch Suspicious Network Tool on Host" not in {rule.name for rule in ruleset.rules}
    write = {"base": "write", "fd.name": "/etc/my/x", "proc.name": "mycfgd"}
    assert "Write below etc" in fired(write)
    assert fired(write, LOCAL) == {"Written By Somebody"}
    for known in ({"proc.name": "mynginx", "fd.name": "/etc/nginx/x"}, {"proc.name": "myagent"}):
        other = write | known
        assert "Write below etc" in fired(other)
        assert fired(other, LOCAL) == {"Written By Somebody"}
    setns = {"base": "any", "evt.type": "setns", "proc.name": "mycni"}
    assert "Change thread namespace" in fired(setns)
    assert not fired(setns, LOCAL)
    shell = {
        "base": "exec",
        "with": "in_container",
        "proc.name": "bash",
        "proc.tty": 5,
        "proc.pname": "runc",
    }
    assert fired(shell, LOCAL) == {"Terminal shell in container", "Unexpected Shell Of Ours"}


def test_names_of_processes_are_as_the_kernel_cuts_them() -> None:
    plan = build(load().result.rules, "syscall", use_dispatch=False)
    for predicate in plan.predicates:
        field = plan.operands[predicate.left]
        if isinstance(field, FieldNode) and field.name in ("proc.name", "proc.pname", "proc.aname"):
            names = [scalar.s or "" for scalar in predicate.values]
            assert not [name for name in names if len(name) > 15], predicate.operator
