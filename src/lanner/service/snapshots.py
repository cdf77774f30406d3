"""Falco's metrics snapshot: an alert, or a line in a file, every so often."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import msgspec

from lanner.config.durations import seconds
from lanner.outputs.internal import metrics_alert
from lanner.service.metrics import ENGINE_NAMES, figures, sanitized, snapshot
from lanner.service.versions import FALCO_VERSION

if TYPE_CHECKING:
    from lanner.config.sections import MetricsSection
    from lanner.service.sink import Sink
    from lanner.service.state import State


class Snapshots:
    """Takes snapshots when it is time."""

    def __init__(self, settings: MetricsSection, state: State, sink: Sink) -> None:
        """The first comes after one interval."""
        self._settings = settings
        self._state = state
        self._sink = sink
        self._interval = max(0.1, seconds(settings.interval))
        self._next = time.monotonic() + self._interval
        self._before: tuple[float, int, int, int] | None = None
        self._samples = 0

    def take(self) -> None:
        """Takes a snapshot, if it is time.

        Raises:
            OSError: the file cannot be written; the next one is tried all the same.

        """
        settings = self._settings
        wants = settings.enabled and (settings.output_rule or settings.output_file)
        if not wants or time.monotonic() < self._next:
            return
        self._next += self._interval
        fields = self._fields()
        self._samples += 1
        if settings.output_rule:
            self._sink.internal(metrics_alert(time.time_ns(), fields))
        if settings.output_file:
            line = msgspec.json.encode({"output_fields": fields, "sample": self._samples})
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            file = os.open(settings.output_file, flags, 0o600)
            try:
                os.write(file, line + b"\n")
            finally:
                os.close(file)

    def _fields(self) -> dict[str, int | float | str]:
        state = self._state
        live = state.live()
        fields = snapshot(figures(state, live, self._settings), self._settings)
        fields |= {
            "evt.hostname": socket.gethostname(),
            "evt.source": "syscall",
            "evt.time": time.time_ns(),
            "falco.kernel_release": os.uname().release,
            "falco.version": FALCO_VERSION,
            "scap.engine_name": ENGINE_NAMES.get(state.engine_kind, "nodriver"),
        }
        for kind, files in (("rules", state.rules.files), ("config", state.config_files)):
            for file in files:
                name = sanitized(os.path.basename(file.path))  # noqa: PTH119
                fields[f"falco.sha256_{kind}_file.{name}"] = file.sha256
        now = time.monotonic()
        events, seen, lost = (
            state.events,
            (live.events + live.lost) if live else 0,
            live.lost if live else 0,
        )
        passed, *before = self._before or (now, 0, 0, 0)
        self._before = (now, events, seen, lost)
        span = now - passed
        new_events, new_seen, new_lost = (
            after - earlier for after, earlier in zip((events, seen, lost), before, strict=True)
        )
        fields |= {"falco.num_evts": events, "falco.num_evts_prev": int(before[0])}
        if span > 0:
            fields["falco.evts_rate_sec"] = round(new_events / span, 1)
        if live:
            fields |= {
                "scap.n_evts_prev": int(before[1]),
                "scap.n_drops_prev": int(before[2]),
                "scap.evts_rate_sec": round(new_seen / span, 1) if span else 0.0,
                "scap.evts_drop_rate_sec": round(new_lost / span, 1) if span else 0.0,
                "scap.n_drops_perc": 100 * new_lost / new_seen if new_seen else 0.0,
            }
        return fields
