"""Where the default rules and Falco's of the same name judge an event differently.

`python -m tests.rules.default_syscall_rules.disagreements [RULE]` prints examples, each reduced to
the fields that matter. What is meant to differ is in differences.yaml.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from lanner import load_rules
from lanner.backends.native import Native
from lanner.plan.build import build
from tests.rules.default_syscall_rules.sampling import PARENT, Event, Sampler, consistent
from tests.rules.default_syscall_rules.support import event_of, load

UPSTREAM = ("falco_rules", "falco-incubating_rules", "falco-sandbox_rules")
EVENTS = 600


@dataclass
class Comparison:
    """What two rules of the same name said of the same events."""

    both: int = 0
    only_ours: list[Event] = field(default_factory=list)
    only_falco: list[Event] = field(default_factory=list)


class Comparer:
    """Compares rules by name, on events made for the one and for the other."""

    def __init__(self, folder: Path) -> None:
        ours = load().result.rules
        names = {rule.name for rule in ours}
        theirs = load_rules(*(folder / f"{name}.yaml" for name in UPSTREAM)).result.rules
        # dispatch would take checks out of the conditions
        self._plans = [
            build(ours, "syscall", use_dispatch=False),
            build(
                tuple(rule for rule in theirs if rule.name in names), "syscall", use_dispatch=False
            ),
        ]
        self._engines = [Native(plan) for plan in self._plans]
        self._ids = [{rule.name: rule.id for rule in plan.rules} for plan in self._plans]
        self.names = tuple(rule.name for rule in ours)
        self.base = event_of({"base": "any", "evt.type": "none"})
        # made from name and arguments
        del self.base["proc.cmdline"]
        self.base |= {"proc.pname": PARENT, "proc.aname": PARENT}

    def compare(self, name: str, count: int = EVENTS) -> Comparison:
        """Half of the events are made for our rule, half for Falco's."""
        found = Comparison()
        for side, plan in enumerate(self._plans):
            sampler = Sampler(plan, random.Random(f"{name} {side}"))  # noqa: S311
            condition = plan.rules[self._ids[side][name]].condition
            events = [sampler.event(condition, self.base) for _ in range(count // 2)]
            for event, (ours, falco) in zip(events, self._answers(name, events), strict=True):
                if ours and falco:
                    found.both += 1
                elif ours:
                    found.only_ours.append(event)
                elif falco:
                    found.only_falco.append(event)
        return found

    def _answers(self, name: str, events: list[Event]) -> list[tuple[bool, bool]]:
        answers = [
            [self._ids[side][name] in matched for matched in engine.match_many(events)]
            for side, engine in enumerate(self._engines)
        ]
        return list(zip(*answers, strict=True))

    def reduced(self, name: str, event: Event) -> Event:
        """The event with the fields of the base wherever the disagreement stays the same."""
        (wanted,) = self._answers(name, [event])
        for key in sorted(set(event) - {"evt.type", "proc.cmdline"}):
            candidate = {each: event[each] for each in event if each not in (key, "proc.cmdline")}
            if key in self.base:
                candidate[key] = self.base[key]
            candidate = consistent(candidate)
            if candidate != event and self._answers(name, [candidate]) == [wanted]:
                event = candidate
        return {key: values for key, values in event.items() if self.base.get(key) != values}


# fields that only say what kind of event it is, or that others are made of
DULL = {
    "evt.type",
    "evt.is_open_read",
    "evt.is_open_write",
    "fd.num",
    "fd.typechar",
    "proc.cmdline",
}
DULL |= {"fd.directory", "fd.filename"}


def causes(comparer: Comparer, name: str, events: list[Event]) -> dict[str, set[str]]:
    """The values that matter, by the names of their fields."""
    found: dict[str, set[str]] = defaultdict(set)
    for event in events:
        left = comparer.reduced(name, event)
        keys = sorted(set(left) - DULL) or sorted(left)
        values = [value for key in keys for value in left[key]]
        texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
        found[" ".join(keys)].add(" | ".join(texts))
    return found


def main(pattern: str = "", folder: str = "/work/shared/captures/rules") -> None:
    """Prints the disagreements of all rules, or of those with a text in their name."""
    comparer = Comparer(Path(folder))
    for name in comparer.names:
        if pattern not in name:
            continue
        found = comparer.compare(name)
        sys.stdout.write(f"\n## {name}: {found.both} by both\n")
        for title, events in (("ours", found.only_ours), ("Falco's", found.only_falco)):
            for keys, values in causes(comparer, name, events).items():
                some = "; ".join(sorted(values))[:400]
                sys.stdout.write(f"  only {title} ({len(values)}) {keys}: {some}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
