"""Channels: where alerts go. One module for each, with its `Settings` and a class `Channel`.

A channel knows of its peer alone. What was delivered, what is tried again and when, and what is
given up is the business of `lanner.outputs.delivery`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Record(NamedTuple):
    """An alert as it is stored.

    `time_ns` is the time of its event in nanoseconds since the epoch, `priority` the index in
    `PRIORITIES`. `json` is Falco's JSON object and `text` Falco's text line, both without a newline
    at the end. A repeat, which no channel gets, has no text (`lanner.outputs.repeats`).
    """

    id: int
    time_ns: int
    priority: int
    rule: str
    source: str
    json: str
    text: str


class Message(NamedTuple):
    """What a channel sends: an alert in the form that was asked for (text or JSON, one line)."""

    line: str
    record: Record


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is common to all channels; `name`d like the keys of falco.yaml."""

    enabled: bool = False


class DeliveryError(Exception):
    """A channel could not deliver all messages.

    Attributes:
        delivered: how many of them, from the first on, were delivered.
        is_final: trying again the one behind these is of no use: it is the message that is refused.
        is_gone: nothing will ever be delivered to this peer again.
        wait_s: so many seconds the peer wants to be left alone.

    """

    def __init__(
        self,
        reason: str,
        *,
        delivered: int = 0,
        is_final: bool = False,
        is_gone: bool = False,
        wait_s: float = 0.0,
    ) -> None:
        super().__init__(reason)
        self.delivered = delivered
        self.is_final = is_final
        self.is_gone = is_gone
        self.wait_s = wait_s


class Channel(Protocol):
    """Delivers messages to one peer; used by one thread at a time."""

    def send(self, messages: Sequence[Message]) -> None:
        """Delivers messages, in their order. When it returns, the peer has all of them.

        Bounded in time. After an error it may be called again, with what was not delivered first.

        Raises:
            DeliveryError: not all were delivered.

        """

    def reopen(self) -> None:
        """Opens files again, under their names (SIGUSR1)."""

    def close(self) -> None:
        """Ends it; never raises."""


__all__ = ["Channel", "ChannelSettings", "DeliveryError", "Message", "Record"]
