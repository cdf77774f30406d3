"""HTTP(S)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from lanner.outputs.channels import ChannelSettings


class Settings(ChannelSettings, frozen=True, kw_only=True):
    """Alerts for a web service, one a request."""

    url: str = ""
    user_agent: str = "falcosecurity/falco"
    insecure: bool = False
    ca_cert: str = ""
    ca_bundle: str = ""
    ca_path: str = "/etc/ssl/certs"
    mtls: bool = False
    client_cert: str = "/etc/ssl/certs/client.crt"
    client_key: str = "/etc/ssl/certs/client.key"
    echo: bool = False
    compress_uploads: bool = False
    keep_alive: bool = False
    max_consecutive_timeouts: Annotated[int, Meta(ge=0, le=255)] = 5
