"""System calls that can be watched, and their event types."""

from __future__ import annotations

from functools import cache

import msgspec

from lanner._native import watchable_calls as native_watchable_calls
from lanner.catalog.tables import tables


@cache
def watchable_calls() -> dict[str, str]:
    """All system calls that can be watched, by name, with the event type by which rules ask for
    them: that of several calls, or one of their own name.
    """
    calls = msgspec.json.decode(native_watchable_calls(), type=dict[str, str | None])
    return {name: event or name for name, event in calls.items()}


@cache
def _events_that(*, flag: str, category: str) -> frozenset[str]:
    found = set()
    for event in tables().events:
        flags = event.flags.split("|")
        if event.direction == "<" and not {"old_version", "unused"} & set(flags):
            kinds = event.category.split("|")
            if (not flag or flag in flags) and (not category or category in kinds):
                found.add(event.name)
    return frozenset(found)


_LIMITS = frozenset(("setrlimit", "prlimit"))
"""They change `proc.fdlimit`; the table of events does not say so, that of system calls does
(`UF_NEVER_DROP`, falcosecurity/libs 0.25.4 `driver/syscall_table.c`).
"""


def state_events() -> frozenset[str]:
    """Names of the event types that change what is known of processes and descriptors."""
    return _events_that(flag="modifies_state", category="") | _LIMITS


def events_of_category(category: str) -> frozenset[str]:
    """Names of the event types of a category: `file`, `net`, `io_read`, …"""
    return _events_that(flag="", category=category)
