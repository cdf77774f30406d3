"""What is said of machines that are made up, and of this one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lanner import _native
from lanner.doctor import CHECKS, Machine, Outcome, checks, examine
from tests.cli.run import lanner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lanner.doctor import Finding

OK, WARNING, MISSING = Outcome.OK, Outcome.WARNING, Outcome.MISSING
ALL = 0x1FFFFFFFFFF
BPF_ONLY = 1 << 39 | 1 << 38


def machine(root: Path, files: dict[str, str], **facts: str) -> Machine:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    known = {"system": "Linux", "architecture": "x86_64", "release": "6.1.0-18-amd64", **facts}
    return Machine(proc=root / "proc", sys=root / "sys", **known)


def capabilities(bits: int) -> dict[str, str]:
    return {"proc/self/status": f"Name:\tx\nCapEff:\t{bits:016x}\n"}


def uid_map(line: str) -> dict[str, str]:
    return {"proc/self/uid_map": "".join(f"{number:>11}" for number in line.split()) + "\n"}


def locked(soft: str) -> dict[str, str]:
    columns = "{:<26}{:<21}{:<21}{:<10}\n"
    return {
        "proc/self/limits": columns.format("Limit", "Soft Limit", "Hard Limit", "Units")
        + columns.format("Max processes", "95000", "95000", "processes")
        + columns.format("Max locked memory", soft, "unlimited", "bytes")
    }


OLD = {"release": "5.10.0-28-amd64"}
CASES: list[tuple[Callable[[Machine], Finding], dict[str, str], dict[str, str], Outcome, str]] = [
    (checks.system, {}, {}, OK, "Linux on x86_64"),
    (checks.system, {}, {"system": "Darwin", "architecture": "arm64"}, MISSING, "Darwin"),
    (checks.system, {}, {"architecture": "aarch64"}, MISSING, "aarch64"),
    (checks.kernel, {}, {}, OK, "6.1.0-18-amd64"),
    (checks.kernel, {}, {"release": "5.8.0"}, OK, "5.8.0"),
    (checks.kernel, {}, {"release": "5.4.0-150-generic"}, MISSING, "5.4.0"),
    (checks.kernel, {}, {"release": "4.19"}, MISSING, "4.19"),
    (checks.kernel, {}, {"release": "strange"}, OK, "strange"),
    (checks.types, {"sys/kernel/btf/vmlinux": "x"}, {}, OK, "vmlinux"),
    (checks.types, {}, {}, MISSING, "not there"),
    (checks.privileges, capabilities(ALL), {}, OK, "CAP_SYS_ADMIN"),
    (checks.privileges, capabilities(BPF_ONLY), {}, WARNING, "CAP_BPF, CAP_PERFMON"),
    (checks.privileges, capabilities(1 << 39), {}, MISSING, "CAP_BPF"),
    (checks.privileges, {"proc/self/status": "nonsense"}, {}, MISSING, "none"),
    (checks.privileges, {**capabilities(ALL), **uid_map("0 0 4294967295")}, {}, OK, "CAP_BPF"),
    (
        checks.privileges,
        {**capabilities(ALL), **uid_map("0 1000 1")},
        {},
        MISSING,
        "user namespace",
    ),
    (checks.locked_memory, {**locked("65536"), **capabilities(BPF_ONLY)}, {}, OK, "not count"),
    (checks.locked_memory, {**locked("65536"), **capabilities(BPF_ONLY)}, OLD, MISSING, "65,536"),
    (checks.locked_memory, {**locked("65536"), **capabilities(ALL)}, OLD, OK, "may raise"),
    (checks.locked_memory, {**locked("67108864"), **capabilities(BPF_ONLY)}, OLD, OK, "67,108,864"),
    (checks.locked_memory, {**locked("unlimited"), **capabilities(BPF_ONLY)}, OLD, OK, "no limit"),
    (checks.lockdown, {}, {}, OK, "none"),
    (checks.lockdown, {"sys/kernel/security/lockdown": "[none] integrity"}, {}, OK, "none"),
    (checks.lockdown, {"sys/kernel/security/lockdown": "none [confidentiality]"}, {}, MISSING, "c"),
    (checks.processes, capabilities(0), {}, OK, "whole machine"),
    (
        checks.processes,
        {**capabilities(0), "proc/self/mounts": "proc /proc proc rw,hidepid=2 0 0\n"},
        {},
        WARNING,
        "hidepid=2",
    ),
    (
        checks.processes,
        {**capabilities(ALL), "proc/self/mounts": "proc /proc proc rw,hidepid=2 0 0\n"},
        {},
        OK,
        "whole machine",
    ),
    (checks.control_groups, {"sys/fs/cgroup/cgroup.controllers": ""}, {}, OK, "version 2"),
    (
        checks.control_groups,
        {"sys/fs/cgroup/unified/cgroup.controllers": ""},
        {},
        OK,
        "versions 1 and 2",
    ),
    (checks.control_groups, {"sys/fs/cgroup/memory/tasks": ""}, {}, OK, "version 1"),
    (checks.control_groups, {}, {}, WARNING, "none"),
    (
        checks.clock,
        {"sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n"},
        {},
        WARNING,
        "hpet",
    ),
    (checks.clock, {}, {}, OK, "not told"),
    (checks.others, {"proc/7/comm": "falco\n", "proc/8/comm": "bash\n"}, {}, OK, "falco"),
    (checks.others, {}, {}, OK, "none"),
]


@pytest.mark.parametrize(("check", "files", "facts", "outcome", "seen"), CASES)
def test_checks(
    tmp_path: Path,
    check: Callable[[Machine], Finding],
    files: dict[str, str],
    facts: dict[str, str],
    outcome: Outcome,
    seen: str,
) -> None:
    finding = check(machine(tmp_path, files, **facts))
    assert (finding.outcome, seen in finding.seen) == (outcome, True), finding
    # what is not right has advice
    assert finding.outcome is OK or finding.advice


def test_a_namespace_of_its_own_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "proc/self/ns").mkdir(parents=True)
    (tmp_path / "proc/self/ns/pid").symlink_to("pid:[4026532201]")
    assert checks.processes(machine(tmp_path, {})).outcome is WARNING


@pytest.mark.parametrize(
    ("seccomp", "bits", "is_blamed"), [(2, ALL, True), (0, ALL, False), (2, 0, False)]
)
def test_a_filter_of_system_calls_is_blamed_where_capabilities_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seccomp: int, bits: int, is_blamed: bool
) -> None:
    monkeypatch.setattr(_native, "check_probe", lambda: "not permitted", raising=False)
    files = capabilities(bits)
    files["proc/self/status"] += f"NoNewPrivs:\t1\nSeccomp:\t{seccomp}\nSeccomp_filters:\t1\n"
    finding = checks.probe(machine(tmp_path, files))
    assert (finding.outcome, finding.seen) == (MISSING, "not permitted")
    assert ("seccomp" in finding.advice) == is_blamed


def test_other_systems_are_told_what_works_there(tmp_path: Path) -> None:
    findings = examine(machine(tmp_path, {}, system="Darwin", architecture="arm64", release="25.0"))
    assert [(one.name, one.outcome) for one in findings] == [("system", MISSING), ("rules", OK)]
    assert "lanner scan" in findings[0].advice


def test_this_machine() -> None:
    findings = examine()
    assert len(findings) == len(CHECKS)
    assert len({one.name for one in findings}) == len(CHECKS)


def test_the_command() -> None:
    done = lanner("doctor", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["works"] else 1)
    assert {one["outcome"] for one in told["findings"]} <= {"ok", "warning", "missing"}
    text = lanner("doctor").stdout.decode()
    assert "Live detection" in text
    assert "\x1b" not in text
