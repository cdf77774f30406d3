"""Making lines of a log of what kube-apiserver's webhook back end sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner import _native
from lanner.audit.policy import encode

if TYPE_CHECKING:
    from lanner.audit.policy import Policy


def intake(policy: Policy | None, *, max_event_bytes: int | None = None) -> _native.AuditIntake:
    """Makes lines of bodies: what the policy keeps, or without one all.

    The bodies of events with more than `max_event_bytes` are left out; if that is not enough, the
    events are discarded.
    """
    return _native.AuditIntake(encode(policy) if policy else None, max_event_bytes)
