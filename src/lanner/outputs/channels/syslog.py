"""The system log."""

from __future__ import annotations

from lanner.outputs.channels import ChannelSettings


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts for syslog."""
