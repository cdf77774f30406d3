"""Where alerts of all sources come together, on their way into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanner.outputs.alert import PRIORITIES
from lanner.outputs.repeats import Repeats

if TYPE_CHECKING:
    from lanner.api import Batch
    from lanner.outputs.internal import InternalAlert
    from lanner.outputs.redaction import Redactor
    from lanner.outputs.store import Store


class Sink:
    """Takes the alerts of batches; for any thread."""

    def __init__(
        self, store: Store, redactor: Redactor, hostname: str, *, iso_time: bool, utc_offset: int
    ) -> None:
        """Alerts have this machine's name, and local times of day unless in ISO 8601."""
        self._store = store
        self.repeats = Repeats(store)
        self.redactor = redactor
        self._hostname = hostname
        self._iso_time = iso_time
        self._utc_offset = utc_offset

    def wait_for_room(self, timeout: float) -> bool:
        """Waits while too many alerts wait for a channel that is not to lose any (`when_full:
        block`); whether there is room. Who brings alerts asks before.
        """
        return self._store.wait_for_room(timeout)

    def take(self, batch: Batch) -> None:
        """Stores the alerts of a batch: when it returns, they are durable."""
        if not len(batch):
            return
        rows = batch.rows(self._hostname, iso_time=self._iso_time, utc_offset=self._utc_offset)
        self.repeats.append(self.redactor.rows(rows))

    def internal(self, alert: InternalAlert) -> None:
        """Stores an alert about Lanner itself."""
        text = alert.text(iso_time=self._iso_time, utc_offset=self._utc_offset)
        json = alert.json_lines(self._hostname).decode().rstrip("\n")
        priority = PRIORITIES.index(alert.priority)
        line = text.decode().rstrip("\n")
        row = (alert.time_ns, priority, alert.rule, "internal", json, line)
        self._store.append([row])
