"""System calls that cannot be watched, or are lost: what is said and done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

from lanner.api.live import LiveStats, LiveUnavailableError
from lanner.config import load_config
from lanner.config.sections import SyscallEventDrops
from lanner.service import service as module
from lanner.service.drops import Losses
from lanner.service.request import Request, ServiceError
from lanner.service.ruleset import RuleChoice
from lanner.service.service import Service
from lanner.service.sources import Idling
from tests.service.test_parts import Said
from tests.service.test_webhook import configuration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lanner.outputs.internal import InternalAlert
    from lanner.service.sink import Sink


class _Refused(Idling):
    """What the kernel lets nobody begin."""

    def batches(self) -> Iterator[None]:
        raise LiveUnavailableError("the kernel refuses")


def test_who_cannot_begin_to_watch_ends_whatever_else_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under systemd it would begin for ever otherwise, and look well to nobody but /healthz."""
    log = tmp_path / "audit.log"
    log.touch()
    config = configuration(tmp_path, audit={"follow": str(log)})

    def refused(*_: Any, **__: Any) -> _Refused:
        return _Refused()

    monkeypatch.setattr(module, "open_syscalls", refused)
    loaded = load_config(config, ())
    choice = RuleChoice(sources=frozenset(("syscall", "k8s_audit")))
    service = Service(Request(lambda: loaded, config, choice), loaded, Said())
    with pytest.raises(ServiceError, match="cannot watch system calls: the kernel refuses") as said:
        service.run()
    assert "lanner doctor" in said.value.help


def stats(events: int, **dropped: int) -> LiveStats:
    zeros: dict[str, Any] = dict.fromkeys(LiveStats.__struct_fields__, 0)
    return LiveStats(**{**zeros, "events": events, "dropped": dropped})


class _Alerts:
    """Takes internal alerts in place of a sink."""

    def __init__(self) -> None:
        self.taken: list[InternalAlert] = []

    def internal(self, alert: InternalAlert) -> None:
        self.taken.append(alert)


def after(*seen: LiveStats, **settings: Any) -> tuple[Losses, list[InternalAlert], list[str], int]:
    """What was done about losses: counted, alerts, messages, how often the end was ordered."""
    alerts, said, ends = _Alerts(), Said(), list[str]()
    section = SyscallEventDrops(**{"rate": 1000.0, "max_burst": 1000.0, **settings})
    found = Losses(section, cast("Sink", alerts), said, lambda: ends.append("end"))
    for one in seen:
        found.look(partial(_same, one), at_once=True)
    return found, alerts.taken, said.messages, len(ends)


def _same(seen: LiveStats) -> LiveStats:
    return seen


def test_each_loss_is_told_by_itself() -> None:
    """The numbers of event types are those of this loss, too."""
    seen = (stats(10, open=5, close=7), stats(20, open=5, close=9), stats(30, open=5, close=9))
    _, alerts, _, _ = after(*seen, actions=("alert",), threshold=0.0)
    assert [alert.fields for alert in alerts] == [
        {"n_drops": "12", "n_drops.open": "5", "n_drops.close": "7", "n_evts": "10"},
        {"n_drops": "2", "n_drops.close": "2", "n_evts": "10"},
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"actions": ("ignore",)}, (2, 2, 0, [], 0)),
        ({"actions": ("log",)}, (2, 2, 0, ["warning", "warning"], 0)),
        ({"actions": ("alert", "exit")}, (2, 2, 2, ["critical", "critical"], 2)),
        ({"actions": ("alert",), "rate": 0.0, "max_burst": 1.0}, (2, 1, 1, ["debug"], 0)),
        ({"actions": ("alert",), "threshold": 0.4}, (1, 1, 1, [], 0)),
    ],
)
def test_what_is_done(settings: dict[str, Any], expected: tuple[object, ...]) -> None:
    """Half of the events were lost at first, then a quarter."""
    seen = stats(10, open=10), stats(40, open=20)
    found, alerts, said, ends = after(*seen, **{"threshold": 0.1, **settings})
    levels = [message.partition(":")[0] for message in said]
    assert (found.occurrences, found.actions, len(alerts), levels, ends) == expected
