"""The channels, by their keys in a configuration; each is imported when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lanner.outputs.channels import Channel, ChannelSettings

CHANNELS = ("stdout", "file", "syslog", "journal", "program", "http", "kafka")
"""Their names: that of the module, and with `_output` that of the key."""


def open_channel(name: str, settings: ChannelSettings) -> Channel:
    """A channel.

    Raises:
        ValueError: a setting is wrong; the message is for people.

    """
    channel: Channel = import_module(f"lanner.outputs.channels.{name}").Channel(settings)
    return channel
