"""A behaviour, its innocent twin, and what is to be reported of them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.live.places import Container, Host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.live.places import Done, Stage
    from tests.live.watcher import Alert, Watcher

Value = str | int | None | re.Pattern[str]
"""What a field must be; `$WORK` in it stands for the directory where it was done."""
Fields = dict[str, Value]

HOST = Host()
ISOLATED = Host(is_isolated=True)
CONTAINER = Container()


@dataclass(frozen=True)
class Behaviour:
    """Something to do (for `Stage.perform`), and the rules that report it.

    `fires` has for each rule the fields of its alert, or of its alerts; `fires_if_enabled` those of
    rules that are off by default. The twin is the same in an innocent way: only the rules in
    `twin_fires` may report it, and these must.
    """

    name: str
    text: str
    fires: Mapping[str, Fields | Sequence[Fields]]
    twin: str
    place: Host | Container = HOST
    twin_place: Host | Container | None = None
    twin_fires: frozenset[str] = frozenset()
    fires_if_enabled: Mapping[str, Fields] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> set[str]:
        """The rules that it shows."""
        return {*self.fires, *self.fires_if_enabled}


@dataclass(frozen=True)
class Theatre:
    """A stage and who watches it: with the default rules, and with those that are off, too."""

    stage: Stage
    watcher: Watcher
    all_rules_watcher: Watcher

    def check(self, behaviour: Behaviour) -> None:
        """Performs the behaviour and its twin; asserts what is reported of them."""
        deed = self.stage.perform(behaviour.place, behaviour.text)
        twin = self.stage.perform(behaviour.twin_place or behaviour.place, behaviour.twin)
        for watcher in (self.watcher, self.all_rules_watcher):
            watcher.catch_up()
        reported = self.watcher.alerts_of(deed.mark)
        expected = {
            rule: [fields] if isinstance(fields, dict) else list(fields)
            for rule, fields in behaviour.fires.items()
        }
        _check(deed, expected, reported)
        with_all = self.all_rules_watcher.alerts_of(deed.mark)
        extra = {rule: [fields] for rule, fields in behaviour.fires_if_enabled.items()}
        _check(deed, expected | extra, with_all)
        usual = [alert for alert in with_all if alert["rule"] not in extra]
        assert list(map(_without_time, usual)) == list(map(_without_time, reported))
        of_twin = self.watcher.alerts_of(twin.mark)
        told_of_twin = {alert["rule"] for alert in of_twin}
        assert told_of_twin == behaviour.twin_fires, f"the twin\n{_shown(of_twin)}"


def _check(deed: Done, expected: Mapping[str, list[Fields]], reported: list[Alert]) -> None:
    """Each alert is expected, and none is missing."""
    shown = _shown(reported)
    wanted = Counter({rule: len(alerts) for rule, alerts in expected.items()})
    got = Counter(alert["rule"] for alert in reported)
    assert got == wanted, f"missing: {wanted - got}, too many: {got - wanted}\n{shown}"
    for rule, all_fields in expected.items():
        left = [alert["output_fields"] for alert in reported if alert["rule"] == rule]
        for values in all_fields:
            fields: Fields = {"container.id": deed.container, "user.name": "root", **values}
            found = next((have for have in left if _fits(deed, fields, have)), None)
            assert found is not None, f"{rule}: no alert with {fields} in\n{shown}"
            left.remove(found)


def _shown(alerts: list[Alert]) -> str:
    return "\n".join(f"{alert['rule']}: {alert['output_fields']}" for alert in alerts)


def _fits(deed: Done, fields: Fields, have: Mapping[str, object]) -> bool:
    return all(_is(deed, value, have.get(name, "absent")) for name, value in fields.items())


def _is(deed: Done, value: Value, have: object) -> bool:
    if isinstance(value, re.Pattern):
        return have is not None and value.fullmatch(str(have)) is not None
    if isinstance(value, str):
        return have == value.replace("$WORK", deed.work)
    return have == value


def _without_time(alert: Alert) -> tuple[str, dict[str, object]]:
    """What two instances that saw the same say alike: each has its own clock readings."""
    times = ("evt.time", "proc.duration", "proc.exe_ino.ctime_duration_proc_start")
    fields = {name: value for name, value in alert["output_fields"].items() if name not in times}
    return alert["rule"], fields
