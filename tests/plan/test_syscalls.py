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
        ("proc.name = x", {"mkdir", "sysinfo"}, IO),
    ],
)
def test_rules_ask_for_calls(condition: str, needed: set[str], not_needed: set[str]) -> None:
    found = watch(condition)
    assert {call.name for call in found.calls if call.why == RULES} >= needed
    assert not not_needed & set(found.names)
    assert not found.missing


def test_state_is_kept() -> None:
    found = watch("evt.type = mkdir")
    for name in ("execve", "clone3", "close", "openat", "connect", "setuid32"):
        assert why(found, name) == STATE
    assert why(found, "getpid") is None


def test_rules_of_all_events_with_everything() -> None:
    found = watch("proc.name = x", BaseSyscalls(all=True))
    assert set(found.names) >= IO


def test_custom_set_replaces_the_state() -> None:
    found = watch("evt.type = mkdir", BaseSyscalls(("kill", "nonsense")))
    assert found.names == ("kill", "mkdir")
    assert why(found, "kill") == CUSTOM
    assert found.invalid == ("nonsense",)


def test_negative_names_are_not_watched() -> None:
    found = watch("evt.type in (mkdir, rmdir)", BaseSyscalls(("!mkdir", "!close")))
    assert not {"mkdir", "close"} & set(found.names)
    assert {"rmdir", "execve"} <= set(found.names)
    assert found.missing == {"mkdir": ("r",)}


def test_repair_keeps_the_least() -> None:
    found = watch("evt.type = mkdir", BaseSyscalls(repair=True))
    assert {"clone", "execve", "chdir", "close", "setuid32"} <= set(found.names)
    assert not {"openat", "socket", "bind"} & set(found.names)
    found = watch("evt.type = accept", BaseSyscalls(repair=True))
    assert {"socket", "getsockopt", "close", "bind"} <= set(found.names)
    found = watch("evt.type = mkdir", BaseSyscalls(("kill",), repair=True))
    assert {"kill", "mkdir", "execve"} <= set(found.names)


def test_what_nothing_tells_of_is_said() -> None:
    found = watch("evt.type in (switch, procexit, container)")
    assert found.missing == {"switch": ("r",)}


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
    result = lanner("rules", "--syscalls", "--base-syscalls", "nonsense,kill")
    assert "`nonsense` is no system call" in result.stderr.decode()
