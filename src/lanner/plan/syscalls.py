"""Which system calls have to be watched for a set of rules.

The choice is Falco's (`base_syscalls`; facts: falcosecurity/falco 0.44.1,
`configure_interesting_sets.cpp`; falcosecurity/libs 0.25.4, `sinsp_events_ppm_sc.cpp`): the calls
that rules name, and those that change what is known of processes and descriptors. It differs in one
thing: reading and writing are watched where a rule names them; Falco wants its option -A, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner import catalog
from lanner.catalog.calls import events_of_category, state_events, watchable_calls
from lanner.rules.passes.event_types import event_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lanner.rules.model import CheckedRule

STATE, RULES, CUSTOM = "state", "rules", "base_syscalls"
"""Why a call is watched."""

_ALWAYS = frozenset(("procexit",))
"""Event types that are no system calls, and always there."""

_PROCESS = frozenset(
    (
        *("clone", "clone3", "fork", "vfork", "execve", "execveat", "chdir", "fchdir", "chroot"),
        *("capset", "setuid", "setgid", "setresuid", "setresgid", "setpgid", "setsid"),
    )
)
"""What `repair` keeps whatever the rules are: without these, processes are not known."""

_ACCEPTING = frozenset(("accept", "accept4", "listen"))


@dataclass(frozen=True, slots=True)
class BaseSyscalls:
    """Falco's `base_syscalls`.

    Attributes:
        custom_set: calls to watch besides those of the rules, in place of those that change the
            state; with `!` in front, calls not to watch at all.
        repair: only the least of what the chosen calls need for their state.
        all: also reads and writes, when a rule matches every event (Falco's -A).

    """

    custom_set: tuple[str, ...] = ()
    repair: bool = False
    all: bool = False


@dataclass(frozen=True, slots=True)
class WatchedCall:
    """A call that is watched: its event type, why, and the rules that need it."""

    name: str
    event: str
    why: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interest:
    """What is watched.

    Attributes:
        calls: the calls, by name.
        missing: event types that rules name and that nothing tells of, with these rules.
        invalid: names in `base_syscalls` that are no calls.

    """

    calls: tuple[WatchedCall, ...]
    missing: dict[str, tuple[str, ...]]
    invalid: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the calls."""
        return tuple(call.name for call in self.calls)


def interest(rules: Iterable[CheckedRule], base: BaseSyscalls | None = None) -> Interest:
    """What has to be watched for the rules of system calls among these."""
    base = base or BaseSyscalls()
    by_event = _events_of(rules, with_io=base.all)
    named = frozenset(by_event)
    custom = frozenset(name for name in base.custom_set if name and not name.startswith("!"))
    removed = frozenset(name[1:] for name in base.custom_set if name.startswith("!"))
    known = frozenset(watchable_calls().values()) | frozenset(watchable_calls())
    if custom & known:
        chosen = named | custom
    elif base.repair:
        chosen = named
    else:
        chosen = named | _without_io(state_events(), keep=state_events())
    chosen -= removed
    if base.repair:
        chosen |= _repaired(chosen)
    calls = []
    for name, event in sorted(watchable_calls().items()):
        is_chosen = bool({name, event} & chosen) and not {name, event} & removed
        if not is_chosen:
            continue
        of_rules = by_event.get(event, ()) or by_event.get(name, ())
        why = RULES if of_rules else CUSTOM if {name, event} & custom else STATE
        calls.append(WatchedCall(name, event, why, tuple(of_rules)))
    told = {call.event for call in calls} | {call.name for call in calls} | _ALWAYS
    missing = {event: tuple(by_event[event]) for event in sorted(_asked(by_event) - told)}
    return Interest(tuple(calls), missing, tuple(sorted((custom | removed) - known)))


_OF_MACHINE = frozenset(("container", "container_removed", "k8s", "asyncevent", "pluginevent"))
"""Events that Lanner itself brings in."""


def _asked(by_event: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(by_event) - _OF_MACHINE


def _events_of(rules: Iterable[CheckedRule], *, with_io: bool) -> dict[str, list[str]]:
    """The rules that need each event type. Rules that match every event need those that are not
    read or written in masses, unless `with_io`.
    """
    found: dict[str, list[str]] = {}
    everything = catalog.event_names()
    calls = frozenset(watchable_calls().values())
    usual = calls if with_io else _without_io(calls, keep=state_events())
    for rule in rules:
        if rule.source != "syscall":
            continue
        events = event_names(rule.condition)
        for event in usual if events is everything else events:
            found.setdefault(event, []).append(rule.name)
    return found


def _without_io(events: frozenset[str], *, keep: frozenset[str]) -> frozenset[str]:
    return events - ((events_of_category("io_read") | events_of_category("io_write")) - keep)


def _repaired(chosen: frozenset[str]) -> frozenset[str]:
    """What the chosen calls need to be understood, at the least."""
    needed = set(_PROCESS)
    if chosen & events_of_category("net"):
        needed |= {"socket", "getsockopt", "close"}
    if chosen & _ACCEPTING:
        needed.add("bind")
    of_files = ("file", "io_read", "io_write", "io_other")
    if any(chosen & events_of_category(category) for category in of_files):
        needed.add("close")
    return frozenset(needed)


def parse_custom_set(texts: Sequence[str]) -> tuple[str, ...]:
    """Names as options give them: several, or one text with commas."""
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())
