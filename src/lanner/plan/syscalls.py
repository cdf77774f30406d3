"""Which system calls have to be watched for a set of rules.

The choice is Falco's (`base_syscalls`; facts: falcosecurity/falco 0.44.1,
`configure_interesting_sets.cpp`; falcosecurity/libs 0.25.4, `sinsp_events_ppm_sc.cpp`): the calls
that rules name, and those that change what is known of processes and descriptors. It differs in one
thing: reading and writing are watched where a rule names them; Falco wants its option -A, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner.catalog.calls import events_of_category, state_events, watchable_calls
from lanner.rules.passes.event_types import OTHERS, event_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lanner.rules.model import CheckedRule

STATE, RULES, CUSTOM = "state", "rules", "base_syscalls"
"""Why a call is watched."""

_PROCESS_END = "procexit"
"""The event type of a tracepoint that is always watched."""

_NO_CALLS = frozenset(
    (_PROCESS_END, "container", "container_removed", "k8s", "asyncevent", "pluginevent")
)
"""Event types that are there without a system call: Lanner itself brings in the others."""

_PROCESS = frozenset(
    (
        *("clone", "clone3", "fork", "vfork", "execve", "execveat", "chdir", "fchdir", "chroot"),
        *("capset", "setuid", "setgid", "setresuid", "setresgid", "setpgid", "setsid", "prctl"),
    )
)
"""What `repair` keeps whatever the rules are: without these, processes are not known."""

_SHOWN_RULES = 3
_ACCEPTING = frozenset(("accept", "accept4", "listen"))


@dataclass(frozen=True, slots=True)
class BaseSyscalls:
    """Falco's `base_syscalls`.

    Attributes:
        custom_set: calls to watch besides those of the rules, in place of those that change the
            state; with `!` in front, calls not to watch.
        repair: in place of all that change the state, the least that the chosen calls need.
        all: also reads and writes, when a rule matches events that it does not name (Falco's -A).

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
        removed: event types that rules need and that `base_syscalls` leaves out, with these rules.
        invalid: what in `base_syscalls` names no call that can be watched, or left out.

    """

    calls: tuple[WatchedCall, ...]
    missing: dict[str, tuple[str, ...]]
    removed: dict[str, tuple[str, ...]]
    invalid: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the calls."""
        return tuple(call.name for call in self.calls)

    def complaints(self) -> list[str]:
        """What cannot be watched, or is not to be, in words."""
        said = []
        for name in self.invalid:
            what = "left out" if name.startswith("!") else "watched"
            said.append(f"base_syscalls: `{name}` is no system call that can be {what}")
        for event, rules in self.missing.items():
            said.append(f"rules match `{event}` events, which nothing tells of: {shown(rules)}")
        for event, rules in self.removed.items():
            by = f"rules match `{event}` events, which base_syscalls leaves out"
            said.append(f"{by}: {shown(rules)}")
        return said


def shown(rules: tuple[str, ...]) -> str:
    """The first names of some rules, and how many more there are."""
    more = len(rules) - _SHOWN_RULES
    return "; ".join(rules[:_SHOWN_RULES]) + (f"; and {more} more" if more > 0 else "")


def interest(rules: Iterable[CheckedRule], base: BaseSyscalls | None = None) -> Interest:
    """What has to be watched for the rules of system calls among these."""
    base = base or BaseSyscalls()
    by_event = _events_of(rules, with_io=base.all)
    of_rules = frozenset(by_event)
    added, removed, invalid = _custom_set(base.custom_set)
    if added:
        chosen = of_rules | added
    elif base.repair:
        chosen = of_rules | _repaired(of_rules)
    else:
        chosen = of_rules | state_events()
    chosen -= removed
    # as in Falco, `repair` brings back what it needs
    if base.repair and base.custom_set:
        chosen |= _repaired(chosen)
    calls = []
    for name, event in sorted(watchable_calls().items()):
        if event in chosen:
            needing = by_event.get(event, ())
            why = RULES if needing else CUSTOM if event in added else STATE
            calls.append(WatchedCall(name, event, why, needing))
    there = frozenset(watchable_calls().values()) | _NO_CALLS
    return Interest(
        calls=tuple(calls),
        missing={event: by_event[event] for event in sorted(of_rules - there)},
        removed={event: by_event[event] for event in sorted(of_rules - chosen - _NO_CALLS)},
        invalid=invalid,
    )


def _custom_set(names: Iterable[str]) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """Event types that are added and removed, and the names that are neither. A call stands for its
    event type: all calls of one type are watched, or none.
    """
    calls = watchable_calls()
    events = frozenset(calls.values())
    added: set[str] = set()
    removed: set[str] = set()
    invalid: set[str] = set()
    for text in names:
        name = text.removeprefix("!")
        event = calls.get(name, name)
        if text == _PROCESS_END:
            added.add(text)
        elif event not in events:
            invalid.add(text)
        else:
            (removed if text.startswith("!") else added).add(event)
    return frozenset(added), frozenset(removed), tuple(sorted(invalid))


def _events_of(rules: Iterable[CheckedRule], *, with_io: bool) -> dict[str, tuple[str, ...]]:
    """The rules that need each event type. Rules that match events of types that they do not name
    need those that are not read or written in masses, unless `with_io`.
    """
    found: dict[str, list[str]] = {}
    usual = frozenset(watchable_calls().values())
    if not with_io:
        usual -= (events_of_category("io_read") | events_of_category("io_write")) - state_events()
    for rule in rules:
        if rule.source != "syscall":
            continue
        events = event_names(rule.condition)
        for event in events & usual if OTHERS in events else events:
            found.setdefault(event, []).append(rule.name)
    return {event: tuple(names) for event, names in found.items()}


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
