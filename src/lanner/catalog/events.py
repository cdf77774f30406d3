"""Event types and their codes."""

from __future__ import annotations

from functools import cache

from lanner.catalog.tables import tables

# a system call without an event of its own arrives as one of these
_GENERIC = frozenset((0, 1))
# what plugins (container, k8smeta) send along with system calls arrives as an `asyncevent`
_PLUGIN_EVENTS = frozenset(("container", "container_removed", "k8s"))


@cache
def _codes_by_name() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for event in tables().events:
        if event.code not in _GENERIC:
            found.setdefault(event.name, set()).add(event.code)
    for name in _PLUGIN_EVENTS:
        found.setdefault(name, set()).update(found["asyncevent"])
    return {name: frozenset(codes) for name, codes in found.items()}


def event_codes(name: str) -> frozenset[int]:
    """Codes of the events that `evt.type = name` matches; empty for unknown names."""
    codes = _codes_by_name().get(name)
    if codes is not None:
        return codes
    return _GENERIC if name in _syscalls() else frozenset()


@cache
def all_event_codes() -> frozenset[int]:
    """Every event code."""
    return frozenset(event.code for event in tables().events)


@cache
def _syscalls() -> frozenset[str]:
    return frozenset(tables().syscalls)


@cache
def event_names() -> frozenset[str]:
    """Every name that `evt.type` can be compared with."""
    return _names_in_table() | _syscalls() | _PLUGIN_EVENTS


@cache
def _names_in_table() -> frozenset[str]:
    return frozenset(event.name for event in tables().events)


def is_event_name(name: str) -> bool:
    """Whether an event code has this name, as `evt.type.is` asks: no system call without one."""
    return name in _names_in_table()


def is_event_type(name: str) -> bool:
    """Whether `name` is an event type."""
    return name in event_names()


@cache
def parameters() -> dict[str, str]:
    """Names of event parameters with the type that the first event gives them."""
    found: dict[str, str] = {}
    for event in tables().events:
        for name, kind in event.parameters:
            found.setdefault(name, kind)
    return found
