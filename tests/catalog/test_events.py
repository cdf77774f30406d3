"""Event types, their codes and parameters."""

from __future__ import annotations

import pytest

from lanner import catalog
from lanner.catalog.events import is_event_name, parameters
from lanner.catalog.tables import tables

# PPM_EVENT_MAX and PPM_SC_MAX of libs 0.25.4
CODES = 454
SYSCALLS = 454


def test_the_tables_are_complete() -> None:
    assert [event.code for event in tables().events] == list(range(CODES))
    assert len(set(tables().syscalls)) == len(tables().syscalls) == SYSCALLS
    assert catalog.all_event_codes() == frozenset(range(CODES))


def test_enter_and_exit_alternate() -> None:
    for event in tables().events:
        assert event.direction == (">" if event.code % 2 == 0 else "<")


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("open", {2, 3}),
        ("openat", {102, 103, 306, 307}),
        ("close", {4, 5}),
        ("accept", {26, 27, 56, 57, 246, 247, 248, 249}),
        # a system call without an event of its own is a generic event
        ("restart_syscall", {0, 1}),
        ("syscall", set()),
        ("nosuch", set()),
        ("", set()),
        # events of plugins arrive as asynchronous events
        ("container", {228, 272, 324, 402}),
        ("container_removed", {402}),
        ("asyncevent", {402}),
    ],
)
def test_codes(name: str, codes: set[int]) -> None:
    assert catalog.event_codes(name) == codes


def test_every_name_has_codes_but_one() -> None:
    without = {name for name in catalog.event_names() if not catalog.event_codes(name)}
    # libsinsp leaves the generic events out when it looks for a name
    assert without == {"syscall"}


@pytest.mark.parametrize("name", ["execve", "getpid", "container", "NA", "syscall", "unknown"])
def test_event_types(name: str) -> None:
    assert catalog.is_event_type(name)


@pytest.mark.parametrize("name", ["", "OPEN", "open ", "opne", "*"])
def test_no_event_types(name: str) -> None:
    assert not catalog.is_event_type(name)


def test_names_of_codes_are_fewer_than_event_types() -> None:
    assert is_event_name("execve")
    assert not is_event_name("restart_syscall")
    assert not is_event_name("container_removed")


def test_parameters() -> None:
    known = parameters()
    assert known["flags"] == "flags32"
    assert known["fd"] == "fd"
    assert known["name"] == "fspath"
    assert "nosuch" not in known


def test_old_versions_of_an_event_share_its_name() -> None:
    """`evt.type = execve` is true for each version of the event in old captures."""
    execve = [event for event in tables().events if event.name == "execve"]
    newest = max(event.code for event in execve)
    current = [event.code for event in execve if "old_version" not in event.flags]
    assert len(execve) > 10
    assert current == [newest]
    names = [name for name, _ in execve[-1].parameters]
    assert names[:6] == ["res", "exe", "args", "tid", "pid", "ptid"]
