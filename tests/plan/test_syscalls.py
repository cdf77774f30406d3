"""Which system calls are watched for which rules."""

import json

import pytest

from lanner import load_rules
from lanner.catalog.calls import watchable_calls
from lanner.plan.syscalls import CUSTOM, RULES, STATE, BaseSyscalls, Interest, interest
from tests.cli.run import lanner

IO = {"read", "write", "pread64", "readv", "writev", "pwritev", "recv"}
"""Reads and writes that change nothing that is known."""


def watch(condition: str, base: BaseSyscalls | None = None) -> Interest:
    text = f"- rule: r\n  desc: d\n  condition: {condition}\n  output: o\n  priority: INFO\n"
    ruleset = load_rules(texts={"rules": text})
    assert ruleset.ok, ruleset.diagnostics
    return interest(ruleset.rules, base)


def why(found: Interest, name: str) -> str | None:
    return next((call.why for call in found.calls if call.name == name), None)


@pytest.mark.parametrize(
    ("condition", "needed", "not_needed"),
    [
        ("evt.type = mkdir", {"mkdir"}, {"mkdirat"} | IO),
        ("evt.type in (mkdir, mkdirat)", {"mkdir", "mkdirat"}, IO),
        # reads are watched where a rule names them
        ("evt.type = read", {"read"}, IO - {"read"}),
        ("evt.type = pread", {"pread64"}, IO - {"pread64"}),
        # the event type of several calls
        ("evt.type = fchmodat", {"fchmodat", "fchmodat2"}, {"fchmod"}),
        # a system call without an event of its own
        ("evt.type = sysinfo", {"sysinfo"}, {"uname"}),
        ("not evt.type != rmdir", {"rmdir"}, {"unlink"}),
        ("evt.type = rmdir or (evt.type = kill and proc.name = x)", {"rmdir", "kill"}, {"tkill"}),
    ],
)
def test_rules_ask_for_calls(condition: str, needed: set[str], not_needed: set[str]) -> None:
    found = watch(condition)
    assert {call.name for call in found.calls if call.why == RULES} >= needed
    assert not not_needed & set(found.names)
    assert not found.missing


def test_state_is_kept() -> None:
    found = watch("evt.type = mkdir")
    for name in ("execve", "clone3", "close", "openat", "connect", "setuid32", "prctl"):
        assert why(found, name) == STATE
    # limits of descriptors: UF_NEVER_DROP in `driver/syscall_table.c`
    assert why(found, "setrlimit") == why(found, "prlimit64") == STATE
    for name in ("getpid", "getrlimit", "setpgid", *IO):
        assert why(found, name) is None


@pytest.mark.parametrize(
    "condition",
    ["proc.name = x", "evt.type != mkdir", "evt.type != mkdir or evt.type = read"],
)
def test_rules_of_events_that_they_do_not_name(condition: str) -> None:
    usual = watch(condition)
    assert {"openat", "kill", "sysinfo"} <= set(usual.names)
    assert not IO & set(usual.names)
    assert not usual.missing
    assert set(watch(condition, BaseSyscalls(all=True)).names) >= IO


def test_types_that_are_named_and_excluded() -> None:
    found = watch("evt.type in (read, kill, switch) and evt.type != kill")
    assert why(found, "read") == RULES
    assert why(found, "kill") is None
    assert found.missing == {"switch": ("r",)}


LEAST = {"clone3", "vfork", "execveat", "chdir", "chroot", "capset", "setuid32", "setsid", "prctl"}
"""Of what `repair` keeps whatever the rules are (`sinsp_repair_state_sc_set`)."""


@pytest.mark.parametrize(
    ("condition", "base", "needed", "not_needed"),
    [
        # `configure_interesting_sets.cpp`: names replace the state …
        ("evt.type = mkdir", BaseSyscalls(("kill",)), {"mkdir", "kill"}, {"execve", "close"}),
        ("evt.type = mkdir", BaseSyscalls(("setuid",)), {"setuid", "setuid32"}, {"execve"}),
        ("evt.type = mkdir", BaseSyscalls(("setuid32",)), {"setuid", "setuid32"}, {"execve"}),
        ("evt.type = mkdir", BaseSyscalls(("sysinfo",)), {"mkdir", "sysinfo"}, {"execve"}),
        ("evt.type = mkdir", BaseSyscalls(("read",)), {"mkdir", "read"}, {"write", "execve"}),
        # … that of processes that end is always there, and counts as a name
        ("evt.type = mkdir", BaseSyscalls(("procexit",)), {"mkdir"}, {"execve"}),
        # … what is taken out leaves the state, and the rules
        ("evt.type = mkdir", BaseSyscalls(("!close",)), {"mkdir", "execve"}, {"close"}),
        ("evt.type = mkdir", BaseSyscalls(("!mkdir",)), {"execve", "close"}, {"mkdir"}),
        ("evt.type = mkdir", BaseSyscalls(("!setuid32",)), {"execve"}, {"setuid", "setuid32"}),
        ("evt.type = mkdir", BaseSyscalls(("kill", "!mkdir")), {"kill"}, {"mkdir", "execve"}),
        # `repair`: files are closed, sockets made, servers bound
        ("evt.type = setns", BaseSyscalls(repair=True), LEAST, {"close", "socket", "openat"}),
        ("evt.type = mkdir", BaseSyscalls(repair=True), LEAST | {"close"}, {"socket", "openat"}),
        ("evt.type = read", BaseSyscalls(repair=True), LEAST | {"close"}, {"socket", "openat"}),
        (
            "evt.type = connect",
            BaseSyscalls(repair=True),
            LEAST | {"close", "socket", "getsockopt"},
            {"bind", "openat"},
        ),
        (
            "evt.type = listen",
            BaseSyscalls(repair=True),
            LEAST | {"close", "socket", "getsockopt", "bind"},
            {"openat"},
        ),
        # … of names, too, and after something was taken out
        (
            "evt.type = setns",
            BaseSyscalls(("connect",), repair=True),
            LEAST | {"setns", "connect", "socket", "close"},
            {"bind"},
        ),
        ("evt.type = mkdir", BaseSyscalls(("!close",), repair=True), {"close"}, {"socket"}),
        ("evt.type = mkdir", BaseSyscalls(("!mkdir",), repair=True), LEAST, {"mkdir"}),
    ],
)
def test_base_syscalls(
    condition: str, base: BaseSyscalls, needed: set[str], not_needed: set[str]
) -> None:
    found = watch(condition, base)
    assert needed <= set(found.names)
    assert not not_needed & set(found.names)
    assert not found.invalid


def test_what_is_added_is_told_apart() -> None:
    found = watch("evt.type = mkdir", BaseSyscalls(("kill", "mkdir")))
    assert [(call.name, call.why) for call in found.calls] == [("kill", CUSTOM), ("mkdir", RULES)]


def test_what_is_left_out_is_said() -> None:
    found = watch("evt.type in (mkdir, rmdir)", BaseSyscalls(("!mkdir", "!close")))
    assert found.removed == {"mkdir": ("r",)}
    assert not found.missing


def test_names_that_are_no_calls_are_said_and_change_nothing() -> None:
    names = ("nonsense", "!nonsense", "switch", "!procexit", "!", "!!kill")
    found = watch("evt.type = mkdir", BaseSyscalls(names))
    assert found.invalid == tuple(sorted(names))
    assert found.calls == watch("evt.type = mkdir").calls


def test_what_nothing_tells_of_is_said() -> None:
    # events of fchmodat2 and chown32 have the types of fchmodat and chown
    found = watch("evt.type in (switch, procexit, container, fchmodat2, s390_sthyi)")
    assert found.missing == dict.fromkeys(("fchmodat2", "s390_sthyi", "switch"), ("r",))


def test_every_name_is_a_call_of_linux() -> None:
    calls = watchable_calls()
    assert {"openat", "sysinfo", "chown32", "io_uring_setup"} <= set(calls)
    assert calls["chown32"] == "chown"
    assert calls["sysinfo"] == "sysinfo"


def test_the_command() -> None:
    result = lanner("rules", "--syscalls", "--json", "PTRACE attached to process")
    found = json.loads(result.stdout)
    ptrace = next(call for call in found["calls"] if call["name"] == "ptrace")
    assert ptrace["why"] == "rules"
    assert ptrace["rules"] == ["PTRACE attached to process"]
    result = lanner(
        "rules", "--syscalls", "--base-syscalls", "nonsense,kill", "--base-syscalls", "!bpf"
    )
    told = result.stderr.decode().splitlines()
    assert told[0] == "lanner: base_syscalls: `nonsense` is no system call that can be watched"
    assert told[1].startswith("lanner: rules match `bpf` events, which base_syscalls leaves out: ")
    assert len(told) == 2
    assert lanner("rules", "--repair").returncode == 2
