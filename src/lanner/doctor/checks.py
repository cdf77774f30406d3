"""What is looked at: one function for each."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from lanner import _native, api
from lanner.api.live import RING_BYTES
from lanner.containers import Sockets, sockets_there
from lanner.containers.errors import RuntimeFailure
from lanner.doctor.finding import Finding, Machine, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

OLDEST = (5, 8)
"""Ring buffers came with this kernel."""
WITHOUT_LIMIT = (5, 11)
"""From this kernel on, maps of eBPF do not count as locked memory."""
LOCKED_BYTES = 2 * RING_BYTES
"""Enough for the ring, which is nearly all of it, and for what else the user has locked."""

# include/uapi/linux/capability.h
_CAPABILITIES = {
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_SYS_RESOURCE": 24,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}
_INITIAL_UID_MAP = ["0", "0", str(2**32 - 1)]
"""user_namespaces(7)."""
_INITIAL_PID_NAMESPACE = "pid:[4026531836]"
"""`PROC_PID_INIT_INO` (include/linux/proc_ns.h)."""
_SLOW_CLOCKS = ("hpet", "acpi_pm", "jiffies", "refined-jiffies")
_OTHERS = ("falco", "lanner", "sysdig", "tetragon", "tracee")
RUNTIME_TIMEOUT_S = 2.0


def system(machine: Machine) -> Finding:
    """Linux on x86-64."""
    seen = f"{machine.system} on {machine.architecture}"
    if machine.is_linux and machine.architecture in ("x86_64", "AMD64"):
        return Finding("system", Outcome.OK, seen)
    advice = (
        "Live detection needs Linux on x86-64. Everything else works here: lanner scan, events,"
        " validate, rules, fields."
    )
    return Finding("system", Outcome.MISSING, seen, advice)


def _version(machine: Machine) -> tuple[int, int]:
    """Major and minor version; of a strange release that of the newest."""
    found = re.match(r"(\d+)\.(\d+)", machine.release)
    return (int(found[1]), int(found[2])) if found else (sys.maxsize, 0)


def kernel(machine: Machine) -> Finding:
    """Its version."""
    if _version(machine) >= OLDEST:
        return Finding("kernel", Outcome.OK, machine.release or "not told")
    return Finding(
        "kernel",
        Outcome.MISSING,
        machine.release,
        "eBPF ring buffers came with Linux 5.8: use a newer kernel.",
    )


def types(machine: Machine) -> Finding:
    """Type information, by which the probe finds its way in any kernel."""
    path = machine.sys / "kernel/btf/vmlinux"
    if machine.can_read(path):
        return Finding("type information", Outcome.OK, str(path))
    seen = f"{path} is not {'readable' if path.exists() else 'there'}"
    return Finding(
        "type information",
        Outcome.MISSING,
        seen,
        "The kernel must be built with CONFIG_DEBUG_INFO_BTF, as those of all current distributions"
        " are; in a container, /sys must be mounted.",
    )


def _capabilities(machine: Machine) -> set[str]:
    status = machine.text(machine.proc / "self/status")
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    bits = int(found[1], 16) if found else 0
    return {name for name, bit in _CAPABILITIES.items() if bits >> bit & 1}


def privileges(machine: Machine) -> Finding:
    """What this user may do."""
    uid_map = machine.text(machine.proc / "self/uid_map").split()
    if uid_map and uid_map != _INITIAL_UID_MAP:
        return Finding(
            "privileges",
            Outcome.MISSING,
            "this is a user namespace of its own",
            "Capabilities count only inside of it, and eBPF needs those of the machine: run outside"
            " of it, or in a container of an engine that root runs (not a rootless one).",
        )
    has = _capabilities(machine)
    seen = ", ".join(sorted(has)) or "none of the capabilities that are needed"
    if "CAP_SYS_ADMIN" not in has and not {"CAP_BPF", "CAP_PERFMON"} <= has:
        return Finding(
            "privileges",
            Outcome.MISSING,
            seen,
            "Run as root, or give CAP_BPF and CAP_PERFMON to load the probe, and CAP_SYS_PTRACE"
            " and CAP_DAC_READ_SEARCH to read what other users' processes are.",
        )
    lacking = {"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"} - has
    if lacking:
        return Finding(
            "privileges",
            Outcome.WARNING,
            seen,
            f"Without {' and '.join(sorted(lacking))}, processes of other users that run already"
            " are known by little more than their names.",
        )
    return Finding("privileges", Outcome.OK, seen)


def locked_memory(machine: Machine) -> Finding:
    """The limit under which older kernels count the ring."""
    name = "locked memory"
    if _version(machine) >= WITHOUT_LIMIT:
        return Finding(name, Outcome.OK, "this kernel does not count eBPF")
    limits = machine.text(machine.proc / "self/limits")
    found = re.search(r"^Max locked memory +(\d+) ", limits, re.MULTILINE)
    if not found:
        return Finding(name, Outcome.OK, "no limit is told")
    seen = f"at most {int(found[1]):,} bytes"
    if int(found[1]) >= LOCKED_BYTES:
        return Finding(name, Outcome.OK, seen)
    if "CAP_SYS_RESOURCE" in _capabilities(machine):
        return Finding(name, Outcome.OK, f"{seen}, and Lanner may raise that")
    return Finding(
        name,
        Outcome.MISSING,
        seen,
        "Kernels before 5.11 count the buffer of events as locked memory: raise the limit"
        " (ulimit -l unlimited, LimitMEMLOCK=infinity) or give CAP_SYS_RESOURCE.",
    )


def lockdown(machine: Machine) -> Finding:
    """The kernel's lockdown mode."""
    text = machine.text(machine.sys / "kernel/security/lockdown")
    found = re.search(r"\[(\w+)\]", text)
    mode = found[1] if found else "none"
    if mode == "confidentiality":
        return Finding(
            "lockdown",
            Outcome.MISSING,
            mode,
            "In this mode the kernel does not let eBPF read its memory: boot with"
            " lockdown=integrity or without.",
        )
    return Finding("lockdown", Outcome.OK, mode)


def probe(machine: Machine) -> Finding:
    """Whether the kernel takes the probe: it is loaded, and taken out again."""
    check: Callable[[], str | None] | None = getattr(_native, "check_probe", None)
    problem = check() if check else "there is none for this system"
    if problem is None:
        return Finding("probe", Outcome.OK, "the kernel takes it")
    advice = "The findings above may say why."
    status = machine.text(machine.proc / "self/status")
    is_filtered = re.search(r"^Seccomp:\s*2$", status, re.MULTILINE)
    if is_filtered and privileges(machine).outcome is not Outcome.MISSING:
        advice = (
            "The capabilities are there, but a seccomp filter is, too, which may keep bpf(2) back."
            " Those of Podman, of CRI-O and of a Docker before 23 do so: ask for none"
            " (seccompProfile: Unconfined, --security-opt seccomp=unconfined), or for one of your"
            " own."
        )
    return Finding("probe", Outcome.MISSING, problem, advice)


def processes(machine: Machine) -> Finding:
    """Whether all processes of the machine can be seen."""
    name = "processes"
    space = machine.link(machine.proc / "self/ns/pid")
    if space and space != _INITIAL_PID_NAMESPACE:
        return Finding(
            name,
            Outcome.WARNING,
            "this is a pid namespace of its own",
            "Events have the host's process ids, and /proc here does not show them: run in the"
            " host's pid namespace (hostPID: true, --pid=host).",
        )
    mounts = machine.text(machine.proc / "self/mounts")
    hidden = re.search(r"^\S+ /proc proc \S*hidepid=(?!0|off)(\w+)", mounts, re.MULTILINE)
    if hidden and "CAP_SYS_PTRACE" not in _capabilities(machine):
        return Finding(
            name,
            Outcome.WARNING,
            f"/proc is mounted with hidepid={hidden[1]}",
            "Processes of other users that run already are not known: give CAP_SYS_PTRACE.",
        )
    return Finding(name, Outcome.OK, "those of the whole machine")


def control_groups(machine: Machine) -> Finding:
    """By which containers are told."""
    root = machine.sys / "fs/cgroup"
    name = "control groups"
    if (root / "cgroup.controllers").exists():
        return Finding(name, Outcome.OK, "version 2")
    if (root / "unified/cgroup.controllers").exists():
        return Finding(name, Outcome.OK, "versions 1 and 2")
    if any((root / one).is_dir() for one in ("memory", "cpu", "cpuset")):
        return Finding(name, Outcome.OK, "version 1")
    return Finding(
        name,
        Outcome.WARNING,
        f"none below {root}",
        "Containers are told by them; the kernel may have them although they are not mounted here.",
    )


def runtimes(_machine: Machine) -> Finding:
    """Which container runtimes answer."""
    name = "container runtimes"
    answers, silent = [], []
    for runtime in sockets_there(Sockets()):
        try:
            answers.append(f"{runtime}: {runtime.version(RUNTIME_TIMEOUT_S)}")
        except RuntimeFailure as failure:
            silent.append(f"{runtime}: {failure}")
    seen = "; ".join(answers + silent) or "none listens at the usual places"
    if answers or not silent:
        advice = "" if answers else "Where containers run, see --container-socket of lanner run."
        return Finding(name, Outcome.OK, seen, advice)
    advice = "Names and images of containers are asked for there; ids are known without."
    return Finding(name, Outcome.WARNING, seen, advice)


def clock(machine: Machine) -> Finding:
    """How fast the kernel can tell the time, which every event needs."""
    path = machine.sys / "devices/system/clocksource/clocksource0/current_clocksource"
    source = machine.text(path).strip()
    if source in _SLOW_CLOCKS:
        return Finding(
            "clock",
            Outcome.WARNING,
            source,
            "This clock is slow to read, and every event reads it: tsc or that of the hypervisor"
            " is better (clocksource= on the kernel's command line).",
        )
    return Finding("clock", Outcome.OK, source or "not told")


def others(machine: Machine) -> Finding:
    """Programs of the same kind; several can run side by side, and each costs."""
    names = set()
    for path in machine.proc.glob("[0-9]*/comm"):
        name = machine.text(path).strip()
        if name in _OTHERS and path.parent.name != machine.link(machine.proc / "self"):
            names.add(name)
    return Finding("also running", Outcome.OK, ", ".join(sorted(names)) or "none of its kind")


def rules(_machine: Machine) -> Finding:
    """The default rules with the site's own."""
    ruleset = api.load_rules(defaults=True)
    if ruleset.ok:
        count = sum(rule.source == "syscall" for rule in ruleset.rules)
        return Finding("rules", Outcome.OK, f"{count} for system calls are enabled")
    found = [one.message for one in ruleset.diagnostics if one.is_error]
    return Finding("rules", Outcome.MISSING, found[0], "`lanner validate` says more.")


CHECKS: tuple[Callable[[Machine], Finding], ...] = (
    system,
    kernel,
    types,
    privileges,
    locked_memory,
    lockdown,
    probe,
    processes,
    control_groups,
    runtimes,
    clock,
    others,
    rules,
)
"""What is looked at on Linux, in order."""

ANYWHERE = (system, rules)
"""What is looked at on other systems."""
