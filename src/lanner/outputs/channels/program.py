"""A program."""

from __future__ import annotations

from lanner.outputs.channels import ChannelSettings


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts for the standard input of a program; one for all with `keep_alive`."""

    program: str = ""
    keep_alive: bool = False
