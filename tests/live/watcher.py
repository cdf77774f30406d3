"""`lanner run --json` in the background, and its alerts as they come."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Self

import yaml

from lanner import api
from lanner.rules.defaults import default_syscall_rules
from tests.cli.run import LANNER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEADLINE_S = 20.0
"""Nothing takes so long, unless it is broken."""
MARK = "LANNER_LIVE_DEED"
"""The variable that tells who did it: processes inherit it."""
MARK_FIELD = f"proc.env[{MARK}]"
FENCE_RULE = "Fence of the live tests"

Alert = dict[str, Any]


def syscall_rules() -> list[tuple[str, bool]]:
    """The default rules for system calls, and whether they are enabled."""
    result = api.load_rules(*default_syscall_rules()).result
    return [(rule.name, rule.enabled) for rule in result.rules]


def local_rules(fence: Path, *, enable_all: bool) -> str:
    """A local rule file: alerts say who did it, and files below `fence` tell how far it is."""
    items: list[dict[str, Any]] = [
        {"rule": name, "output": f" deed=%{MARK_FIELD}", "override": {"output": "append"}}
        for name, _ in syscall_rules()
    ]
    if enable_all:
        items += [
            {"rule": name, "enabled": True, "override": {"enabled": "replace"}}
            for name, enabled in syscall_rules()
            if not enabled
        ]
    items.append(
        {
            "rule": FENCE_RULE,
            "desc": "All that happened before was seen.",
            "condition": f'evt.type = openat and fd.name startswith "{fence}/"',
            "output": "fence %fd.name",
            "priority": "DEBUG",
        }
    )
    return yaml.safe_dump(items)


class Watcher:
    """A `lanner run` that watches this machine."""

    def __init__(self, directory: Path, *, enable_all: bool = False) -> None:
        self._fence = directory / "fence"
        self._fence.mkdir(parents=True)
        self._numbers = itertools.count()
        local = directory / "local.yaml"
        local.write_text(local_rules(self._fence, enable_all=enable_all))
        self.process = subprocess.Popen(
            [LANNER, "run", "--store", "none", "--json", "--local", local],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name != MARK},
        )
        self._news = threading.Condition()
        self._alerts: list[Alert] = []
        self._messages: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=source, daemon=True)
            for source in (
                (self.process.stdout, self._take_alert),
                (self.process.stderr, self._messages.append),
            )
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        """Waits until it watches."""
        try:
            self.wait(lambda: any(line.startswith("lanner: watching") for line in self._messages))
        except BaseException:
            self.end(signal.SIGKILL)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end()

    @property
    def messages(self) -> str:
        """What it said on standard error so far."""
        with self._news:
            return "".join(self._messages)

    def alerts_of(self, mark: str) -> list[Alert]:
        """The alerts so far for what was done under this mark."""
        with self._news:
            return [
                alert for alert in self._alerts if alert["output_fields"].get(MARK_FIELD) == mark
            ]

    def catch_up(self) -> None:
        """Waits until all that happened on this machine before is matched."""
        path = self._fence / str(next(self._numbers))
        path.touch()
        self.wait(lambda: any(alert.get("fence") == str(path) for alert in self._alerts))

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ends it; the seconds that took. All alerts are there afterwards."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(DEADLINE_S)
        took = time.monotonic() - begun
        for reader in self._readers:
            reader.join(DEADLINE_S)
        return took

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Waits until it is so, which news of it may make it."""
        with self._news:
            end = time.monotonic() + DEADLINE_S
            while not is_so():
                left = end - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    raise AssertionError(f"not seen; lanner run said:\n{''.join(self._messages)}")
                self._news.wait(min(left, 0.5))

    def _read(self, stream: IO[str], take: Callable[[str], None]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    take(line)
                    self._news.notify_all()

    def _take_alert(self, line: str) -> None:
        alert: Alert = json.loads(line)
        if alert["rule"] == FENCE_RULE:
            alert["fence"] = alert["output_fields"]["fd.name"]
        self._alerts.append(alert)
