"""The channels of a configuration, and their deliveries."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lanner.config.durations import seconds
from lanner.outputs.channels.table import CHANNELS, open_channel
from lanner.outputs.delivery import Delivery, Patience
from lanner.outputs.forms import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lanner.config import Config
    from lanner.outputs.channels import Channel, ChannelSettings
    from lanner.outputs.delivery import ChannelCounters
    from lanner.outputs.store import Store

END_S = 10.0
"""So long channels have at the end, for what waits."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """All that a delivery depends on: it goes on as it is while this stays the same."""

    settings: ChannelSettings
    form: Form
    patience: Patience


class Channels:
    """The deliveries that run."""

    def __init__(
        self,
        store: Store,
        on_trouble: Callable[[str, str | None], None],
        on_all_gone: Callable[[], None],
    ) -> None:
        """There are none yet; `on_trouble` is that of deliveries, `on_all_gone` is called when none
        is left that could deliver.
        """
        self._store = store
        self._on_trouble = on_trouble
        self._on_all_gone = on_all_gone
        self._gone: set[str] = set()
        self._ended: dict[str, ChannelCounters] = {}
        self._running: dict[str, tuple[_Wanted, Delivery]] = {}

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Those that run, in the order of their names."""
        return tuple(delivery for _, (_, delivery) in sorted(self._running.items()))

    def prepare(self, config: Config) -> dict[str, tuple[_Wanted, Channel | None]]:
        """Opens the channels that a configuration asks for; None for those that run as they are.

        Raises:
            ValueError: a setting is wrong; the message says of which channel.

        """
        found: dict[str, tuple[_Wanted, Channel | None]] = {}
        for name, wanted in _wanted(config).items():
            running = self._running.get(name)
            if running and running[0] == wanted:
                found[name] = (wanted, None)
                continue
            try:
                found[name] = (wanted, open_channel(name, wanted.settings))
            except ValueError as error:
                for _, channel in found.values():
                    if channel:
                        channel.close()
                raise ValueError(f"{name}_output: {error}") from None
        return found

    def adopt(self, prepared: dict[str, tuple[_Wanted, Channel | None]]) -> None:
        """Runs these from now on: what changed is begun again where it was, the rest goes on."""
        gone = [
            name for name in self._running if name not in prepared or prepared[name][1] is not None
        ]
        self._end(gone, time.monotonic() + END_S)
        for name, (wanted, channel) in prepared.items():
            if channel is not None:
                delivery = Delivery(
                    name,
                    channel,
                    self._store,
                    wanted.form,
                    wanted.patience,
                    on_trouble=self._on_trouble,
                    on_gone=self._note_gone,
                    before=self._ended.get(name),
                )
                self._running[name] = (wanted, delivery)
                delivery.start()
        for name in gone:
            if name not in prepared:
                self._store.detach(name)

    def reopen(self) -> None:
        """Files are opened again."""
        for delivery in self.deliveries:
            delivery.reopen()

    def end(self) -> dict[str, int]:
        """Delivers what waits, for a while, and ends them; how many alerts each has not got."""
        ending = self.deliveries
        self._end(list(self._running), time.monotonic() + END_S)
        return {one.name: one.waiting for one in ending if one.waiting}

    def _note_gone(self, name: str) -> None:
        self._gone.add(name)
        if self._gone.issuperset(self._running):
            self._on_all_gone()

    def _end(self, names: Iterable[str], deadline: float) -> None:
        ending = [self._running.pop(name)[1] for name in names]
        self._gone.difference_update(one.name for one in ending)
        for delivery in ending:
            delivery.stop(deadline)
        self._store.wake()
        for delivery in ending:
            delivery.join()
            self._ended[delivery.name] = delivery.counters


def _wanted(config: Config) -> dict[str, _Wanted]:
    form = Form(
        json=config.json_output,
        output=config.json_include_output_property,
        message=config.json_include_message_property,
        output_fields=config.json_include_output_fields_property,
        tags=config.json_include_tags_property,
    )
    delivery = config.delivery
    patience = Patience(
        first_s=seconds(delivery.retry_initial),
        longest_s=seconds(delivery.retry_max),
        refusals=delivery.refusals,
        max_backlog=config.outputs_queue.capacity or delivery.max_backlog,
        blocks=delivery.when_full == "block",
    )
    settings = {name: getattr(config, f"{name}_output") for name in CHANNELS}
    return {name: _Wanted(one, form, patience) for name, one in settings.items() if one.enabled}
