"""A file."""

from __future__ import annotations

from lanner.outputs.channels import ChannelSettings


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts in a file, a line each. `keep_alive` keeps it open between alerts."""

    filename: str = ""
    keep_alive: bool = False
