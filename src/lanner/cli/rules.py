"""`lanner rules`: list rules, or show one with everything expanded."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lanner.cli import common, syscalls, tables
from lanner.diagnostics.suggest import did_you_mean
from lanner.outputs import PRIORITIES
from lanner.plan.build import build
from lanner.plan.encode import encode
from lanner.plan.listing import explain_plan
from lanner.plan.syscalls import interest
from lanner.rules.model import SOURCES
from lanner.rules.passes.resolve_macros import macro_uses
from lanner.rules.unparse import unparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lanner.api import Ruleset
    from lanner.plan.syscalls import BaseSyscalls
    from lanner.rules.model import CheckedRule


def rules(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show this rule in full.")
    ] = None,
    rule_files: common.RulesOption = None,
    local: common.LocalOption = None,
    tag: common.TagOption = None,
    source: Annotated[
        str | None, typer.Option("-s", "--source", help="Only rules of this event source.")
    ] = None,
    priority: common.PriorityOption = "debug",
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    calls: Annotated[
        bool,
        typer.Option(
            "--syscalls", help="Show the system calls that `lanner run` watches, and why."
        ),
    ] = False,
    base: syscalls.BaseOption = None,
    repair: syscalls.RepairOption = False,
    all_syscalls: syscalls.AllOption = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what the engine runs: shared and ordered checks.")
    ] = False,
) -> None:
    """List the rules that are loaded, or show one: its condition as written and with all
    macros, lists and exceptions expanded, its output, and the macros it uses.

    --syscalls shows the system calls that these rules need, and those that change what is known of
    processes and descriptors; --base-syscalls and --repair change that as Falco's configuration
    does.

    --plan shows the rules as the engine runs them: equal checks once, cheap ones first, and
    what is decided by a look-up before any rule is tried.

    Exit code: 0; 1 when rules are invalid or no rule has the name; 2 usage.

    Example: lanner rules "Create Privileged Pod"
    """
    if not calls and (base or repair or all_syscalls):
        common.usage_error("--base-syscalls, --repair and -A change what --syscalls shows")
    ruleset = common.load_or_exit(rule_files, local)
    if name is not None and not plan and not calls:
        _show(_find(ruleset, name), json_output=json_output)
        return
    everything = [rule for rule in ruleset.result.rules if not source or rule.source == source]
    try:
        chosen = ruleset.select(priority=priority, tags=tag or ())
    except ValueError as error:
        common.usage_error(str(error))
    if calls:
        base_syscalls = syscalls.base_syscalls(base, repair=repair, everything=all_syscalls)
        if name is not None:
            chosen = replace(chosen, rules=(_find(ruleset, name),))
        _calls(chosen, base_syscalls, json_output=json_output, markdown=markdown)
        return
    if plan:
        _plans(
            chosen.rules if name is None else [_find(ruleset, name)],
            source,
            json_output=json_output,
        )
        return
    enabled = {rule.name for rule in chosen.rules}
    rows = [
        rule
        for rule in everything
        if rule.name in enabled or (not rule.enabled and _fits(rule, ruleset, priority, tag))
    ]
    if json_output:
        print(json.dumps([_json(rule) for rule in rows], indent=2))  # noqa: T201
        return
    tables.write(
        ("Rule", "Priority", "Source", "Enabled", "Tags"),
        [
            (
                rule.name,
                PRIORITIES[rule.priority],
                rule.source,
                "yes" if rule.enabled else "no",
                ", ".join(rule.tags),
            )
            for rule in rows
        ],
        markdown=markdown,
    )


def _fits(rule: CheckedRule, ruleset: Ruleset, priority: str, tags: list[str] | None) -> bool:
    alone = replace(ruleset, rules=(rule,))
    return bool(alone.select(priority=priority, tags=tags or ()).rules)


def _json(rule: CheckedRule) -> dict[str, Any]:
    position = rule.span.source.position(rule.span.start)
    return {
        "name": rule.name,
        "source": rule.source,
        "priority": PRIORITIES[rule.priority],
        "enabled": rule.enabled,
        "desc": rule.desc.strip(),
        "tags": list(rule.tags),
        "output": rule.output_text,
        "condition": " ".join(rule.condition_text.split()),
        "expanded_condition": unparse(rule.syntax, repeats=False),
        "macros": sorted(macro_uses(rule.syntax)),
        "fields": [name for name, _ in rule.output.fields],
        "file": rule.span.source.name,
        "line": position.line,
    }


def _calls(chosen: Ruleset, base: BaseSyscalls, *, json_output: bool, markdown: bool) -> None:
    found = interest(chosen.rules, base)
    if json_output:
        print(json.dumps(syscalls.as_json(found), indent=2))  # noqa: T201
    else:
        syscalls.write_table(found, markdown=markdown)
    for complaint in found.complaints():
        common.complain(complaint)


def _plans(rules: Sequence[CheckedRule], source: str | None, *, json_output: bool) -> None:
    for one in SOURCES if source is None else (source,):
        chosen = [rule for rule in rules if rule.source == one]
        if chosen:
            plan = build(chosen, one)
            print(encode(plan).decode() if json_output else explain_plan(plan))  # noqa: T201


def _find(ruleset: Ruleset, name: str) -> CheckedRule:
    found = next((rule for rule in ruleset.result.rules if rule.name == name), None)
    if found is None:
        known = [rule.name for rule in ruleset.result.rules]
        folded = [rule for rule in ruleset.result.rules if rule.name.lower() == name.lower()]
        if not folded:
            near = did_you_mean(name, known)
            common.complain(f"no rule is named `{name}`" + (f"; {near}" if near else ""))
            raise typer.Exit(1)
        found = folded[0]
    return found


def _show(rule: CheckedRule, *, json_output: bool) -> None:
    data = _json(rule)
    if json_output:
        print(json.dumps(data, indent=2))  # noqa: T201
        return
    lines = [
        f"{data['name']}  ({data['priority']}, {data['source']}"
        + ("" if data["enabled"] else ", disabled")
        + ")",
        f"  {data['file']}:{data['line']}",
        "",
        f"  {' '.join(data['desc'].split())}",
        "",
        f"condition: {data['condition']}",
        f"expanded:  {data['expanded_condition']}",
        f"output:    {data['output']}",
        f"macros:    {', '.join(data['macros']) or '-'}",
        f"tags:      {', '.join(data['tags']) or '-'}",
    ]
    print("\n".join(lines))  # noqa: T201
