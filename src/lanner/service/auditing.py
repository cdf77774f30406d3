"""The sources of audit events that a configuration asks for."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lanner import api
from lanner.audit.inputs import find_inputs
from lanner.config.plugins import K8SAUDIT
from lanner.config.sections import AuditSection
from lanner.service.following import Following
from lanner.service.opening import store_path
from lanner.service.request import ServiceError
from lanner.service.sources import Replaying, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.api import Engine
    from lanner.config import Config
    from lanner.config.sections import Plugin
    from lanner.service.log import Log
    from lanner.service.sink import Sink
    from lanner.service.state import EventSource

_WEBHOOK = ("http://", "https://")


def audit_sources(
    config: Config, engine: Engine, sink: Sink, log: Log, on_end: Callable[[], None]
) -> list[EventSource]:
    """Where audit events come from: the webhook of `audit`, and what the k8saudit plugin opens.

    Raises:
        ServiceError: one cannot be opened.

    """
    from lanner.service.audit import AuditSource  # noqa: PLC0415 - a server is not always needed

    found: list[EventSource] = []
    for settings in webhooks(config):
        if settings is not config.audit and settings.insecure:
            log(f"k8saudit: whoever reaches {settings.listen} can send events", "warning")
        found.append(AuditSource(settings, engine, sink, log, on_end))
    if config.audit.follow:
        reading = _following(config.audit.follow, "audit.follow", config, engine, log)
        found.append(Source("k8s_audit", reading, sink, on_end))
    for plugin in config.loaded_plugins:
        if plugin.name != K8SAUDIT:
            continue
        params = plugin.open_params.strip()
        if params.startswith(_WEBHOOK):
            continue
        if params.startswith("file://"):
            path = urlsplit(params).path
            reading = _following(path, "k8saudit", config, engine, log)
            found.append(Source("k8s_audit", reading, sink, on_end))
        elif params:
            inputs = find_inputs([params], api.first_event_time)
            if inputs.problems:
                problem = inputs.problems[0]
                raise ServiceError(f"k8saudit: {problem.path}: {problem.reason}")
            replaying = Replaying(api.Scan(engine, inputs.paths), log)
            found.append(Source("k8s_audit", replaying, sink, on_end))
    return found


def _following(name: str, wanted_by: str, config: Config, engine: Engine, log: Log) -> Following:
    store = store_path(config)
    try:
        following = Following(engine, Path(name), log, keep_in=store.parent if store else None)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServiceError(f"{wanted_by}: {name}: {reason}") from None
    log(f"audit: following {name}", "notice")
    return following


def webhooks(config: Config) -> list[AuditSection]:
    """The webhooks: that of `audit`, and those of the k8saudit plugin.

    Raises:
        ServiceError: the settings of the plugin are not to be understood.

    """
    found = [config.audit] if config.audit.listen else []
    for plugin in config.loaded_plugins:
        params = plugin.open_params.strip()
        if plugin.name == K8SAUDIT and params.startswith(_WEBHOOK):
            found.append(_webhook(params, plugin))
    return found


def _webhook(params: str, plugin: Plugin) -> AuditSection:
    """`http://:9765/k8s-audit`: an empty host is every address, as with Go's servers."""
    scheme, _, rest = params.partition("://")
    place = rest.partition("/")[0]
    host, _, port = place.rpartition(":")
    everywhere = "[::]" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104 - its meaning
    listen = f"{host or everywhere}:{port}"
    if scheme == "http":
        return AuditSection(listen=listen, insecure=True)
    certificate = str(_settings(plugin).get("sslCertificate") or "/etc/falco/falco.pem")
    return AuditSection(
        listen=listen, tls_cert_file=certificate, tls_private_key_file=certificate, insecure=True
    )


def _settings(plugin: Plugin) -> dict[str, Any]:
    """`init_config`: a mapping, or JSON as text."""
    found = plugin.init_config
    if isinstance(found, str) and found.strip():
        try:
            found = json.loads(found)
        except ValueError as error:
            raise ServiceError(f"{plugin.name}: init_config is not JSON: {error}") from None
    return found if isinstance(found, dict) else {}
