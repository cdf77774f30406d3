"""Makes rule files of any size for system calls: what teams would write for their services.

`python -m bench.generate_syscall_rules 1000 > rules.yaml`
"""

from __future__ import annotations

import random
import sys

SERVICES = (
    "nginx",
    "redis",
    "postgres",
    "envoy",
    "kafka",
    "etcd",
    "vault",
    "grafana",
    "api",
    "web",
)
MACROS = """- macro: bench_spawned
  condition: (evt.type in (execve, execveat))
- macro: bench_open_write
  condition: (evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.num >= 0)
- macro: bench_open_read
  condition: (evt.type in (open, openat, openat2) and evt.is_open_read = true and fd.num >= 0)
- macro: bench_connected
  condition: (evt.type = connect and evt.rawres >= 0)
- macro: bench_container
  condition: (container.id != host)
"""


def _rule(name: str, condition: str, priority: str, service: str) -> str:
    return (
        f"- rule: {name}\n"
        f"  desc: Generated rule {name}.\n"
        f"  condition: {condition}\n"
        f'  output: "%user.name %proc.cmdline %fd.name"\n'
        f"  priority: {priority}\n"
        f"  tags: [bench, {service}]\n"
    )


def rules(count: int, seed: int = 1) -> str:
    """The text of a rule file with `count` rules, and the macros that they use."""
    rng = random.Random(seed)
    parts = [MACROS]
    for index in range(count):
        service, other = rng.sample(SERVICES, 2)
        condition = rng.choice(
            (
                f"bench_spawned and proc.pname = {service} and not proc.name in (sh, {other}-{index})",
                f'bench_spawned and bench_container and proc.cmdline contains "--{service}-{index}"',
                f"bench_spawned and proc.exepath startswith /opt/{service}/{index} and user.uid = 0",
                f"bench_open_write and fd.name startswith /srv/{service}/{index} and not proc.name = {service}",
                f"bench_open_write and fd.directory = /etc/{service}-{index} and proc.aname[2] = {other}",
                f"bench_open_read and fd.name = /run/secrets/{service}-{index} and not proc.name in ({service}, {other})",
                f"bench_open_read and fd.filename endswith .{service}{index} and bench_container",
                f"bench_connected and fd.sport = {1024 + index} and not proc.name in ({service}, {other})",
                f"evt.type in (unlink, unlinkat, rename, renameat) and proc.cwd startswith /srv/{service}-{index}",
                f"evt.type = ptrace and proc.name = {service}-{index}",
            )
        )
        priority = rng.choice(("WARNING", "NOTICE", "INFO"))
        parts.append(_rule(f"Bench {index} {service}", condition, priority, service))
    return "\n".join(parts)


def rules_for_every_event(count: int, seed: int = 3) -> str:
    """The text of a rule file with `count` rules that name no event type."""
    rng = random.Random(seed)
    parts = []
    for index in range(count):
        service, other = rng.sample(SERVICES, 2)
        condition = rng.choice(
            (
                f"proc.name = {service}-{index} and not proc.pname in ({other}, sh)",
                f"proc.pname = {service}-{index} and fd.name startswith /srv/{other}",
                f"proc.aname[2] = {service}-{index} and container.id != host",
                f'proc.cmdline contains "--{service}-{index}" and fd.typechar = f',
                f"container.image.repository = {service}/{other}-{index} and fd.sport = 80",
                f"fd.name startswith /srv/{service}/{index} and not proc.name in ({other}, sh)",
                f"proc.exepath startswith /opt/{service}/{index} and user.uid = 0",
            )
        )
        parts.append(_rule(f"Every {index}", condition, "INFO", service))
    return "\n".join(parts)


if __name__ == "__main__":
    print(rules(int(sys.argv[1])))
