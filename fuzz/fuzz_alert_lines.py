"""Fuzzes the lines of alert logs: Falco's JSON and text, and entries of systemd's journal.

Run with a Python that has atheris (3.12 or newer):
    python fuzz/fuzz_alert_lines.py -max_total_time=600 -timeout=20 CORPUS fuzz/corpus/alert_lines
"""

from __future__ import annotations

import io
import json
import sys

import atheris

with atheris.instrument_imports(include=["lanner"]):
    from lanner.api.alert_logs import LoggedAlerts
    from lanner.api.alerts import AlertFilter, text_of

CHOSEN = AlertFilter(since_ns=1, fields=(("proc.name", "*"),), tags=frozenset(("a",)))


def fuzz_one(data: bytes) -> None:
    """Reads lines; each is an alert or counted, and alerts can be asked and written again."""
    for chosen in (AlertFilter(), CHOSEN):
        reader = LoggedAlerts(())
        alerts = list(reader.parsed(io.BytesIO(data), chosen))
        assert len(alerts) + reader.passed_over + reader.undated <= data.count(b"\n") + 1
        for one in alerts:
            assert 0 <= one.priority <= 7
            json.loads(one.json)
            for name in ("time", "rule", "output", "tags", "proc.name"):
                text_of(one.value(name)).encode("utf-8", "surrogateescape")


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz_one)
    atheris.Fuzz()
