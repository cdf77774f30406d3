"""Makes rule files of any size: realistic rules per namespace, team, user and resource.

`python -m bench.generate_rules 952 > more.yaml` gives 952 rules that go with the audit rules.
"""

from __future__ import annotations

import random
import sys

RESOURCES = (
    "pods",
    "secrets",
    "configmaps",
    "deployments",
    "services",
    "serviceaccounts",
    "roles",
    "rolebindings",
    "jobs",
    "cronjobs",
    "ingresses",
    "daemonsets",
)
VERBS = ("get", "list", "create", "update", "patch", "delete", "deletecollection", "watch")
TEAMS = ("payments", "search", "web", "data", "ml", "infra", "mobile", "billing", "growth", "core")


def rules(count: int, seed: int = 1) -> str:
    """The text of a rule file with `count` rules, and the lists and macros that they use."""
    rng = random.Random(seed)
    parts = ["- macro: bench_done\n  condition: (ka.stage = ResponseComplete)\n"]
    for index, team in enumerate(TEAMS):
        names = ", ".join(f"{team}-{n}" for n in range(12))
        parts.append(f"- list: {team}_namespaces\n  items: [{names}]\n")
        parts.append(
            f"- macro: in_{team}\n  condition: (ka.target.namespace in ({team}_namespaces))\n"
        )
        members = ", ".join(f"{team}-user-{n}" for n in range(8 + index))
        parts.append(f"- list: {team}_members\n  items: [{members}]\n")
    for index in range(count):
        team, resource = rng.choice(TEAMS), rng.choice(RESOURCES)
        verb, other = rng.sample(VERBS, 2)
        extra = rng.choice(
            (
                f"not ka.user.name in ({team}_members)",
                f"ka.user.name startswith system:serviceaccount:{team}",
                f'ka.useragent contains "{rng.choice(("curl", "python", "kubectl"))}/{index}"',
                f"ka.target.name startswith {team}-{index}",
                "ka.response.code startswith 4",
                f'ka.uri contains "limit={index}"',
                f"jevt.value[/requestObject/metadata/labels/team] = {team}-{index}",
                f"ka.req.pod.containers.image intersects ({team}/app-{index}, {team}/job-{index})",
            )
        )
        scope = rng.choice((f"in_{team}", f"ka.target.namespace = {team}-{index}"))
        parts.append(
            f"- rule: Bench {index} {team} {resource}\n"
            f"  desc: Generated rule {index}.\n"
            f"  condition: bench_done and ka.verb in ({verb}, {other}) and ka.target.resource = {resource} and {scope} and {extra}\n"
            "  output: generated (user=%ka.user.name name=%ka.target.name ns=%ka.target.namespace verb=%ka.verb)\n"
            f"  priority: {rng.choice(('WARNING', 'NOTICE', 'ERROR'))}\n"
            "  source: k8s_audit\n"
            "  tags: [k8s, bench]\n"
        )
        if rng.random() < 0.2:
            parts[-1] += (
                "  exceptions:\n"
                "  - name: known\n"
                "    fields: [ka.user.name, ka.target.name]\n"
                f"    values: [[{team}-bot, {team}-{index}], [admin, x-{index}]]\n"
            )
    return "".join(parts)


def main() -> None:
    print(rules(int(sys.argv[1])), end="")


if __name__ == "__main__":
    main()
