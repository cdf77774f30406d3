"""Whether the service does what it is there for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.service.state import State

MAX_SILENT_S = 15.0
"""A source that has not even looked for events for so long is stuck."""
MAX_BUSY_S = 60.0
"""So is the service, when it has not looked at anything for so long; a reload takes its time."""


def problems(state: State) -> list[str]:
    """What is wrong; nothing where all is well.

    A channel that fails is no reason: its alerts wait, and a restart would not help.
    """
    found = [] if state.has_begun else ["syscall: it does not watch yet"]
    if (silent := time.monotonic() - state.looked) > MAX_BUSY_S:
        found.append(f"the main thread: no sign of life for {silent:.0f} s")
    for source in state.sources:
        if source.failure is not None:
            found.append(f"{source.name}: {source.failure}")
        elif (silent := source.silent_s()) > MAX_SILENT_S:
            found.append(f"{source.name}: no sign of life for {silent:.0f} s")
    return found
